package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"twohop/translate"
	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// trial is one contract on trial.
type trial struct {
	bench
	contract
	model  *wsdl.Contract
	valid  map[string][2]string // the schema's verdicts: by file, valid, invalid or unknown, and why
	tables tables
}

// tables are what a trial found.
type tables struct {
	name       string
	broken     string // why the contract could not be tried
	operations int
	unsampled  map[string]string // operation: why it has no sample
	requests   []finding
	answers    []finding
	trips      []finding
}

// finding is a ruling with its place.
type finding struct {
	ruling
	where string // contract, operation, mode
}

func (x *trial) run(ctx context.Context) tables {
	x.tables = tables{name: x.name, unsampled: map[string]string{}}
	var err error
	if x.model, err = wsdl.Load(x.file); err != nil {
		x.tables.broken = err.Error()
		return x.tables
	}
	ports, err := x.samples(ctx, x.contract)
	if err != nil {
		x.tables.broken = err.Error()
		return x.tables
	}
	for _, p := range x.withOurs(ports) {
		x.port(ctx, p)
	}
	return x.tables
}

// withOurs adds the ports that zeep did not find: one for each set of operations.
func (x *trial) withOurs(ports []port) []port {
	tried := map[string]bool{}
	for _, p := range ports {
		tried[strings.Join(p.Operations, " ")] = true
	}
	x.eachPort(func(_ string, p *wsdl.Port) bool {
		var names []string
		for _, op := range p.Operations {
			names = append(names, op.Name)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		if key := strings.Join(names, " "); !tried[key] && len(names) > 0 {
			tried[key] = true
			ports = append(ports, port{Dir: fmt.Sprintf("q%d", len(tried)), Binding: p.Binding.String(), Operations: names})
		}
		return true
	})
	return ports
}

// eachPort calls f with every SOAP port and its full name until f returns false.
func (x *trial) eachPort(f func(name string, p *wsdl.Port) bool) {
	for _, service := range x.model.Services {
		for _, p := range service.Ports {
			if (p.Protocol == wsdl.SOAP11 || p.Protocol == wsdl.SOAP12) && !f(service.Name+"/"+p.Name, p) {
				return
			}
		}
	}
}

func (x *trial) port(ctx context.Context, p port) {
	full := "no port of binding " + p.Binding
	x.eachPort(func(name string, q *wsdl.Port) bool {
		if q.Binding.String() != p.Binding {
			return true
		}
		full = name
		return false
	})
	k, err := newCodecs(x.model, full)
	if err != nil {
		x.tables.broken = err.Error()
		return
	}
	x.tables.operations += len(p.Operations)
	for _, mode := range modes {
		x.fill(k, p, mode)
	}
	x.others(ctx, x.contract, p)
	for _, mode := range modes {
		x.ours(k, p, mode)
		x.validate(ctx, p, mode)
		x.judgeRequests(k, p, mode)
		x.judgeAnswers(k, p, mode)
	}
}

func (x *trial) path(p port, kind, op, ending string) string {
	return filepath.Join(x.dir(x.contract), p.Dir, kind, op+ending)
}

// fill makes the samples that zeep could not: the JSON of both messages, and the envelope
// of an answer, which nobody else writes.
func (x *trial) fill(k codecs, p port, mode string) {
	s := sampler{shapes: &shape.Shapes{}, full: mode == "full"}
	for _, kind := range []string{mode, "answers-" + mode} {
		if err := os.MkdirAll(x.path(p, kind, "", ""), 0o700); err != nil {
			log.Print(err)
		}
	}
	for _, name := range p.Operations {
		op := k.straight.Operation(name)
		if op == nil {
			x.tables.unsampled[name] = "we cannot call it"
			continue
		}
		x.drop(k.straight, p, mode, name, op.Input)
		x.write(x.path(p, mode, name, ".json"), func() []byte { return encode(s.message(op.Input)) })
		if op.Output == nil {
			continue
		}
		x.drop(k.asRequest, p, "answers-"+mode, name, op.Output)
		answers := x.path(p, "answers-"+mode, name, ".json")
		x.write(answers, func() []byte { return encode(s.message(op.Output)) })
		x.write(x.path(p, "answers-"+mode, name, ".xml"), func() []byte {
			text, err := os.ReadFile(answers)
			if err == nil {
				text, err = envelope(k.asRequest, name, adapted(text, op.Output))
			}
			if err != nil {
				x.tables.unsampled[name+" "+mode+" answer"] = err.Error()
			}
			return text
		})
	}
}

// drop removes a sample that neither zeep nor we can write: its generator does not know
// every kind of type.
func (x *trial) drop(s *translate.Service, p port, kind, name string, m *wsdl.Message) {
	file := x.path(p, kind, name, ".json")
	sample, err := os.ReadFile(file)
	if err != nil || exists(x.path(p, kind, name, ".xml")) {
		return
	}
	if _, err := envelope(s, name, adapted(sample, m)); err != nil {
		if err := os.Remove(file); err != nil {
			log.Print(err)
		}
	}
}

// write makes a file that is not there.
func (x *trial) write(path string, text func() []byte) {
	if _, err := os.Stat(path); err == nil {
		return
	}
	made := text()
	if made == nil {
		return
	}
	if err := os.WriteFile(path, made, 0o600); err != nil {
		log.Print(err)
	}
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		log.Print(err)
		return nil
	}
	return b.Bytes()
}

