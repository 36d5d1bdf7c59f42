package translate

import (
	"slices"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// arrange puts the members of the object in the order of the contract.
func (e *encoder) arrange(f *frame) error {
	if f.fixed || f.order || len(f.segs) < 2 {
		return nil
	}
	s := f.shape
	if !s.Plain && !s.Free || s.Choice && !s.Free {
		m := &e.matcher
		m.begin(s, f.segs)
		m.take(s.Type.Particle)
		if err := m.left(); err != nil {
			return err
		}
		e.permute(m.order)
		return nil
	}
	if f.sorted {
		return nil
	}
	slices.SortStableFunc(f.segs, bySegment)
	e.permute(f.segs)
	return nil
}

// permute writes the last part of the output in the order of segs, which are all of it
// from the first that is not given away.
func (e *encoder) permute(segs []segment) {
	first := e.pos()
	b := e.scratch[:0]
	next := int64(-1)
	inPlace := true
	for _, s := range segs {
		inPlace = inPlace && (next < 0 || s.start == next)
		next = s.end
	}
	if inPlace {
		return
	}
	for _, s := range segs {
		if s.start < e.gone {
			continue
		}
		first = min(first, s.start)
		b = append(b, e.out[s.start-e.gone:s.end-e.gone]...)
	}
	copy(e.out[first-e.gone:], b)
	e.scratch = b
}

// matcher finds an order of the segments that the content model allows. It takes
// greedily what is there: the first branch of a choice that fits, and as many repetitions
// as there are members for.
type matcher struct {
	shape *shape.Shape
	segs  []segment
	used  []bool
	order []segment
	heads []int // the first segment of each order that is not used, -1 for none; text has order -1
	next  []int // the segment after it of the same order
}

func (m *matcher) begin(s *shape.Shape, segs []segment) {
	m.shape, m.segs, m.order = s, segs, m.order[:0]
	m.used = slices.Grow(m.used[:0], len(segs))[:len(segs)]
	clear(m.used)
	m.heads = slices.Grow(m.heads[:0], 2*len(s.Fields)+2)[:2*len(s.Fields)+2]
	for i := range m.heads {
		m.heads[i] = -1
	}
	m.next = slices.Grow(m.next[:0], len(segs))[:len(segs)]
	for i, seg := range slices.Backward(segs) {
		m.next[i], m.heads[seg.order+1] = m.heads[seg.order+1], i
	}
}

// take takes what p allows, and reports whether that was anything.
func (m *matcher) take(p *xsd.Particle) bool {
	any := false
	for n := 0; p != nil && (p.Max == xsd.Unbounded || n < p.Max); n++ {
		if !m.once(p) {
			break
		}
		any = true
	}
	return any
}

func (m *matcher) once(p *xsd.Particle) bool {
	switch p.Kind {
	case xsd.One, xsd.Any:
		i := m.find(p)
		if i < 0 {
			return false
		}
		m.used[i] = true
		m.heads[m.segs[i].order+1] = m.next[i]
		m.order = append(m.order, m.segs[i])
		return true
	case xsd.Choice:
		for _, whole := range []bool{true, false} {
			for _, c := range p.Children {
				if m.has(c) && (!whole || m.whole(c)) {
					return m.take(c)
				}
			}
		}
		return false
	}
	any := false
	for _, c := range p.Children {
		any = m.take(c) || any
	}
	return any
}

// find returns the first segment that fits an element or a wildcard, -1 for none.
func (m *matcher) find(p *xsd.Particle) int {
	if p.Kind == xsd.Any {
		return m.first(2 * m.shape.AnyAt)
	}
	best := -1
	try := func(e *xsd.Element) {
		if x := m.shape.Element(e.Name); x != nil {
			if i := m.first(orderOf(x)); i >= 0 && (best < 0 || i < best) {
				best = i
			}
		}
	}
	try(p.Element)
	for _, s := range p.Element.Substitutes {
		try(s)
	}
	return best
}

func (m *matcher) first(order int) int { return m.heads[order+1] }

// has reports whether p could take something.
func (m *matcher) has(p *xsd.Particle) bool {
	if p.Kind == xsd.One || p.Kind == xsd.Any {
		return m.find(p) >= 0
	}
	return slices.ContainsFunc(p.Children, m.has)
}

// whole reports whether everything that p needs is there.
func (m *matcher) whole(p *xsd.Particle) bool {
	switch {
	case p.Min == 0:
		return true
	case p.Kind == xsd.One || p.Kind == xsd.Any:
		return m.find(p) >= 0
	case p.Kind == xsd.Choice:
		return slices.ContainsFunc(p.Children, m.whole)
	}
	return !slices.ContainsFunc(p.Children, func(c *xsd.Particle) bool { return !m.whole(c) })
}

// left reports a member that found no place.
func (m *matcher) left() error {
	for i, s := range m.segs {
		if m.used[i] {
			continue
		}
		name := m.name(s.order)
		for j, other := range m.segs {
			if m.used[j] && other.order != s.order {
				return at(&Invalid{What: "the contract allows either this or " + m.name(other.order) + ", or so many of them not", Expected: "one of the two"}, name)
			}
		}
		return at(&Invalid{What: "the contract does not allow so many"}, name)
	}
	return nil
}

func (m *matcher) name(order int) string {
	if order%2 == 0 {
		return shape.Any
	}
	return m.shape.Fields[order/2].Key
}
