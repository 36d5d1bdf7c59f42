package routes

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// places remembers where the file's parts are. Only the roots are kept; a place
// below them is found by walking the nodes when somebody asks.
type places struct {
	root   located
	named  map[string]located // "targets.wms"
	routes []located
}

type located struct {
	file  string
	node  *yaml.Node
	index int // of a route within its own file
}

// Position returns the place of the value at path ("routes[2].target.url"), or of
// its nearest parent when the file does not hold it.
func (t *Table) Position(path string) Position {
	steps := splitPath(path)
	at, rest := t.places.root, steps
	if len(steps) > 1 {
		if i, err := strconv.Atoi(steps[1]); err == nil && steps[0] == "routes" && i < len(t.places.routes) {
			at, rest = t.places.routes[i], steps[2:]
		} else if l, ok := t.places.named[steps[0]+"."+steps[1]]; ok {
			at, rest = l, steps[2:]
		}
	}
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

// Error returns a mistake at path. The path shown counts routes as their own file
// does.
func (t *Table) Error(path, what, fix string) *Error {
	shown := path
	if rest, ok := strings.CutPrefix(path, "routes["); ok {
		number, tail, _ := strings.Cut(rest, "]")
		if i, err := strconv.Atoi(number); err == nil && i < len(t.places.routes) {
			shown = index("routes", t.places.routes[i].index) + tail
		}
	}
	return &Error{Position: t.Position(path), Path: shown, What: what, Fix: fix}
}

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

func child(n *yaml.Node, step string) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// add records the places of one file's content.
func (p *places) add(file string, root *yaml.Node) {
	for _, section := range []string{"callers", "exceptions", "targets"} {
		if m := child(root, section); m != nil && m.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(m.Content); i += 2 {
				p.named[section+"."+m.Content[i].Value] = located{file: file, node: m.Content[i+1]}
			}
		}
	}
	if list := child(root, "routes"); list != nil && list.Kind == yaml.SequenceNode {
		for i, n := range list.Content {
			p.routes = append(p.routes, located{file, n, i})
		}
	}
}
