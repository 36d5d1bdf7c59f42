package routes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Pattern is a route's path. Of the routes that match a call in host, path, method
// and SOAPAction, the most specific wins: a named host before any host; then the
// path, segment by segment from the left, a literal before {name} before *; then a
// named SOAPAction before any.
type Pattern struct {
	Segments []Segment
	Prefix   bool // ends in /*: matches the path before it and everything below
}

// Segment is one part of a path between slashes: a literal (decoded), or a variable.
type Segment struct {
	Literal string
	Var     string // "" for a literal
}

var variable = regexp.MustCompile(`^\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// ParsePattern reads /exact/path, /prefix/* and /with/{name}. The error says what is
// wrong and, after a semicolon, the fix.
func ParsePattern(path string) (Pattern, error) {
	var p Pattern
	if !strings.HasPrefix(path, "/") {
		return p, &mistake{"does not start with a slash", "write /" + path, false}
	}
	parts := strings.Split(path[1:], "/")
	if parts[len(parts)-1] == "*" {
		p.Prefix, parts = true, parts[:len(parts)-1]
	} else if path == "/" {
		parts = nil
	}
	seen := map[string]bool{}
	for i, part := range parts {
		m := variable.FindStringSubmatch(part)
		switch {
		case m != nil && seen[m[1]]:
			return p, &mistake{"names {" + m[1] + "} twice", "give each segment a name of its own", false}
		case m != nil:
			seen[m[1]] = true
			p.Segments = append(p.Segments, Segment{Var: m[1]})
		case part == "" && (i < len(parts)-1 || p.Prefix):
			return p, &mistake{"has an empty segment (//)", "write one slash", false}
		case part == "." || part == "..":
			return p, &mistake{"has a dot segment", "write the path it stands for", false}
		case strings.ContainsAny(part, `{}*?#%\`) || strings.ContainsFunc(part, unicode.IsControl):
			return p, &mistake{fmt.Sprintf("segment %q is not plain", part), "* stands alone at the end, {name} is a whole segment, %XX is written as the character", false}
		default:
			p.Segments = append(p.Segments, Segment{Literal: part})
		}
	}
	return p, nil
}

// Vars returns the names of the variables, from the left.
func (p Pattern) Vars() []string {
	var names []string
	for _, s := range p.Segments {
		if s.Var != "" {
			names = append(names, s.Var)
		}
	}
	return names
}

// shape is equal for two patterns that match the same paths.
func (p Pattern) shape() string {
	var b strings.Builder
	for _, s := range p.Segments {
		b.WriteByte('/')
		if s.Var != "" {
			b.WriteString("{}")
		} else {
			b.WriteString(s.Literal)
		}
	}
	if p.Prefix {
		b.WriteString("/*")
	}
	return b.String()
}

// rank orders what a pattern has at segment i, the more specific first.
func (p Pattern) rank(i int) int {
	switch {
	case i < len(p.Segments) && p.Segments[i].Var != "":
		return 2
	case i < len(p.Segments):
		return 1
	case p.Prefix:
		return 3
	}
	return 0
}

// compare orders patterns by the rule: negative when p is tried before q. Patterns
// that match no path in common come in the order of their text.
func (p Pattern) compare(q Pattern) int {
	for i := 0; i <= max(len(p.Segments), len(q.Segments)); i++ {
		a, b := p.rank(i), q.rank(i)
		if a != b {
			return a - b
		}
		if a == 1 {
			if c := strings.Compare(p.Segments[i].Literal, q.Segments[i].Literal); c != 0 {
				return c
			}
		}
	}
	return 0
}

// Order returns the indexes of the routes in the order in which they are tried.
func (t *Table) Order() []int {
	order := make([]int, len(t.Routes))
	patterns := make([]Pattern, len(t.Routes))
	for i, r := range t.Routes {
		order[i] = i
		patterns[i], _ = ParsePattern(r.Path)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		ra, rb := &t.Routes[a], &t.Routes[b]
		if c := anyLast(ra.Hosts) - anyLast(rb.Hosts); c != 0 {
			return c
		}
		if c := patterns[a].compare(patterns[b]); c != 0 {
			return c
		}
		if c := anyLast(ra.SOAPActions) - anyLast(rb.SOAPActions); c != 0 {
			return c
		}
		return slices.Compare(ra.Hosts, rb.Hosts) // no call is for both
	})
	return order
}

// anyLast is 1 for an empty list, which stands for any, and 0 for one that names some.
func anyLast(list []string) int {
	if len(list) == 0 {
		return 1
	}
	return 0
}