// adapted is a sample as we take it: the text alone for a body that is nothing but text,
// and the content alone where zeep names the part of the body, beside those of headers.
func adapted(sample []byte, m *wsdl.Message) []byte {
	v, err := decode(sample)
	o, ok := v.(map[string]any)
	if err != nil || !ok || m == nil || len(m.Body) != 1 {
		return sample
	}
	if text, ok := o["#text"]; ok && len(o) == 1 {
		return encode(text)
	}
	for name, content := range o {
		if !holds(m.Body[0].Type.Particle, name) && strings.HasPrefix(m.Body[0].Name.Local, name) {
			return encode(content)
		}
	}
	return sample
}

func holds(p *xsd.Particle, name string) bool {
	if p == nil {
		return false
	}
	if p.Kind == xsd.One && p.Element.Name.Local == name {
		return true
	}
	return slices.ContainsFunc(p.Children, func(c *xsd.Particle) bool { return holds(c, name) })
}

// ours writes our envelopes of the requests, for the schema's verdict.
func (x *trial) ours(k codecs, p port, mode string) {
	dir := x.path(p, "ours-"+mode, "", "")
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		log.Print(err)
	}
	for _, name := range p.Operations {
		sample, err := os.ReadFile(x.path(p, mode, name, ".json"))
		if err != nil {
			continue
		}
		text, err := envelope(k.straight, name, adapted(sample, k.input(name)))
		ending := ".xml"
		if err != nil {
			text, ending = []byte(err.Error()), ".error"
		}
		if err := os.WriteFile(filepath.Join(dir, name+ending), text, 0o600); err != nil {
			log.Print(err)
		}
	}
}

// bodies are the folders with each one's envelopes of the requests.
func bodies(mode string) map[string]string {
	return map[string]string{"zeep": mode, "php": "php-" + mode, "node": "node-" + mode, "ours": "ours-" + mode}
}

// validate asks for the schema's verdict on every envelope.
func (x *trial) validate(ctx context.Context, p port, mode string) {
	var files []string
	for _, name := range p.Operations {
		for _, dir := range append(slices.Collect(maps.Values(bodies(mode))), "answers-"+mode) {
			if file := x.path(p, dir, name, ".xml"); exists(file) {
				files = append(files, file)
			}
		}
	}
	var err error
	if x.valid, err = x.verdicts(ctx, x.contract, files); err != nil {
		log.Printf("%s: %v", x.name, err)
	}
}

