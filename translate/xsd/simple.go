package xsd

import (
	"strconv"
	"strings"

	"twohop/translate/document"
)

// simpleType reads a simpleType: a restriction, a list or a union.
func (r *Reader) simpleType(t *Type, n *document.Node, w within) {
	t.Base, t.Content = r.anySimple(), Simple
	for _, c := range n.Children {
		if c.Name.Space != Namespace {
			continue
		}
		switch c.Name.Local {
		case "restriction":
			t.Base = r.simpleBase(c, w)
			t.Value = r.facets(t.Base.Value, c, w)
			return
		case "list":
			t.Value = &Value{Builtin: "anySimpleType", WhiteSpace: "collapse", List: r.member(c, c.Attr("itemType"), w)}
			if t.Value.List == nil {
				t.Value.List = r.anySimple()
			}
			return
		case "union":
			t.Value = &Value{Builtin: "anySimpleType", WhiteSpace: "preserve"}
			for _, qname := range strings.Fields(c.Attr("memberTypes")) {
				t.Value.Union = append(t.Value.Union, r.member(c, qname, w))
			}
			for _, inside := range c.Children {
				if inside.Is(Namespace, "simpleType") {
					t.Value.Union = append(t.Value.Union, r.inline(inside, w))
				}
			}
			return
		}
	}
	w.line(r, n, "a simpleType says nothing; any text is taken")
	t.Value = r.anySimple().Value
}

// simpleBase is the simple type that a restriction restricts, inside it or by name.
func (r *Reader) simpleBase(n *document.Node, w within) *Type {
	if inside := n.Child(Namespace, "simpleType"); inside != nil {
		return r.inline(inside, w)
	}
	base := r.base(n, n.Attr("base"), w)
	if base.Value == nil {
		if !base.Any() {
			w.line(r, n, "%v is no simple type; any text is taken", base.Name)
		}
		return r.anySimple()
	}
	return base
}

func (r *Reader) inline(n *document.Node, w within) *Type {
	d := &decl{kind: types, node: n, in: w.in}
	d.typ = &Type{}
	if !r.complete(d) {
		d.typ.Content, d.typ.Base, d.typ.Value = Simple, r.anySimple(), r.anySimple().Value
	}
	return d.typ
}

// member is the type of the items of a list, or one of a union.
func (r *Reader) member(n *document.Node, qname string, w within) *Type {
	if qname == "" {
		if inside := n.Child(Namespace, "simpleType"); inside != nil {
			return r.inline(inside, w)
		}
		return nil
	}
	t := r.base(n, qname, w)
	if t.Value == nil || t.Complex {
		if !t.Any() {
			w.line(r, n, "%v is no simple type; any text is taken", t.Name)
		}
		return r.anySimple()
	}
	return t
}

// simpleContent reads a complex type whose content is text.
func (r *Reader) simpleContent(t *Type, n *document.Node, w within) {
	t.Content = Simple
	t.Base = r.base(n, n.Attr("base"), w)
	uses, wild := r.attributes(n, w)
	t.Attributes = settle(merge(t.Base.Attributes, uses))
	value := t.Base.Value
	if inside := n.Child(Namespace, "simpleType"); inside != nil {
		value = r.inline(inside, w).Value
	}
	if value == nil {
		if !t.Base.Any() {
			w.line(r, n, "%v has no simple content; any text is taken", t.Base.Name)
		}
		value = r.anySimple().Value
	}
	if n.Name.Local == "extension" {
		t.Derivation, t.Value, t.AnyAttr = Extension, value, union(t.Base.AnyAttr, wild)
		return
	}
	t.Value, t.AnyAttr = r.facets(value, n, w), wild
}

// facets returns base with the facets of a restriction.
func (r *Reader) facets(base *Value, n *document.Node, w within) *Value {
	v := *base
	var enum, patterns []string
	for _, c := range n.Children {
		if c.Name.Space != Namespace {
			continue
		}
		text := c.Given("value")
		if text == nil {
			continue
		}
		switch c.Name.Local {
		case "enumeration":
			enum = append(enum, *text)
		case "pattern":
			patterns = append(patterns, *text)
		case "whiteSpace":
			v.WhiteSpace = c.Attr("value")
		default:
			r.facet(&v, c, w)
		}
	}
	if enum != nil {
		v.Enum = enum
	}
	if patterns != nil {
		// Those of one step are alternatives (XML Schema Part 2, section 4.3.4.3).
		joined := patterns[0]
		if len(patterns) > 1 {
			joined = "(" + strings.Join(patterns, ")|(") + ")"
		}
		v.Patterns = append(v.Patterns[:len(v.Patterns):len(v.Patterns)], joined)
	}
	return &v
}

func (r *Reader) facet(v *Value, n *document.Node, w within) {
	bounds := map[string]**string{"minInclusive": &v.MinInclusive, "maxInclusive": &v.MaxInclusive, "minExclusive": &v.MinExclusive, "maxExclusive": &v.MaxExclusive}
	numbers := map[string]**int{"length": &v.Length, "minLength": &v.MinLength, "maxLength": &v.MaxLength, "totalDigits": &v.TotalDigits, "fractionDigits": &v.FractionDigits}
	value := n.Attr("value")
	if bound := bounds[n.Name.Local]; bound != nil {
		*bound = &value
		return
	}
	if number := numbers[n.Name.Local]; number != nil {
		i, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			w.line(r, n, "%s=%q is not a number; left out", n.Name.Local, value)
			return
		}
		size := int(i)
		*number = &size
	}
}

// unions makes the members of unions flat, each of them once: a union of unions of unions
// would otherwise be walked as often as it has ways through it.
func (r *Reader) unions() {
	done := map[*Value]bool{}
	for _, t := range r.schema.Types {
		flatten(t.Value, done)
	}
}

func flatten(v *Value, done map[*Value]bool) {
	if v == nil || v.Union == nil || done[v] {
		return
	}
	done[v] = true
	var flat []*Type
	seen := map[*Type]bool{}
	add := func(t *Type) {
		if !seen[t] {
			seen[t] = true
			flat = append(flat, t)
		}
	}
	for _, t := range v.Union {
		flatten(t.Value, done)
		if m := t.Value; m != nil && m.Union != nil && m.Enum == nil && m.Patterns == nil {
			for _, below := range m.Union {
				add(below)
			}
			continue
		}
		add(t)
	}
	v.Union = flat
}
