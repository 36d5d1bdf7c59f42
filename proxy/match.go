package proxy

import (
	"slices"
	"strings"

	"twohop/routes"
)

// node is one level of the path tree. Matching walks it segment by segment: its time
// depends on the depth of the path, not on the number of routes.
type node struct {
	literals map[string]*node
	variable *node
	exact    []*route // end here; those that name a SOAPAction first
	prefix   []*route // end in /* here
}

// tree matches by host, then by path.
type tree struct {
	hosts map[string]*node
	any   *node
	known *node // the literals that paths begin with, of every host
}

func newTree() *tree { return &tree{hosts: map[string]*node{}, any: &node{}, known: &node{}} }

func (t *tree) add(r *route, hosts []string) {
	known := t.known
	for _, s := range r.pattern.Segments {
		if s.Var != "" {
			break
		}
		known = known.child(s)
	}
	if len(hosts) == 0 {
		t.any.add(r)
	}
	for _, h := range hosts {
		if t.hosts[h] == nil {
			t.hosts[h] = &node{}
		}
		t.hosts[h].add(r)
	}
}

func (n *node) add(r *route) {
	for _, s := range r.pattern.Segments {
		n = n.child(s)
	}
	list := &n.exact
	if r.pattern.Prefix {
		list = &n.prefix
	}
	*list = append(*list, r)
	slices.SortStableFunc(*list, func(a, b *route) int { return rank(a) - rank(b) })
}

func rank(r *route) int {
	if len(r.actions) > 0 {
		return 0
	}
	return 1
}

func (n *node) child(s routes.Segment) *node {
	if s.Var != "" {
		if n.variable == nil {
			n.variable = &node{}
		}
		return n.variable
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	c := n.literals[s.Literal]
	if c == nil {
		c = &node{}
		n.literals[s.Literal] = c
	}
	return c
}

// match is one search: what the call is, and what was found.
type match struct {
	method, action string
	depth          int      // segments before what a prefix leaves
	vars           []string // values of the variables, decoded, from the left
	methods        []string // of routes that match but for the method
	near           *route   // the most specific of them
}

// find returns the most specific route for host and path, nil for none. path starts
// with a slash and is decoded and canonical.
func (t *tree) find(host, path string, m *match) *route {
	if path == "/" {
		path = ""
	}
	if n := t.hosts[host]; n != nil {
		if r := n.find(path, 0, m); r != nil {
			return r
		}
	}
	return t.any.find(path, 0, m)
}

// find tries the literal before the variable before the prefix, so that the first
// route that fits is the most specific.
func (n *node) find(rest string, depth int, m *match) *route {
	if rest == "" {
		if r := m.pick(n.exact, depth); r != nil {
			return r
		}
		return m.pick(n.prefix, depth)
	}
	segment, tail := rest[1:], ""
	if i := strings.IndexByte(segment, '/'); i >= 0 {
		segment, tail = segment[:i], segment[i:]
	}
	c := n.literals[segment]
	if bare, _, params := strings.Cut(segment, ";"); c == nil && params {
		c = n.literals[bare] // servers take parameters off, so they must not lead past a literal
	}
	if c != nil {
		if r := c.find(tail, depth+1, m); r != nil {
			return r
		}
	}
	if n.variable != nil && segment != "" {
		m.vars = append(m.vars, segment)
		if r := n.variable.find(tail, depth+1, m); r != nil {
			return r
		}
		m.vars = m.vars[:len(m.vars)-1]
	}
	return m.pick(n.prefix, depth)
}

func (m *match) pick(list []*route, depth int) *route {
	for _, r := range list {
		if len(r.actions) > 0 && !slices.Contains(r.actions, m.action) {
			continue
		}
		if !slices.Contains(r.methods, m.method) {
			m.methods = append(m.methods, r.methods...)
			if m.near == nil {
				m.near = r
			}
			continue
		}
		m.depth = depth
		return r
	}
	return nil
}