func (x *trial) judgeRequests(k codecs, p port, mode string) {
	dirs, verdicts := bodies(mode), x.valid
	for _, name := range p.Operations {
		op := k.straight.Operation(name)
		if op == nil || !exists(x.path(p, mode, name, ".json")) {
			continue
		}
		t := testimony{body: map[string]*node{}, verdict: map[string]string{}, parts: len(op.Input.Body), encoded: op.RPC && op.Input.Encoded}
		for stack, dir := range dirs {
			file := x.path(p, dir, name, ".xml")
			if body, err := bodyFrom(file); err == nil {
				t.body[stack], t.verdict[stack] = body, verdicts[file][0]
				if !op.RPC && strings.HasPrefix(verdicts[file][1], "rpc:") {
					t.verdict[stack] = "invalid" // a document's element has to be declared
				}
			}
		}
		where := x.name + " " + name + " " + mode
		found := finding{where: where}
		if ours := t.body["ours"]; ours != nil {
			delete(t.body, "ours")
			found.ruling = t.judge(ours)
			if !found.same && verdicts[x.path(p, dirs["ours"], name, ".xml")][1] != "" {
				found.detail += "; ours: " + verdicts[x.path(p, dirs["ours"], name, ".xml")][1]
			}
			x.trip(k, p, mode, name, where)
		} else {
			found.ruling = x.refused(t, p, dirs, name)
		}
		x.tables.requests = append(x.tables.requests, found)
	}
}

// refused rules on a sample that we do not take: rightly when what its maker, or whoever
// could, wrote of it is invalid.
func (x *trial) refused(t testimony, p port, dirs map[string]string, name string) ruling {
	text, err := os.ReadFile(x.path(p, dirs["ours"], name, ".error"))
	if err != nil {
		text, _ = os.ReadFile(x.path(p, dirs["ours"], name, ".xml"))
	}
	valid := false
	for _, stack := range stacks {
		file := x.path(p, dirs[stack], name, ".xml")
		if t.body[stack] == nil {
			continue
		}
		if v := x.valid[file]; v[0] == "invalid" && !valid {
			return ruling{right: true, reason: "the sample is refused, and what " + stack + " makes of it is invalid by the schema", detail: string(text) + "; schema: " + v[1]}
		}
		valid = valid || t.verdict[stack] == "valid"
	}
	return ruling{reason: "the sample is refused", detail: string(text)}
}

// trip closes the circle of a request: its envelope read, and that written again.
func (x *trial) trip(k codecs, p port, mode, name, where string) {
	found := finding{ruling: ruling{same: true, right: true}, where: where + " request"}
	defer func() { x.tables.trips = append(x.tables.trips, found) }()
	first, _ := os.ReadFile(x.path(p, "ours-"+mode, name, ".xml"))
	read, err := answer(k.asAnswer, name, first)
	if err != nil {
		found.ruling = ruling{reason: "our own envelope is not read", detail: err.Error()}
		return
	}
	second, err := envelope(k.straight, name, read)
	if err != nil {
		found.ruling = ruling{reason: "what was read from our own envelope is not written", detail: err.Error()}
		return
	}
	if at := unequal(second, first, false, false); at != "" {
		found.ruling = ruling{reason: "the second envelope is not the first", detail: at}
	}
}

