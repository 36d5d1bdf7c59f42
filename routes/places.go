package routes

import (
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// places remembers where the file's parts are. Only the roots are kept; a place
// below them is found by walking the nodes when somebody asks.
type places struct {
	root   located
	named  map[spot]located // file is the section, path the name
	routes []located
	files  []string // as they were read, the main one first
}

type located struct {
	file  string
	node  *yaml.Node
	index int // of a route within its own file
}

// Position returns the place of the value at path ("routes[2].target.url"), or of
// its nearest parent when the file does not hold it. A block that begins on the line
// after its key stands where its key does.
func (t *Table) Position(path string) Position {
	at, rest := t.locate(splitPath(path))
	node := at.node
	for _, step := range rest {
		next := child(node, step)
		if next == nil {
			break
		}
		node = next
	}
	if node == nil {
		return Position{File: at.file, Line: 1, Column: 1}
	}
	return Position{at.file, node.Line, node.Column}
}

// has reports whether the file holds a value at path itself.
func (t *Table) has(path string) bool {
	at, rest := t.locate(splitPath(path))
	node := at.node
	for _, step := range rest {
		node = child(node, step)
	}
	return node != nil
}

// locate returns the nearest remembered place and the steps from there.
func (t *Table) locate(steps []string) (located, []string) {
	if len(steps) > 1 {
		if i, err := strconv.Atoi(steps[1]); err == nil && steps[0] == "routes" && i >= 0 && i < len(t.places.routes) {
			return t.places.routes[i], steps[2:]
		}
		if l, ok := t.places.named[spot{steps[0], steps[1]}]; ok {
			return l, steps[2:]
		}
	}
	return t.places.root, steps
}

// Error returns a mistake at path. The path shown counts routes as their own file
// does.
func (t *Table) Error(path, what, fix string) *Error {
	return &Error{Position: t.Position(path), Path: t.spot(path).path, What: what, Fix: fix}
}

// spot returns the file that path lies in, and path as that file counts routes.
func (t *Table) spot(path string) spot {
	s := spot{t.places.root.file, path}
	if rest, ok := strings.CutPrefix(path, "routes["); ok {
		number, tail, _ := strings.Cut(rest, "]")
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(t.places.routes) {
			at := t.places.routes[i]
			return spot{at.file, index("routes", at.index) + tail}
		}
		return s
	}
	for _, section := range sections {
		if strings.HasPrefix(path, section) {
			at, _ := t.locate(splitPath(path))
			s.file = at.file
		}
	}
	return s
}

// plainKey needs no quotes in a path.
var plainKey = regexp.MustCompile(`^[^.\[\]"\\\x00-\x20\x7f]+$`)

// join appends a key to a path: a.b, or a["b.c"] for a key that is not a plain word.
func join(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// splitPath undoes join and index.
func splitPath(path string) (steps []string) {
	for path != "" {
		if quoted, ok := strings.CutPrefix(path, `["`); ok {
			if prefix, err := strconv.QuotedPrefix(`"` + quoted); err == nil {
				step, _ := strconv.Unquote(prefix)
				steps = append(steps, step)
				path = strings.TrimPrefix(path[1+len(prefix):], "]")
				continue
			}
		}
		path = strings.TrimLeft(path, ".[]")
		end := strings.IndexAny(path, ".[]")
		if end < 0 {
			end = len(path)
		}
		if end > 0 {
			steps = append(steps, path[:end])
		}
		path = path[end:]
		path = strings.TrimPrefix(path, "]")
	}
	return steps
}

// child returns the value of a key or the item with a number, nil for none.
func child(n *yaml.Node, step string) *yaml.Node {
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// add records the places of one file's content. Of two with one name the first
// counts, as for the content.
func (p *places) add(file string, root *yaml.Node) {
	for _, section := range []string{"callers", "exceptions", "targets"} {
		if m := child(root, section); m != nil && m.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(m.Content); i += 2 {
				name := spot{section, m.Content[i].Value}
				if _, given := p.named[name]; !given {
					p.named[name] = located{file: file, node: m.Content[i+1]}
				}
			}
		}
	}
	if list := child(root, "routes"); list != nil && list.Kind == yaml.SequenceNode {
		for i, n := range list.Content {
			p.routes = append(p.routes, located{file, n, i})
		}
	}
}
