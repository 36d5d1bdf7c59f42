package routes

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// mapping reads a mapping into a struct, in the order of the struct's fields, so
// that defaults are known before the routes are read.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "is "+kindName(n)+", not a mapping", "write key: value pairs")
		return
	}
	fields := fieldsOf(v.Type())
	values := make(map[string]*yaml.Node, len(n.Content)/2)
	var meant []string // keys that unknown ones were probably meant to be
	d.pairs(n, path, func(key, value *yaml.Node) {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.key == key.Value }) {
			meant = append(meant, d.unknown(key, path, v.Type(), fields))
			return
		}
		values[key.Value] = value
	})
	for _, f := range fields {
		at := join(path, f.key)
		value, ok := values[f.key]
		switch {
		case ok:
			d.field(value, v.FieldByIndex(f.index), f, at)
		case slices.Contains(meant, f.key):
			d.spoil(d.file, at)
		case f.need && !d.bad[spot{d.file, path}]:
			d.fail(n, at, "is missing", "add "+f.key+": "+firstSentence(f.doc))
		}
		if f.key == "defaults" {
			d.prototypes[reflect.TypeFor[Policy]()] = v.FieldByIndex(f.index)
		}
	}
}

// field reads the value of one key.
func (d *decoder) field(n *yaml.Node, v reflect.Value, f field, path string) {
	switch {
	case f.enum == nil, n.Tag == "!!null", n.Style&yaml.TaggedStyle != 0:
		d.decode(n, v, path)
	case v.Kind() == reflect.Slice:
		d.sequence(n, v, path, f.enum)
	default:
		d.choice(n, v, f.enum, path)
	}
}

// choice reads a text that must be one of a few.
func (d *decoder) choice(n *yaml.Node, v reflect.Value, enum []string, path string) {
	before := len(d.errs)
	d.decode(n, v, path)
	if len(d.errs) > before || slices.Contains(enum, n.Value) {
		return
	}
	d.fail(n, path, strconv.Quote(n.Value)+" is not known", either(suggest(n.Value, enum), "write one of "+strings.Join(enum, ", ")))
}

// pairs calls do for each key of a mapping, once: duplicates are reported.
func (d *decoder) pairs(n *yaml.Node, path string, do func(key, value *yaml.Node)) {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch line, dup := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.note(key, path, "has a key that is "+kindName(key), "write a plain name")
		case key.Tag == "!!merge": // what it would bring is not known
			d.fail(key, path, "merge keys (<<) are not read", "use defaults, or shared targets")
		case key.Tag == "!!null", key.Value == "":
			d.note(key, path, "has an empty key", "write a name before the colon")
		case dup:
			d.note(key, join(path, key.Value), fmt.Sprintf("is given twice, first in line %d", line), "remove one")
			if path == "" {
				d.lose(key.Value)
			}
		default:
			seen[key.Value] = key.Line
			do(key, value)
		}
	}
}

// unknown reports a key and returns the one that was probably meant, "" for none.
func (d *decoder) unknown(key *yaml.Node, path string, t reflect.Type, fields []field) string {
	keys := keysOf(fields)
	meant := closest(key.Value, keys)
	what, fix := "unknown key", "keys here are "+strings.Join(keys, ", ")
	switch main := keysOf(fieldsOf(reflect.TypeFor[Table]())); {
	case t == reflect.TypeFor[Content]() && slices.Contains(main, key.Value):
		what, fix, meant = "does not belong into an included file", "move it into the file that includes this one", ""
	case meant != "":
		fix = didYouMean(meant)
	}
	d.fail(key, join(path, key.Value), what, fix)
	return meant
}

// sequence reads a list; enum names what its items may be, nil for anything.
func (d *decoder) sequence(n *yaml.Node, v reflect.Value, path string, enum []string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "is "+kindName(n)+", not a list", "write [a, b], or one item a line with a dash")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	proto := d.prototype(v.Type().Elem())
	texts := map[string]bool{}
	for i, item := range n.Content {
		at, to := index(path, i), out.Index(i)
		to.Set(proto)
		switch {
		case to.Kind() != reflect.String:
			d.decode(item, to, at)
			continue
		case enum != nil:
			d.choice(item, to, enum, at)
		default:
			d.decode(item, to, at)
		}
		if text := to.String(); text != "" && texts[text] {
			d.fail(item, at, strconv.Quote(text)+" is listed twice", "remove one")
		}
		texts[to.String()] = true
	}
	v.Set(out)
}

// named reads a mapping whose keys are names.
func (d *decoder) named(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "is "+kindName(n)+", not a mapping of names", "write name: value pairs")
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	d.pairs(n, path, func(key, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		item.Set(d.prototype(item.Type()))
		d.decode(value, item, join(path, key.Value))
		out.SetMapIndex(reflect.ValueOf(key.Value), item)
	})
	v.Set(out)
}
