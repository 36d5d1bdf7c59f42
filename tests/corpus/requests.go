package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
)

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
