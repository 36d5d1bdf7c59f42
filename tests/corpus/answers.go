package main

import (
	"bytes"
	"maps"
	"os"
	"slices"
)

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
		x.readings(k, p, mode, name, ours)
		x.answerTrip(k, p, mode, name, where, text, read)
	}
}

// readings holds our reading of an answer beside the sample and the other readings. Who
// differs from the sample alone is wrong; where zeep has left the sample it is not ours to keep.
func (x *trial) readings(k codecs, p port, mode, name string, ours any) {
	kind, where := "answers-"+mode, x.name+" "+name+" "+mode
	sample := x.compare(k, p, kind, name, ours, ".json", dialect{one: true})
	zeep := x.compare(k, p, kind, name, ours, ".read.json", dialect{null: true})
	php := x.compare(k, p, kind, name, ours, ".php.json", dialect{null: true, flat: true})
	if sample != nil && !sample.same && zeep != nil && zeep.same {
		sample.right, sample.reason = true, sample.reason+", but as zeep's own reading"
	}
	for who, r := range []*ruling{sample, zeep, php} {
		if r == nil {
			continue
		}
		if who > 0 && !r.same && sample != nil && sample.same {
			r.right, r.reason = true, r.reason+", but as the sample that the answer was made from"
		}
		x.answer(where, readers[[]string{".json", ".read.json", ".php.json"}[who]], x.pardoned(*r, p, kind, name))
	}
}

// pardoned clears a difference over an answer that is invalid by the schema.
func (x *trial) pardoned(r ruling, p port, kind, name string) ruling {
	if v := x.valid[x.path(p, kind, name, ".xml")]; !r.right && v[0] == "invalid" {
		r.right, r.reason, r.detail = true, r.reason+"; the answer is invalid by the schema", r.detail+"; schema: "+v[1]
	}
	return r
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
	defer func() {
		found.ruling = x.pardoned(found.ruling, p, "answers-"+mode, name)
		x.tables.trips = append(x.tables.trips, found)
	}()
	written, err := envelope(k.asRequest, name, read)
	if err != nil {
		found.ruling = ruling{reason: "what was read from an answer is not written", detail: err.Error()}
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
