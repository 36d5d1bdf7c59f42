package routes

import (
	"maps"
	"slices"
	"strings"
)

// Which calls two routes have in common: a route that comes or widens may take calls
// from another, and one that goes or narrows leaves its calls to the next.

func (s Segment) covers(o Segment) bool {
	if s.Var != "" {
		return o.Var != "" || o.Literal != ""
	}
	return o.Var == "" && s.Literal == o.Literal
}

// covers reports whether p matches every path that q matches.
func (p Pattern) covers(q Pattern) bool {
	n := len(p.Segments)
	if len(q.Segments) < n || !p.Prefix && (q.Prefix || len(q.Segments) > n) {
		return false
	}
	for i, s := range p.Segments {
		if !s.covers(q.Segments[i]) {
			return false
		}
	}
	return true
}

// overlaps reports whether some path matches both.
func (p Pattern) overlaps(q Pattern) bool {
	n, m := len(p.Segments), len(q.Segments)
	if n < m && !p.Prefix || m < n && !q.Prefix {
		return false
	}
	for i := range min(n, m) {
		if !p.Segments[i].covers(q.Segments[i]) && !q.Segments[i].covers(p.Segments[i]) {
			return false
		}
	}
	return true
}

// entry is a route in a routeMap.
type entry struct {
	*Route
	pattern Pattern
}

func newEntry(r *Route) entry {
	p, _ := ParsePattern(r.Path)
	return entry{r, p}
}

// covers reports whether e takes every call that f takes.
func (e entry) covers(f entry) bool {
	return within(f.Hosts, e.Hosts) && within(f.SOAPActions, e.SOAPActions) && len(minus(f.Methods, e.Methods)) == 0 && e.pattern.covers(f.pattern)
}

// meets reports whether some call would fit both, their paths aside.
func (e entry) meets(f entry) bool {
	return common(e.Hosts, f.Hosts) && common(e.SOAPActions, f.SOAPActions) && len(minus(e.Methods, f.Methods)) < len(e.Methods)
}

func common(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || len(minus(a, b)) < len(a)
}

// precedes reports whether e is tried before f, or in its place, for a call that fits
// both.
func (e entry) precedes(f entry) bool {
	if c := anyLast(e.Hosts) - anyLast(f.Hosts); c != 0 {
		return c < 0
	}
	for i := 0; i <= max(len(e.pattern.Segments), len(f.pattern.Segments)); i++ {
		if c := e.pattern.rank(i) - f.pattern.rank(i); c != 0 {
			return c < 0
		}
	}
	return anyLast(e.SOAPActions) <= anyLast(f.SOAPActions)
}

// routeMap finds the routes whose paths meet a pattern, without looking at all.
type routeMap struct{ named, any *branch } // by whether they name hosts

type branch struct {
	literals map[string]*branch
	variable *branch
	exact    []entry
	prefix   []entry
}

func newMap(t *Table) routeMap {
	m := routeMap{&branch{}, &branch{}}
	for i := range t.Routes {
		e := newEntry(&t.Routes[i])
		b := m.named
		if len(e.Hosts) == 0 {
			b = m.any
		}
		for _, s := range e.pattern.Segments {
			b = b.grow(s)
		}
		if e.pattern.Prefix {
			b.prefix = append(b.prefix, e)
		} else {
			b.exact = append(b.exact, e)
		}
	}
	return m
}

func (b *branch) grow(s Segment) *branch {
	if s.Var != "" {
		if b.variable == nil {
			b.variable = &branch{}
		}
		return b.variable
	}
	if b.literals == nil {
		b.literals = map[string]*branch{}
	}
	if b.literals[s.Literal] == nil {
		b.literals[s.Literal] = &branch{}
	}
	return b.literals[s.Literal]
}

// behind visits the routes that e is tried before and has paths in common with, the
// most specific first, until visit says false.
func (m routeMap) behind(e entry, visit func(entry) bool) {
	if len(e.Hosts) == 0 {
		m.any.walk(e.pattern, 0, true, visit)
	} else if m.named.walk(e.pattern, 0, true, visit) {
		m.any.walk(e.pattern, 0, false, visit)
	}
}

// walk visits what meets p below b, which stands at segment i; with behind only what
// comes after p. It returns false when visit did.
func (b *branch) walk(p Pattern, i int, behind bool, visit func(entry) bool) bool {
	if b == nil {
		return true
	}
	if i >= len(p.Segments) {
		if !p.Prefix {
			return visitAll(b.exact, visit) && visitAll(b.prefix, visit)
		}
		return (behind || b.walkAll(visit)) && (!behind || visitAll(b.prefix, visit))
	}
	if s := p.Segments[i]; s.Var == "" {
		if !b.literals[s.Literal].walk(p, i+1, behind, visit) {
			return false
		}
		if s.Literal != "" && !b.variable.walk(p, i+1, false, visit) {
			return false
		}
	} else {
		if !behind {
			for _, literal := range slices.Sorted(maps.Keys(b.literals)) {
				if literal != "" && !b.literals[literal].walk(p, i+1, false, visit) {
					return false
				}
			}
		}
		if !b.variable.walk(p, i+1, behind, visit) {
			return false
		}
	}
	return visitAll(b.prefix, visit)
}

func (b *branch) walkAll(visit func(entry) bool) bool {
	for _, literal := range slices.Sorted(maps.Keys(b.literals)) {
		if !b.literals[literal].walkAll(visit) {
			return false
		}
	}
	return (b.variable == nil || b.variable.walkAll(visit)) && visitAll(b.exact, visit) && visitAll(b.prefix, visit)
}

func visitAll(list []entry, visit func(entry) bool) bool {
	for _, e := range list {
		if !visit(e) {
			return false
		}
	}
	return true
}

// takes says whose calls a new or wider route takes, and what that does to them.
func (d *differ) takes(p pair, was routeMap) {
	now := newEntry(p.now)
	if p.old != nil {
		if old := newEntry(p.old); old.covers(now) && !now.outranks(old) {
			return
		}
	}
	was.behind(now, func(other entry) bool {
		if other.Route == p.old || !now.meets(other) || !now.precedes(other) {
			return true
		}
		d.instead("takes calls of route "+other.Name, other.Route, p.now)
		return !other.covers(now)
	})
}

// outranks reports whether e is tried earlier than f for the same call.
func (e entry) outranks(f entry) bool { return e.precedes(f) && !f.precedes(e) }

// leaves says who takes the calls that a route no longer takes.
func (d *differ) leaves(p pair, is routeMap) {
	old := newEntry(p.old)
	if p.now != nil {
		if now := newEntry(p.now); now.covers(old) && !old.outranks(now) {
			return
		}
	}
	is.behind(old, func(other entry) bool {
		if other.Route == p.now || !old.meets(other) || !old.precedes(other) {
			return true
		}
		d.instead("leaves calls to route "+other.Name, p.old, other.Route)
		return !other.covers(old)
	})
}

// instead reports calls that another route treats from now on.
func (d *differ) instead(what string, old, now *Route) {
	sub := &differ{before: d.before, after: d.after}
	sub.about("")
	sub.treatment(old, now)
	var weaker []string
	for _, c := range sub.changes {
		if c.Weaker {
			weaker = append(weaker, c.What)
		}
	}
	if len(weaker) > 0 {
		what += ": " + strings.Join(weaker, "; ")
	}
	d.add(len(weaker) > 0, "%s", what)
}
