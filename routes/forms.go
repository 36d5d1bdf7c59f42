package routes

import (
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// Callers is who may use a route: a list of names, or a map from caller to target,
// so that a sandbox restored from production cannot reach production's target.
type Callers struct {
	Names   []string          // in the order of the file
	Targets map[string]string // caller to target; nil for the list form
}

// Anyone reports whether the route asks for no credential.
func (c Callers) Anyone() bool { return slices.Contains(c.Names, Anyone) }

func (c *Callers) decodeNode(d *decoder, n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.SequenceNode:
		d.sequence(n, reflect.ValueOf(&c.Names).Elem(), path, nil)
	case yaml.MappingNode:
		c.Targets = map[string]string{}
		d.pairs(n, path, func(key, value *yaml.Node) {
			var target string
			d.decode(value, reflect.ValueOf(&target).Elem(), join(path, key.Value))
			c.Names = append(c.Names, key.Value)
			c.Targets[key.Value] = target
		})
	default:
		d.fail(n, path, "is a single value, not a list or a map", "write [name], {name: target} or [anyone]")
	}
}

// TargetRef is the name of a shared target, or a target written in place.
type TargetRef struct {
	Name   string
	Inline *Target
}

func (r *TargetRef) decodeNode(d *decoder, n *yaml.Node, path string) {
	switch n.Kind {
	case yaml.ScalarNode:
		r.Name, _ = d.scalar(n, path, "the name of a target")
	case yaml.SequenceNode:
		d.fail(n, path, "is a list, not a target", "write the name of a target, or {url: ...}")
	default:
		d.decode(n, reflect.ValueOf(&r.Inline).Elem(), path)
	}
}
