package capture

import (
	"errors"
	"strings"
)

// path is a JSON path: a subset of RFC 9535 with names, * and .. in it. Lists are stepped
// through without being named, so that $.items.pin is found in a list of items too.
type path []step

type step struct {
	name string
	any  bool // *: every name
	deep bool // ..: at any depth
}

// parsePath reads $.a.b, $['a b'], $.*, $..a; [*] says what holds anyway.
func parsePath(text string) (path, error) {
	var p path
	rest := strings.TrimPrefix(text, "$")
	for rest != "" {
		var s step
		if s.deep = strings.HasPrefix(rest, ".."); s.deep {
			rest = rest[1:]
		}
		switch {
		case strings.HasPrefix(rest, "[*]") && !s.deep:
			rest = rest[3:]
			continue
		case strings.HasPrefix(rest, "['"):
			name, after, closed := strings.Cut(rest[2:], "']")
			if !closed {
				return nil, errors.New("['name'] is not closed")
			}
			s.name, rest = name, after
			if strings.ContainsAny(s.name, `\'`) {
				return nil, errors.New("a quote or backslash stands in a name")
			}
		case strings.HasPrefix(rest, "."):
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			s.name, rest = rest[:end], rest[end:]
			if strings.ContainsAny(s.name, ` ]'"$@?(),:\`) {
				return nil, errors.New("a name with other than letters, digits, - and _ is written ['name']")
			}
			s.any = s.name == "*"
		default:
			return nil, errors.New("a step begins with neither a dot nor ['")
		}
		if s.name == "" {
			return nil, errors.New("a name is empty")
		}
		p = append(p, s)
	}
	switch {
	case len(p) > longestPath:
		return nil, errors.New("it has too many steps")
	case len(p) == 0:
		return nil, errors.New("it is the whole body; leave the media type out instead")
	}
	return p, nil
}

// longestPath is what a set of states has room for.
const longestPath = 60

// matcher follows the keys from the top of a document down to a value, for all paths at
// once: of each path and level it keeps how many steps may have been taken, as bits. Its
// time does not depend on the depth.
type matcher struct {
	paths  []path
	states []uint64 // len(paths) for each level
}

func newMatcher(paths []path) *matcher {
	m := &matcher{paths: paths}
	for range paths {
		m.states = append(m.states, 1)
	}
	return m
}

// push goes down to the value of name, and reports whether a path ends there. Case does
// not count: many readers of JSON take Pin for pin.
func (m *matcher) push(name string) (hit bool) {
	above := m.states[len(m.states)-len(m.paths):]
	for i, p := range m.paths {
		var next uint64
		for n, s := range p {
			if above[i]>>n&1 == 0 {
				continue
			}
			if s.deep {
				next |= 1 << n
			}
			if s.any || strings.EqualFold(s.name, name) {
				next |= 1 << (n + 1)
			}
		}
		m.states = append(m.states, next)
		hit = hit || next>>len(p)&1 == 1
	}
	return hit
}

// pop goes back up.
func (m *matcher) pop() { m.states = m.states[:len(m.states)-len(m.paths)] }
