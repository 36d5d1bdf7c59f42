package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"twohop/translate"
	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

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
