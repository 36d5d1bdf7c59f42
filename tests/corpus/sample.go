package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// sampler makes JSON for contracts that zeep cannot load, by the rules of its samples: min
// has what must be there, full everything once and lists twice, down to a depth.
type sampler struct {
	shapes *shape.Shapes
	full   bool
}

const deep = 3

// object is a JSON object whose members keep their order, on which PHP's positional
// arguments depend.
type object struct{ members []member }

type member struct {
	key   string
	value any
}

func (o *object) set(key string, value any) { o.members = append(o.members, member{key, value}) }

func (o *object) has(key string) bool {
	return slices.ContainsFunc(o.members, func(m member) bool { return m.key == key })
}

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i, m := range o.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(m.key))
		b.WriteByte(':')
		b.Write(encode(m.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// message makes the JSON of a message: its only element's value, or an object of them.
func (s sampler) message(m *wsdl.Message) any {
	if len(m.Body) == 0 {
		return &object{}
	}
	if len(m.Body) == 1 {
		return s.value(m.Body[0], deep, nil)
	}
	o := &object{}
	for _, e := range m.Body {
		o.set(e.Name.Local, s.value(e, deep, nil))
	}
	return o
}

func (s sampler) value(e *xsd.Element, depth int, within []*xsd.Type) any {
	if e.Fixed != nil {
		return *e.Fixed
	}
	if e.Nillable && slices.Contains(within, e.Type) {
		return nil
	}
	return s.of(e.Type, e.Name.Local, depth-1, append(within[:len(within):len(within)], e.Type))
}

func (s sampler) of(t *xsd.Type, name string, depth int, within []*xsd.Type) any {
	if t.Any() {
		return &object{[]member{{shape.Type, "{" + spaceXSD + "}string"}, {shape.Text, "any"}}}
	}
	if t.Array != nil {
		if len(within) > 8 {
			return []any{}
		}
		item := s.of(t.Array.Item, name, depth-1, append(within, t))
		return []any{item}
	}
	derived := ""
	if t.Abstract {
		if t = concrete(t); t == nil {
			return &object{}
		}
		derived = t.Name.String()
	}
	form := s.shapes.Of(t)
	if form.Scalar {
		return simpleValue(t, name)
	}
	o := &object{}
	if derived != "" {
		o.set(shape.Type, derived)
	}
	for _, f := range form.Fields {
		if f.Attr == nil || !f.Attr.Required && !s.full {
			continue
		}
		if f.Attr.Fixed != nil {
			o.set(f.Key, *f.Attr.Fixed)
		} else {
			o.set(f.Key, simpleValue(f.Attr.Type, f.Attr.Name.Local))
		}
	}
	if form.Text {
		o.set(shape.Text, simpleValue(t, name))
	}
	s.particle(form, t.Particle, o, depth, within, false)
	return o
}

func concrete(t *xsd.Type) *xsd.Type {
	for _, d := range t.Derived {
		if !d.Abstract {
			return d
		}
		if c := concrete(d); c != nil {
			return c
		}
	}
	return nil
}

func (s sampler) particle(form *shape.Shape, p *xsd.Particle, o *object, depth int, within []*xsd.Type, chosen bool) {
	if p == nil || p.Max == 0 {
		return
	}
	optional := p.Min == 0 && !chosen
	switch p.Kind {
	case xsd.Any:
		if (s.full || !optional) && !o.has(shape.Any) {
			o.set(shape.Any, []any{`<x:any xmlns:x="urn:any">1</x:any>`})
		}
		return
	case xsd.One:
		if optional && (!s.full || depth <= 0) || len(within) > 14 {
			return
		}
		s.element(form, p, o, depth, within)
		return
	case xsd.Choice:
		if p.Min == 0 && !s.full {
			return
		}
		for _, branch := range p.Children {
			if branch.Kind != xsd.Any {
				s.particle(form, branch, o, depth, within, branch.Kind == xsd.One)
				return
			}
		}
		return
	}
	if optional && (!s.full || depth <= 0) {
		return
	}
	for _, child := range p.Children {
		s.particle(form, child, o, depth, within, false)
	}
}

func (s sampler) element(form *shape.Shape, p *xsd.Particle, o *object, depth int, within []*xsd.Type) {
	e := p.Element
	if e.Abstract {
		if len(e.Substitutes) == 0 {
			return
		}
		e = e.Substitutes[0]
	}
	for _, t := range within {
		if t == e.Type && p.Min == 0 {
			return
		}
	}
	f := form.Element(e.Name)
	if f == nil || o.has(f.Key) {
		return
	}
	if !f.Array {
		o.set(f.Key, s.value(e, depth, within))
		return
	}
	list := []any{s.value(e, depth, within)}
	if s.full && p.Max != 1 {
		list = append(list, s.value(e, depth, within))
	}
	o.set(f.Key, list)
}

// literals has a value for each built-in type that is not a plain text, exact to the digit.
var literals = map[string]any{
	"base64Binary": "AQID", "hexBinary": "0AFF", "boolean": true,
	"unsignedByte": 200, "unsignedShort": 60000, "unsignedInt": 4000000000, "unsignedLong": json.Number("18446744073709551615"),
	"byte": -7, "short": -300, "int": -42, "long": json.Number("9007199254740993"),
	"positiveInteger": 7, "nonNegativeInteger": 3, "negativeInteger": -7, "nonPositiveInteger": -1,
	"integer": json.Number("1234567890123456789"), "decimal": json.Number("12345678901234567.10"),
	"double": 1.5, "float": 2.5,
	"dateTime": "2026-01-02T03:04:05Z", "date": "2026-01-02", "time": "03:04:05Z", "duration": "P1DT2H",
	"gYear": "2026", "gMonth": "--01", "gDay": "---02", "gYearMonth": "2026-01", "gMonthDay": "--01-02",
	"anyURI": "urn:x", "language": "en", "ID": "i1", "IDREF": "i1", "NCName": "n1", "NMTOKEN": "n1", "Name": "n1",
}

func simpleValue(t *xsd.Type, name string) any {
	v := t.Value
	switch {
	case v == nil:
		return "any"
	case len(v.Enum) > 0:
		return v.Enum[0]
	case v.List != nil:
		return []any{simpleValue(v.List, name)}
	case len(v.Union) > 0:
		return simpleValue(v.Union[0], name)
	case len(v.Patterns) > 0 && likely(v.Patterns) != "":
		return likely(v.Patterns)
	case v.MinInclusive != nil:
		return *v.MinInclusive
	}
	if literal, ok := literals[v.Builtin]; ok {
		return literal
	}
	text := []rune("é<&" + name)
	length := min(len(text), 6)
	for _, facet := range []*int{v.Length, v.MinLength} {
		if facet != nil && *facet > length {
			length = *facet
		}
	}
	if v.Length != nil {
		length = *v.Length
	}
	if v.MaxLength != nil && *v.MaxLength < length {
		length = *v.MaxLength
	}
	for len(text) < length {
		text = append(text, []rune(strings.Repeat("x", length-len(text)))...)
	}
	return string(text[:length])
}

// likely finds a text that fits the patterns among those that often do.
func likely(patterns []string) string {
	for _, text := range []string{"1.2.3", "a", "A", "AB12", "0", "12", "12345", "2026", "true", "a@b.example", "00000000-0000-0000-0000-000000000000"} {
		if !slices.ContainsFunc(patterns, func(p string) bool {
			re, err := regexp.Compile("^(?:" + p + ")$")
			return err != nil || !re.MatchString(text)
		}) {
			return text
		}
	}
	return ""
}
