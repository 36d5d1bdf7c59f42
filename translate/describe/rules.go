package describe

import (
	"slices"
	"strconv"
	"strings"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// rules adds to the schema of an object which members must be there and which exclude each
// other. Where JSON Schema cannot say it exactly, the description shows the content model.
// required are the members that are there whatever else is.
func rules(o object, s *shape.Shape, required []string, ordered bool) object {
	if ordered {
		o = o.note("Content in order: " + model(s.Type.Particle) + " (" + shape.Content + " keeps an order that the members by name cannot)")
		by := []any{object{{"required", []string{shape.Content}}}}
		if len(required) == 0 {
			return o
		}
		return append(o, member{"anyOf", append(by, object{{"required", required}})})
	}
	if len(required) > 0 {
		o = append(o, member{"required", required})
	}
	r := &ruler{}
	all := r.inside(s, s.Type.Particle, true)
	if r.inexact {
		return o.note("Content: " + model(s.Type.Particle))
	}
	if len(all) == 1 && o.get(all[0].(object)[0].key) == nil {
		return append(o, all[0].(object)...)
	} else if len(all) > 0 {
		return append(o, member{"allOf", all})
	}
	return o
}

// ruler writes the conditions of a content model in which nothing repeats as a group.
type ruler struct {
	inexact bool
	size    int
}

// roomForRules bounds the members that the conditions of one type may name: those of a
// choice among hundreds of sequences would be longer than all else.
const roomForRules = 2000

// inside lists the conditions on an object that has p's content. top says that what p
// requires is in the object's list of required members.
func (r *ruler) inside(s *shape.Shape, p *xsd.Particle, top bool) []any {
	if p == nil || p.Max == 0 || p.Kind == xsd.Any || r.inexact {
		return nil
	}
	if p.Min == 0 && p.Kind != xsd.One {
		return r.optional(s, p)
	}
	switch {
	case p.Kind == xsd.One:
		return r.one(s, p, top)
	case p.Kind == xsd.Choice && len(p.Children) != 1:
		return []any{r.choice(s, p)}
	}
	var all []any
	for _, c := range p.Children {
		all = append(all, r.inside(s, c, top)...)
	}
	return all
}

// optional is a group that may be absent as a whole.
func (r *ruler) optional(s *shape.Shape, p *xsd.Particle) []any {
	if single := r.single(s, p); single != nil {
		return []any{oneOf(single, true)}
	}
	once := *p
	once.Min = 1
	if emptiable(&once) && p.Kind == xsd.Choice || p.Kind != xsd.Choice && loose(p) {
		return r.inside(s, &once, false)
	}
	all := r.inside(s, &once, false)
	if all == nil {
		return nil
	}
	return []any{object{{"anyOf", []any{r.none(keys(s, p)), conjunction(all)}}}}
}

// loose reports whether every part of a group may be absent by itself.
func loose(p *xsd.Particle) bool {
	return !slices.ContainsFunc(p.Children, func(c *xsd.Particle) bool { return c.Min > 0 && c.Max != 0 && !emptiable(c) })
}

// one is an element, or what may stand in its place.
func (r *ruler) one(s *shape.Shape, p *xsd.Particle, top bool) []any {
	names := keys(s, p)
	r.size += len(names)
	if len(names) == 1 && !must(&shape.Field{Element: s.Member(names[0]).Element, Required: true}) {
		return nil
	}
	switch {
	case len(names) == 0 && p.Min > 0: // abstract, and nothing to stand for it
		r.inexact = true
	case len(names) == 1 && p.Min > 0 && !top:
		return []any{object{{"required", names}}}
	case len(names) > 1 && p.Max == 1:
		return []any{oneOf(names, p.Min == 0)}
	}
	return nil
}

// single returns the members of a choice each of whose branches is one element.
func (r *ruler) single(s *shape.Shape, p *xsd.Particle) []string {
	var names []string
	for _, c := range p.Children {
		of := keys(s, c)
		if p.Kind != xsd.Choice || c.Kind != xsd.One || c.Min == 0 || len(of) != 1 || slices.Contains(names, of[0]) {
			return nil
		}
		names = append(names, of[0])
	}
	r.size += len(names)
	return names
}

// choice is exactly one of p's branches.
func (r *ruler) choice(s *shape.Shape, p *xsd.Particle) any {
	if single := r.single(s, p); single != nil {
		return oneOf(single, false)
	}
	branches := make([][]string, len(p.Children))
	seen := map[string]bool{}
	for i, c := range p.Children {
		branches[i] = keys(s, c)
		for _, k := range branches[i] {
			r.inexact = r.inexact || seen[k]
			seen[k] = true
		}
		r.inexact = r.inexact || has(c, xsd.Any)
	}
	var list []any
	for i, c := range p.Children {
		others := slices.Concat(slices.Concat(branches[:i]...), slices.Concat(branches[i+1:]...))
		list = append(list, conjunction(append(r.inside(s, c, false), r.none(others))))
		if r.size > roomForRules {
			r.inexact = true
			break
		}
	}
	return object{{"anyOf", list}}
}

// none is the condition that no member of names is there.
func (r *ruler) none(names []string) object {
	r.size += len(names)
	var props object
	for _, k := range names {
		props = append(props, member{k, false})
	}
	return object{{"properties", props}}
}

// oneOf is the condition that one member of names is there; or none, when it may be.
func oneOf(names []string, orNone bool) object {
	var list []any
	for _, k := range names {
		list = append(list, object{{"required", []string{k}}})
	}
	if orNone {
		list = append(list, object{{"not", object{{"anyOf", slices.Clone(list)}}}})
	}
	return object{{"oneOf", list}}
}

func conjunction(all []any) object {
	if len(all) == 1 {
		return all[0].(object)
	}
	return object{{"allOf", all}}
}

// keys are the members that stand for the elements of p.
func keys(s *shape.Shape, p *xsd.Particle) []string {
	if p == nil || p.Max == 0 {
		return nil
	}
	var all []string
	if p.Kind == xsd.One {
		for _, e := range standing(p.Element) {
			if f := s.Element(e.Name); f != nil {
				all = append(all, f.Key)
			}
		}
	}
	for _, c := range p.Children {
		all = append(all, keys(s, c)...)
	}
	return all
}

// standing lists the elements that may stand where e is named.
func standing(e *xsd.Element) []*xsd.Element {
	if e.Abstract {
		return e.Substitutes
	}
	return append([]*xsd.Element{e}, e.Substitutes...)
}

// emptiable reports whether no element at all fits p.
func emptiable(p *xsd.Particle) bool {
	switch {
	case p.Min == 0 || p.Max == 0:
		return true
	case p.Kind == xsd.One || p.Kind == xsd.Any:
		return false
	case p.Kind == xsd.Choice:
		return len(p.Children) == 0 || slices.ContainsFunc(p.Children, emptiable)
	}
	return !slices.ContainsFunc(p.Children, func(c *xsd.Particle) bool { return !emptiable(c) })
}

func has(p *xsd.Particle, kind xsd.Kind) bool {
	return p.Kind == kind || slices.ContainsFunc(p.Children, func(c *xsd.Particle) bool { return has(c, kind) })
}

// occurs returns how often an element may stand. It is exact where the model names it once
// and no group around it repeats.
func occurs(p *xsd.Particle, name xsd.Name) (lo, hi int, exact bool) {
	places := 0
	var walk func(p *xsd.Particle, group bool)
	walk = func(p *xsd.Particle, group bool) {
		if p == nil || p.Max == 0 {
			return
		}
		if p.Kind == xsd.One {
			if all := standing(p.Element); slices.ContainsFunc(all, func(e *xsd.Element) bool { return e.Name == name }) {
				places++
				lo, hi, exact = p.Min, p.Max, !group && len(all) == 1
			}
			return
		}
		for _, c := range p.Children {
			walk(c, group || p.Max != 1)
		}
	}
	walk(p, false)
	return lo, hi, exact && places == 1
}

// model writes a content model as a DTD would: (a, (b | c)*, d?). Long ones are cut.
func model(p *xsd.Particle) string {
	var b strings.Builder
	write(&b, p)
	if text := b.String(); len(text) > 500 {
		return strings.ToValidUTF8(text[:500], "") + "..."
	}
	return b.String()
}

func write(b *strings.Builder, p *xsd.Particle) {
	if p == nil || p.Max == 0 || b.Len() > 500 {
		return
	}
	switch p.Kind {
	case xsd.One:
		b.WriteString(p.Element.Name.Local)
	case xsd.Any:
		b.WriteString("any")
	default:
		b.WriteByte('(')
		for i, c := range p.Children {
			if i > 0 {
				b.WriteString(map[xsd.Kind]string{xsd.Sequence: ", ", xsd.Choice: " | ", xsd.All: " & "}[p.Kind])
			}
			write(b, c)
		}
		b.WriteByte(')')
	}
	switch {
	case p.Min == 0 && p.Max == 1:
		b.WriteByte('?')
	case p.Min == 0 && p.Max == xsd.Unbounded:
		b.WriteByte('*')
	case p.Min == 1 && p.Max == xsd.Unbounded:
		b.WriteByte('+')
	case p.Max == xsd.Unbounded:
		b.WriteString("{" + strconv.Itoa(p.Min) + ",}")
	case p.Min != 1 || p.Max != 1:
		b.WriteString("{" + strconv.Itoa(p.Min) + "," + strconv.Itoa(p.Max) + "}")
	}
}
