package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// describe says in words what JSON a type wants.
func (e *encoder) describe(t *xsd.Type) string {
	switch {
	case t.Content == xsd.Simple && e.shape(t).Scalar:
		return describeValue(t.Value)
	case t.Array != nil:
		return "an array"
	case t.Name.Local != "":
		return "an object (type " + t.Name.Local + ")"
	}
	return "an object"
}

func describeValue(v *xsd.Value) string {
	switch {
	case v.List != nil:
		return "an array of " + describeValue(v.List.Value)
	case v.Enum != nil:
		list := v.Enum
		more := ""
		if len(list) > 10 {
			list, more = list[:10], fmt.Sprintf(" or %d more", len(v.Enum)-10)
		}
		return "one of " + strings.Join(list, ", ") + more
	case v.Union != nil:
		var all []string
		for _, t := range v.Union {
			if text := describeValue(t.Value); !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
		return strings.Join(all, ", or ")
	case v.Builtin == "":
		return "text"
	}
	return "xs:" + v.Builtin
}

var examples = map[string]string{"dateTime": "2026-01-31T13:45:00Z", "date": "2026-01-31", "time": "13:45:00", "duration": "P1DT2H",
	"gYear": "2026", "gYearMonth": "2026-01", "gMonth": "--01", "gDay": "---31", "gMonthDay": "--01-31", "negativeInteger": "-1", "nonPositiveInteger": "-1"}

// exampleValue is a good value, as JSON.
func exampleValue(v *xsd.Value) string {
	switch {
	case v.List != nil:
		return "[" + exampleValue(v.List.Value) + "]"
	case v.Enum != nil:
		return strconv.Quote(v.Enum[0])
	case v.Union != nil:
		return exampleValue(v.Union[0].Value)
	}
	text := examples[v.Builtin]
	switch v.Primitive {
	case xsd.Boolean:
		return "true"
	case xsd.Decimal:
		if text != "" {
			return text
		}
		return "12"
	case xsd.Float:
		return "1.5"
	case xsd.Base64:
		return `"AQID"`
	case xsd.Hex:
		return `"0AFF"`
	case xsd.QName:
		return `"{urn:x}name"`
	}
	if text == "" {
		text = "text"
	}
	return strconv.Quote(text)
}

func (e *encoder) example(t *xsd.Type) string { return e.exampleTo(t, 3) }

func (e *encoder) exampleTo(t *xsd.Type, depth int) string {
	s := e.shape(t)
	switch {
	case t.Content == xsd.Simple && s.Scalar:
		return exampleValue(t.Value)
	case t.Array != nil || s.Only != nil:
		return "[]"
	}
	var members []string
	for _, f := range s.Fields {
		if depth == 0 || len(members) == 3 {
			break
		}
		if f.Element == nil || !f.Required && len(members) > 0 {
			continue
		}
		text := e.exampleTo(f.Element.Type, depth-1)
		if f.Array {
			text = "[" + text + "]"
		}
		members = append(members, strconv.Quote(f.Key)+": "+text)
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// unknown says which members there are instead of name.
func (e *encoder) unknown(name string) error {
	f := e.top()
	if f.shape.Scalar {
		return &Invalid{What: "this is a member of an object where a value should be", Expected: e.describe(f.typ), Example: e.example(f.typ)}
	}
	x := &Invalid{What: "the contract has no such member here"}
	var keys []string
	for _, field := range f.shape.Fields {
		if strings.EqualFold(field.Key, name) || strings.EqualFold(strings.TrimPrefix(field.Key, "@"), name) {
			x.Expected = field.Key
			return x
		}
		keys = append(keys, field.Key)
	}
	if head := abstractHead(f.typ.Particle, name); head != nil {
		x.What, keys = "the element is abstract", nil
		for _, s := range head.Substitutes {
			keys = append(keys, s.Name.Local)
		}
	}
	if len(keys) > 20 {
		keys = append(keys[:20], fmt.Sprintf("%d more", len(keys)-20))
	}
	switch {
	case len(f.typ.Derived) > 0 && f.has&hasType == 0:
		x.Expected = strings.Join(append(keys, "first of all "+shape.Type+", if it belongs to a derived type"), ", ")
	case len(keys) == 0:
		x.Expected = "{}"
	default:
		x.Expected = "one of " + strings.Join(keys, ", ")
	}
	return x
}

func abstractHead(p *xsd.Particle, local string) *xsd.Element {
	switch {
	case p == nil:
		return nil
	case p.Kind == xsd.One && p.Element.Abstract && p.Element.Name.Local == local:
		return p.Element
	}
	for _, c := range p.Children {
		if head := abstractHead(c, local); head != nil {
			return head
		}
	}
	return nil
}

// typeNamed returns the type that @xsi:type names in place of base, nil for none:
// {namespace}Name, or Name where only one type that fits is called so.
func (s *Service) typeNamed(name string, base *xsd.Type) *xsd.Type {
	n := split(name)
	if prefix, local, ok := strings.Cut(name, ":"); ok && n.Space == "" && (prefix == "xsd" || prefix == "xs") {
		n = xsd.Name{Space: xsd.Namespace, Local: local}
	}
	var found *xsd.Type
	for _, t := range s.types[n.Local] {
		if n.Space != "" && t.Name.Space != n.Space || !derives(t, base) {
			continue
		}
		if found != nil && t.Name.Space == xsd.Namespace {
			continue // a type of the contract hides the built-in one
		}
		if found != nil && found.Name.Space != xsd.Namespace {
			return nil
		}
		found = t
	}
	return found
}

// derives reports whether t may stand where base is declared.
func derives(t, base *xsd.Type) bool {
	if base.Any() {
		return true
	}
	for ; t != nil; t = t.Base {
		if t == base {
			return true
		}
	}
	return false
}

// derived lists what may stand where base is declared.
func (s *Service) derived(base *xsd.Type) string {
	var names []string
	for _, t := range s.Contract.Schema.Types {
		if !t.Abstract && t.Name.Space != xsd.Namespace && derives(t, base) {
			names = append(names, t.Name.String())
		}
	}
	slices.Sort(names)
	if len(names) > 10 {
		names = append(names[:10], fmt.Sprintf("%d more", len(names)-10))
	}
	return "one of " + strings.Join(names, ", ")
}
