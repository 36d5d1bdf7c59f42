package proxy

import (
	"net/url"
	"strconv"
	"strings"

	"twohop/audit"
)

// mostHidden is how many segments of a path that no route matched are recorded beside
// those that routes name: a stranger may send any number.
const mostHidden = 8

// unmatched returns what is recorded of a path that no route matched, which may hold a
// variable's value or a credential: the segments that routes name, those of the route that
// takes other methods first; of the others only their HMACs, by their number in the path.
// Empty and dot segments, which tell nothing, stand as they are.
func (c *call) unmatched() (path string, variables audit.Variables) {
	escaped := c.r.URL.EscapedPath()
	if escaped == "" || escaped == "*" {
		return escaped, ""
	}
	near, known, hidden, number := c.match.near, c.tree.known, 0, 0
	var b strings.Builder
	var names, values []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(escaped, "/"), "/") {
		number++
		b.WriteByte('/')
		if value, err := url.PathUnescape(segment); err == nil {
			segment = value
		}
		name := strconv.Itoa(number)
		switch {
		case near != nil && number <= len(near.pattern.Segments):
			s := near.pattern.Segments[number-1]
			if s.Var == "" {
				b.WriteString(s.Literal)
				continue
			}
			name = s.Var
		case near == nil && known != nil && known.literals[segment] != nil:
			known = known.literals[segment]
			b.WriteString(segment)
			continue
		}
		known = nil
		if hidden++; hidden > mostHidden {
			b.WriteString("…")
			break
		}
		if segment == "" || segment == "." || segment == ".." {
			b.WriteString(segment)
			continue
		}
		b.WriteString("{" + name + "}")
		names, values = append(names, name), append(values, segment)
	}
	if names != nil {
		variables = c.deps.Secret.Variables(names, values)
	}
	return b.String(), variables
}
