package describe

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"slices"
	"strings"

	"twohop/translate/wsdl"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// PagePolicy is the Content-Security-Policy for what Page returns: nothing but its own style.
var PagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// A page holds samples in X++ and C# up to this many bytes, and the tables of so many types;
// a service of a hundred operations with a thousand types would fill ten megabytes.
const (
	roomForSamples = 3 << 20
	roomForTypes   = 600
)

// Page returns a page of HTML that says how to call the route: operations, members,
// examples and samples. It needs no script and nothing from elsewhere. Keep what it
// returns, as for OpenAPI.
func Page(in Input) ([]byte, error) {
	if _, err := in.operation(""); err != nil {
		return nil, err
	}
	p := &pager{maker: newMaker(&in), room: roomForSamples}
	data := page{Route: in.Route, Service: in.Contract.Name.Local, URL: in.URL, APIKey: in.APIKey, Style: template.CSS(pageCSS),
		Numbers: "written as numbers with every digit; sent as numbers or as strings"}
	if in.Strings {
		data.Numbers = "written as strings; sent as numbers or as strings"
	}
	for _, s := range in.Contract.Services {
		if slices.Contains(s.Ports, in.Port) {
			data.Service, data.Doc = s.Name, strings.TrimSpace(s.Doc)
		}
	}
	ops := in.offered()
	for _, op := range ops { // all components first: tables look into them
		p.reach(op)
	}
	p.parts = p.finish()
	for _, op := range ops {
		one, err := p.operation(op)
		if err != nil {
			return nil, err
		}
		data.Operations = append(data.Operations, one)
	}
	if len(p.parts) <= roomForTypes {
		for _, c := range p.parts {
			data.Types = append(data.Types, pageType{Name: c.key, Anchor: "type-" + c.key, Table: p.table(c.value.(object))})
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// page is what the template shows.
type page struct {
	Route, Service, Doc, URL, Numbers string
	APIKey                            bool
	Style                             template.CSS
	Operations                        []pageOperation
	Types                             []pageType
}

type pageOperation struct {
	Name, Anchor, Doc, Path       string
	Bindings                      []Binding
	Request, Answer               pageTable
	OneWay                        bool
	Faults                        []pageRow
	RequestExample, AnswerExample string
	Samples                       []pageSample
	Command                       string // that prints the samples which found no room
}

type pageSample struct{ Title, Text string }

type pageType struct {
	Name, Anchor string
	Table        pageTable
}

type pageTable struct {
	Type  []piece // of a value that is no object
	About string
	Rows  []pageRow
}

type pageRow struct {
	Key   string
	Type  []piece
	Must  bool
	About string
}

// piece is a part of a type's text, perhaps with the anchor of a table.
type piece struct{ Text, Link string }

type pager struct {
	*maker
	parts object // components
	room  int
}

func (p *pager) reach(op *wsdl.Operation) {
	p.message(op.Input)
	if op.Output != nil {
		p.message(op.Output)
	}
	for _, e := range faults(op) {
		p.element(e)
	}
}

func (p *pager) operation(op *wsdl.Operation) (pageOperation, error) {
	o := pageOperation{Name: op.Name, Anchor: "operation-" + op.Name, Doc: strings.TrimSpace(op.Doc), Path: p.in.URL + "/" + op.Name,
		Request: p.table(p.message(op.Input)), OneWay: op.Output == nil, RequestExample: string(appendJSON(nil, p.sampler(true).request(op), 0))}
	for _, b := range p.in.bindings(op) {
		b.Path = p.in.URL + b.Path
		o.Bindings = append(o.Bindings, b)
	}
	if op.Output != nil {
		o.Answer, o.AnswerExample = p.table(p.message(op.Output)), string(appendJSON(nil, p.sampler(true).message(op.Output), 0))
	}
	for _, e := range faults(op) {
		o.Faults = append(o.Faults, pageRow{Key: e.Name.Local, Type: p.kind(p.element(e)), About: summary(e.Doc)})
	}
	titles := map[string]string{"xpp": "X++", "curl": "curl", "csharp": "C#"}
	for _, lang := range Languages {
		if p.room <= 0 && lang != "curl" {
			o.Command = "twohop sample " + p.in.Route + " " + op.Name + " --lang xpp"
			continue
		}
		text, err := Sample(*p.in, op.Name, lang)
		if err != nil {
			return o, err
		}
		p.room -= len(text)
		o.Samples = append(o.Samples, pageSample{titles[lang], text})
	}
	return o, nil
}

// table shows a schema: the members of an object, else its type.
func (p *pager) table(s object) pageTable {
	if ref, ok := s.get("$ref").(string); ok && len(s) == 1 {
		s, _ = p.parts.get(strings.TrimPrefix(ref, schemas)).(object)
	}
	t := pageTable{}
	t.About, _ = s.get("description").(string)
	props, isObject := s.get("properties").(object)
	if !isObject {
		t.Type = p.kind(s)
		return t
	}
	required, _ := s.get("required").([]string)
	for _, m := range props {
		schema, ok := m.value.(object)
		if !ok {
			continue
		}
		about, _ := schema.get("description").(string)
		t.Rows = append(t.Rows, pageRow{Key: m.key, Type: p.kind(schema), Must: slices.Contains(required, m.key), About: strings.TrimSpace(about)})
	}
	return t
}

// kind says the type of a schema in a few words.
func (p *pager) kind(s object) []piece {
	if ref, ok := s.get("$ref").(string); ok {
		name := strings.TrimPrefix(ref, schemas)
		if len(p.parts) > roomForTypes {
			return []piece{{Text: name}}
		}
		return []piece{{name, "type-" + name}}
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := s.get(key).([]any); ok {
			return p.either(list)
		}
	}
	switch {
	case s.get("enum") != nil:
		return []piece{{Text: strings.Join(texts(s.get("enum")), " | ")}}
	case s.get("type") == nil:
		return []piece{{Text: "any"}}
	}
	names := kinds(s.get("type"))
	if items, ok := s.get("items").(object); ok && names[0] == "array" {
		return append([]piece{{Text: "array of "}}, p.kind(items)...)
	}
	text := strings.Join(names, " or ")
	if slices.Contains(names, "number") || slices.Contains(names, "integer") { // every number may be a string
		text = strings.NewReplacer(" or string", "", "string or ", "").Replace(text)
	}
	return []piece{{Text: text}}
}

func (p *pager) either(list []any) []piece {
	var all []piece
	for i, one := range list {
		if i > 0 {
			all = append(all, piece{Text: " or "})
		}
		if schema, ok := one.(object); ok {
			all = append(all, p.kind(schema)...)
		}
	}
	return all
}

// texts are the strings of a list.
func texts(list any) []string {
	if all, ok := list.([]string); ok {
		return all
	}
	var all []string
	for _, v := range list.([]any) {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
