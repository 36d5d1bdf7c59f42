package describe

import (
	"slices"

	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// An example shows at most this many values beyond those that must be there, and optional
// ones down to this depth.
const (
	roomForExample  = 150
	depthForExample = 7
)

// sampler makes examples: all that must be there, or what may be there too.
type sampler struct {
	*maker
	full    bool
	room    int
	depth   int
	shallow int                // depth of optional values
	on      map[*xsd.Type]bool // types that are being written
	costs   map[*xsd.Type]int
}

func (m *maker) sampler(full bool) *sampler {
	return &sampler{maker: m, full: full, room: roomForExample, shallow: depthForExample, on: map[*xsd.Type]bool{}, costs: map[*xsd.Type]int{}}
}

// endless is the cost of what cannot be written: a type that needs itself.
const endless = 1 << 20

// message is an example of a message's JSON.
func (x *sampler) message(msg *wsdl.Message) any {
	if len(msg.Body) == 1 {
		return x.typed(msg.Body[0].Type)
	}
	o := object{}
	for _, e := range msg.Body {
		o = append(o, member{e.Name.Local, x.element(e)})
	}
	return o
}

// request is an example of what a caller posts: the body, and the headers that stand in it.
func (x *sampler) request(op *wsdl.Operation) any {
	body := x.message(op.Input)
	for _, h := range x.headerMembers(op.Input) {
		if o, ok := body.(object); ok && (h.required || x.full) {
			body = append(o, member{h.key, x.element(h.element)})
		}
	}
	return body
}

func (x *sampler) element(e *xsd.Element) any {
	switch {
	case e.Fixed != nil && e.Type.Value != nil && e.Type.Value.List == nil && x.shapes.Of(e.Type).Scalar:
		return x.written(e.Type.Value, *e.Fixed)
	case (e.Nillable || x.nils) && (x.on[e.Type] || x.cost(e.Type) >= endless):
		return nil
	}
	return x.typed(e.Type)
}

// typed is an example of t, or of the cheapest type derived from it when t is abstract.
func (x *sampler) typed(t *xsd.Type) any {
	x.room--
	switch only := x.shapes.Of(t).Only; {
	case t.Any():
		return "text"
	case t.Array != nil && (x.on[t] || x.cost(t.Array.Item) >= endless):
		return []any{}
	case t.Array != nil:
		x.on[t] = true
		item := x.typed(t.Array.Item)
		x.on[t] = false
		return []any{item}
	case only != nil:
		return x.object(t).get(only.Key)
	}
	if t.Abstract {
		if d := x.cheapest(t); d != nil {
			return append(object{{shape.Type, x.typeNames(d)[0]}}, x.object(d)...)
		}
		return object{}
	}
	if x.shapes.Of(t).Scalar {
		return x.scalar(t.Value)
	}
	return x.object(t)
}

func (x *sampler) cheapest(t *xsd.Type) *xsd.Type {
	var best *xsd.Type
	for _, d := range x.family(t) {
		if !x.shapes.Of(d).Scalar && (best == nil || x.cost(d) < x.cost(best)) {
			best = d
		}
	}
	return best
}

func (x *sampler) object(t *xsd.Type) object {
	x.depth++
	outer := x.on[t]
	x.on[t] = true
	defer func() { x.depth--; x.on[t] = outer }()
	s := x.shapes.Of(t)
	o := object{}
	if outer && x.cost(t) >= endless { // it needs itself: no document is valid
		return o
	}
	for _, f := range s.Fields {
		if f.Attr == nil || !f.Required && !(x.more() && f.Attr.Fixed == nil) {
			continue
		}
		x.room--
		if f.Attr.Fixed != nil {
			o = append(o, member{f.Key, x.written(f.Attr.Type.Value, *f.Attr.Fixed)})
		} else {
			o = append(o, member{f.Key, x.scalar(f.Attr.Type.Value)})
		}
	}
	if s.Text {
		o = append(o, member{shape.Text, x.scalar(t.Value)})
	}
	return x.particle(o, s, t.Particle)
}

// more reports whether there is room for what need not be there.
func (x *sampler) more() bool { return x.full && x.room > 0 && x.depth <= x.shallow }

// particle adds one occurrence of p, more where it must be there more often.
func (x *sampler) particle(o object, s *shape.Shape, p *xsd.Particle) object {
	if p == nil || p.Max == 0 || p.Min == 0 && !(x.more() && x.fresh(p)) {
		return o
	}
	switch p.Kind {
	case xsd.One:
		return x.occurrence(o, s, p)
	case xsd.Choice:
		if c := x.branch(p); c != nil {
			must := *c
			if x.more() && x.fresh(c) {
				must.Min = max(1, c.Min)
			}
			return x.particle(o, s, &must)
		}
		return o
	}
	for _, c := range p.Children {
		o = x.particle(o, s, c)
	}
	return o
}

func (x *sampler) occurrence(o object, s *shape.Shape, p *xsd.Particle) object {
	var of *xsd.Element
	for _, e := range standing(p.Element) {
		if of == nil || x.cost(e.Type) < x.cost(of.Type) {
			of = e
		}
	}
	if of == nil {
		return o
	}
	f := s.Element(of.Name)
	if slices.ContainsFunc(o, func(m member) bool { return m.key == f.Key }) {
		return o
	}
	if !f.Array {
		return append(o, member{f.Key, x.element(of)})
	}
	var list []any
	for range max(1, min(p.Min, 20)) {
		list = append(list, x.element(of))
	}
	return append(o, member{f.Key, list})
}

// fresh reports whether p holds no element of a type that is being written, and none that
// needs itself.
func (x *sampler) fresh(p *xsd.Particle) bool {
	if p.Kind == xsd.One {
		return !x.on[p.Element.Type] && x.costOf(p.Element) < endless
	}
	if p.Kind == xsd.Choice {
		return len(p.Children) == 0 || slices.ContainsFunc(p.Children, x.fresh)
	}
	return !slices.ContainsFunc(p.Children, func(c *xsd.Particle) bool { return c.Min > 0 && !x.fresh(c) })
}

// branch is the first branch of a choice for a full example, the cheapest one otherwise.
func (x *sampler) branch(p *xsd.Particle) *xsd.Particle {
	var best *xsd.Particle
	for _, c := range p.Children {
		switch {
		case x.full && c.Kind != xsd.Any && x.more() && x.fresh(c):
			return c
		case best == nil || x.particleCost(c) < x.particleCost(best):
			best = c
		}
	}
	return best
}

// cost is how many values an example of t needs at least.
func (x *sampler) cost(t *xsd.Type) int {
	if known, ok := x.costs[t]; ok {
		return known
	}
	x.costs[t] = endless // while it is being counted
	n := 1
	if t.Array != nil {
		n = 1
	} else if t.Abstract && !t.Any() {
		n = endless
		for _, d := range x.family(t) {
			n = min(n, x.cost(d))
		}
	} else {
		for _, a := range t.Attributes {
			if a.Required {
				n++
			}
		}
		n = min(endless, n+x.particleCost(t.Particle))
	}
	x.costs[t] = n
	return n
}

func (x *sampler) particleCost(p *xsd.Particle) int {
	if p == nil || p.Min == 0 || p.Max == 0 || p.Kind == xsd.Any {
		return 0
	}
	n := 0
	switch p.Kind {
	case xsd.One:
		n = endless
		for _, e := range standing(p.Element) {
			n = min(n, x.costOf(e))
		}
	case xsd.Choice:
		for i, c := range p.Children {
			if here := x.particleCost(c); i == 0 || here < n {
				n = here
			}
		}
	default:
		for _, c := range p.Children {
			n = min(endless, n+x.particleCost(c))
		}
	}
	return min(endless, n*p.Min)
}

func (x *sampler) costOf(e *xsd.Element) int {
	if n := x.cost(e.Type); n < endless || !e.Nillable && !x.nils {
		return n
	}
	return 1
}

// scalar is an example of a value.
func (x *sampler) scalar(v *xsd.Value) any {
	switch {
	case v == nil:
		return "text"
	case v.List != nil:
		n := 1
		if v.MinLength != nil {
			n = *v.MinLength
		}
		if v.Length != nil {
			n = *v.Length
		}
		list := []any{}
		for range min(n, 50) {
			list = append(list, x.scalar(v.List.Value))
		}
		return list
	case v.Union != nil && v.Enum == nil:
		for _, t := range v.Union {
			if t.Value == nil || t.Value.List != nil || t.Value.Union != nil {
				return x.scalar(t.Value)
			}
			if s, ok := text(t.Value); ok {
				return x.written(t.Value, s)
			}
		}
	}
	s, ok := text(v)
	if !ok {
		s = "text"
	}
	return x.written(v, s)
}

// written is a value's text as JSON.
func (x *sampler) written(v *xsd.Value, text string) any {
	switch {
	case v == nil:
		return text
	case v.Primitive == xsd.Boolean && v.Union == nil:
		return text == "true" || text == "1"
	case v.Primitive == xsd.Decimal || v.Primitive == xsd.Float:
		// A pattern may ask for zeros that a JSON number cannot have.
		if n, ok := digits(text); ok && !x.in.Strings && (v.Patterns == nil || string(n) == text) {
			return n
		}
	}
	return text
}