// apart shows where two texts part.
func apart(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(0, i-60)
	return fmt.Sprintf("%q became %q", a[from:min(len(a), i+60)], b[from:min(len(b), i+60)])
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func bodyFrom(file string) (*node, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	top, err := parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return bodyOf(top)
}

// judgeAnswers compares our reading of every answer with the sample that it was made from,
// with zeep's reading and with PHP's, and closes its circle.
func (x *trial) judgeAnswers(k codecs, p port, mode string) {
	kind := "answers-" + mode
	for _, name := range p.Operations {
		op := k.straight.Operation(name)
		text, err := os.ReadFile(x.path(p, kind, name, ".xml"))
		if err != nil || op == nil || op.Output == nil {
			continue
		}
		where := x.name + " " + name + " " + mode
		read, err := answer(k.straight, name, text)
		if err != nil {
			x.answer(where, "our reading", ruling{reason: "the answer is refused", detail: err.Error()})
			continue
		}
		ours, err := decode(read)
		if err != nil {
			x.answer(where, "our reading", ruling{reason: "what we read is not JSON", detail: err.Error()})
			continue
		}
		sample := x.compare(k, p, kind, name, ours, ".json", dialect{one: true})
		if sample != nil {
			x.answer(where, readers[".json"], *sample)
		}
		for _, file := range []string{".read.json", ".php.json"} {
			r := x.compare(k, p, kind, name, ours, file, dialect{null: true, flat: file == ".php.json"})
			if r == nil {
				continue
			}
			if !r.same && sample != nil && sample.same {
				r.right, r.reason = true, r.reason+", but as the sample that the answer was made from"
			}
			x.answer(where, readers[file], *r)
		}
		x.answerTrip(k, p, mode, name, where, text, read)
	}
}

var readers = map[string]string{".json": "the sample", ".read.json": "zeep's reading", ".php.json": "PHP's reading"}

// compare holds our reading beside another, nil when there is none.
func (x *trial) compare(k codecs, p port, kind, name string, ours any, file string, d dialect) *ruling {
	op := k.straight.Operation(name)
	text, err := os.ReadFile(x.path(p, kind, name, file))
	if err != nil {
		return nil
	}
	if file == ".json" {
		text = adapted(text, op.Output)
	}
	theirs, err := decode(text)
	if err != nil {
		return nil
	}
	if parts, ok := ours.(map[string]any); ok && d.flat && op.RPC && len(parts) == 1 {
		ours = parts[slices.Collect(maps.Keys(parts))[0]] // PHP returns the only part itself
	}
	if at := d.unlike("", ours, theirs); at != "" {
		return &ruling{reason: "not as " + readers[file], detail: at}
	}
	return &ruling{same: true, right: true}
}

func (x *trial) answer(where, who string, r ruling) {
	x.tables.answers = append(x.tables.answers, finding{r, where + " answer, " + who})
}

func (x *trial) answerTrip(k codecs, p port, mode, name, where string, text, read []byte) {
	rpc := k.straight.Operation(name).RPC
	found := finding{ruling: ruling{same: true, right: true}, where: where + " answer"}
	defer func() { x.tables.trips = append(x.tables.trips, found) }()
	written, err := envelope(k.asRequest, name, read)
	if err != nil {
		found.ruling = ruling{reason: "what was read from an answer is not written", detail: err.Error()}
		if v := x.valid[x.path(p, "answers-"+mode, name, ".xml")]; v[0] == "invalid" {
			found.ruling = ruling{right: true, reason: "what was read from an answer is not written: it is invalid by the schema", detail: err.Error() + "; schema: " + v[1]}
		}
		return
	}
	again, err := answer(k.straight, name, written)
	if err != nil {
		found.ruling = ruling{reason: "our own envelope is not read", detail: err.Error()}
		return
	}
	if !bytes.Equal(read, again) {
		found.ruling = ruling{reason: "the second reading is not the first", detail: apart(read, again)}
		return
	}
	if at := unequal(written, text, true, rpc); at != "" {
		found.ruling = ruling{reason: "the answer written again is another", detail: at}
	}
}

// unequal names the first place where the bodies of two envelopes differ. The name of the
// wrapper of an rpc answer is left to who writes it (WSDL 1.1, section 3.5).
func unequal(ours, theirs []byte, loose, rpc bool) string {
	var bodies [2]*node
	for i, text := range [][]byte{ours, theirs} {
		top, err := parse(bytes.NewReader(text))
		if err != nil {
			return err.Error()
		}
		if bodies[i], err = bodyOf(top); err != nil {
			return err.Error()
		}
		if rpc && len(bodies[i].kids) > 0 {
			bodies[i].kids[0].name = "wrapper"
		}
	}
	return differs(bodies[0], bodies[1], loose)
}
