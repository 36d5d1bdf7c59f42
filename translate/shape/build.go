package shape

import (
	"strconv"

	"twohop/translate/xsd"
)

func build(t *xsd.Type) *Shape {
	b := &builder{Shape: &Shape{Type: t, Plain: true, byKey: map[string]*Field{}, byName: map[xsd.Name]*Field{}, attrs: map[xsd.Name]*Field{}}}
	for _, use := range t.Attributes {
		f := &Field{Attr: use, Required: use.Required && use.Fixed == nil}
		b.Fields, b.attrs[use.Name] = append(b.Fields, f), f
	}
	switch {
	case t.Any():
		b.Any = true
	case t.Content == xsd.Simple:
		b.Scalar = len(t.Attributes) == 0 && t.AnyAttr == nil
		b.Text = !b.Scalar
	}
	b.walk(t.Particle, place{required: true})
	b.Free = free(t.Particle)
	b.name()
	return b.Shape
}

type builder struct{ *Shape }

// place is where a particle stands in its model.
type place struct {
	many     bool // it or something around it may repeat
	group    bool // a group around it may repeat
	required bool // everything around it must be there
}

func (b *builder) walk(p *xsd.Particle, at place) {
	if p == nil || p.Max == 0 {
		return
	}
	at.many = at.many || p.Max != 1
	at.required = at.required && p.Min > 0
	switch p.Kind {
	case xsd.One:
		b.element(p, at)
		return
	case xsd.Any:
		if b.Any || at.group {
			b.Plain = false
		}
		if !b.Any {
			b.Any, b.AnyAt = true, len(b.Fields)
		}
		return
	}
	b.Choice = b.Choice || p.Kind == xsd.Choice && len(p.Children) > 1
	at.group = at.group || p.Max != 1
	at.required = at.required && (p.Kind != xsd.Choice || len(p.Children) == 1)
	for _, child := range p.Children {
		b.walk(child, at)
	}
}

// element adds the fields of an element and of what may stand in its place.
func (b *builder) element(p *xsd.Particle, at place) {
	all := p.Element.Substitutes
	if !p.Element.Abstract {
		all = append([]*xsd.Element{p.Element}, all...)
	}
	for _, e := range all {
		if known := b.byName[e.Name]; known != nil {
			b.Plain = false
			known.Array = known.Array || at.many || !alternative(b.Type.Particle, e.Name)
			known.Required = known.Required || at.required && len(all) == 1
			continue
		}
		f := &Field{Element: e, Array: at.many, Required: at.required && len(all) == 1}
		b.Fields, b.byName[e.Name] = append(b.Fields, f), f
	}
	if at.group || len(all) > 1 && at.many {
		b.Plain = false
	}
}

// alternative reports whether an element stands at most once in any document, though the
// model names it in several branches of choices.
func alternative(p *xsd.Particle, name xsd.Name) bool { return most(p, name) <= 1 }

func most(p *xsd.Particle, name xsd.Name) int {
	if p == nil || p.Max == 0 {
		return 0
	}
	n := 0
	switch p.Kind {
	case xsd.Any:
		return 0
	case xsd.One:
		if stands(p.Element, name) {
			n = 1
		}
	case xsd.Choice:
		for _, c := range p.Children {
			n = max(n, most(c, name))
		}
	default:
		for _, c := range p.Children {
			n += most(c, name)
		}
	}
	if p.Max != 1 {
		n *= 2
	}
	return n
}

func stands(e *xsd.Element, name xsd.Name) bool {
	if e.Name == name {
		return true
	}
	for _, s := range e.Substitutes {
		if s.Name == name {
			return true
		}
	}
	return false
}

// name gives every field its key: Clark's notation only where local names collide.
func (b *builder) name() {
	count := map[string]int{}
	for _, f := range b.Fields {
		count[f.local()]++
	}
	for i, f := range b.Fields {
		f.Index, f.Key = i, f.local()
		if count[f.Key] > 1 {
			f.Key = f.clark()
		}
		f.Quoted = strconv.Quote(f.Key) + ":" // names of XML hold nothing that Go and JSON quote differently
		b.byKey[f.Key], b.byKey[f.clark()] = f, f
	}
}

func (f *Field) local() string {
	if f.Attr != nil {
		return "@" + f.Attr.Name.Local
	}
	return f.Element.Name.Local
}

func (f *Field) clark() string {
	if f.Attr != nil {
		return "@" + f.Attr.Name.String()
	}
	return f.Element.Name.String()
}

// free reports whether p is one repeated choice of elements, however nested.
func free(p *xsd.Particle) bool {
	for p != nil && p.Kind == xsd.Sequence && len(p.Children) == 1 && p.Max == 1 {
		p = p.Children[0]
	}
	if p == nil || p.Kind != xsd.Choice || p.Max != xsd.Unbounded {
		return false
	}
	for _, c := range p.Children {
		if c.Kind != xsd.One && c.Kind != xsd.Any && !free(c) {
			return false
		}
	}
	return true
}
