package routes

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// decoder turns the nodes of one file into values, collecting every mistake.
type decoder struct {
	*report
	file    string // as the user named it; stands in positions
	dir     string // relative paths start here
	digests digests

	// prototypes holds, by type, the value that stands before the file's keys are
	// read: the defaults of the tags, and for Policy those of the file.
	prototypes map[reflect.Type]reflect.Value
}

// custom is a value with more than one form in the file.
type custom interface {
	decodeNode(d *decoder, n *yaml.Node, path string)
}

func (d *decoder) fail(n *yaml.Node, path, what, fix string) {
	d.addMistake(n, path, &mistake{what, fix, false})
}

// note reports a mistake that leaves the value at path readable.
func (d *decoder) note(n *yaml.Node, path, what, fix string) {
	d.errs = append(d.errs, &Error{Position: d.at(n), Path: path, What: what, Fix: fix})
}

func (d *decoder) addMistake(n *yaml.Node, path string, m *mistake) {
	d.add(&Error{Position: d.at(n), Path: path, What: m.what, Fix: m.fix, Unavailable: m.runtime && isolable(path)})
}

func (d *decoder) at(n *yaml.Node) Position { return Position{d.file, n.Line, n.Column} }

// decode reads n into v, which holds its prototype already.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		d.fail(n, path, "has a tag "+strconv.Quote(n.Tag), "remove it; tags are not read")
		return
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.fail(n, path, "has no value", "write one or remove the key")
		return
	}
	switch x := v.Addr().Interface().(type) {
	case custom:
		x.decodeNode(d, n, path)
		return
	case *Secret:
		d.secret(n, x, path)
		return
	case *time.Duration:
		if text, ok := d.scalar(n, path, "a time span"); ok {
			var err error
			if *x, err = parseDuration(text); err != nil {
				d.addMistake(n, path, asMistake(err))
			}
		}
		return
	case encoding.TextUnmarshaler:
		if text, ok := d.scalar(n, path, "a single value"); ok {
			if err := x.UnmarshalText([]byte(text)); err != nil {
				d.addMistake(n, path, asMistake(err))
			}
		}
		return
	case *Path:
		if text, ok := d.scalar(n, path, "a path"); ok {
			*x = Path(d.resolve(text))
		}
		return
	case *File:
		if text, ok := d.scalar(n, path, "a file name"); ok {
			d.existing(n, text, x, path)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		v.Elem().Set(d.prototype(v.Type().Elem()))
		d.decode(n, v.Elem(), path)
	case reflect.Struct:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.sequence(n, v, path, nil)
	case reflect.Map:
		d.named(n, v, path)
	case reflect.String:
		if text, ok := d.scalar(n, path, "text"); ok {
			v.SetString(text)
		}
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			d.fail(n, path, "is not true or false", "write true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int:
		// 010 and 1_000 mean something else to YAML than to a reader.
		i, err := strconv.ParseInt(n.Value, 10, 32)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || i < 0 || strconv.FormatInt(i, 10) != n.Value {
			d.fail(n, path, "is not a whole number", "write 0 or a positive number, without quotes")
			return
		}
		v.SetInt(i)
	default:
		panic("routes: no decoding for " + v.Type().String())
	}
}

// text returns the text of a scalar as it was written, so that 1.0 stays "1.0".
func (d *decoder) text(n *yaml.Node, path, want string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.fail(n, path, "is "+kindName(n)+", not "+want, "write one value")
		return "", false
	case n.Tag == "!!bool":
		d.fail(n, path, "is true or false, not "+want, "put it into quotes if it is meant so")
		return "", false
	}
	return n.Value, true
}

// scalar returns a text that is no secret and not empty.
func (d *decoder) scalar(n *yaml.Node, path, want string) (string, bool) {
	text, ok := d.text(n, path, want)
	switch {
	case !ok:
		return "", false
	case strings.Contains(text, "${"):
		d.fail(n, path, "${...} is not replaced here", "references stand only for secrets: in headers set and in via")
		return "", false
	case text == "":
		d.fail(n, path, "is empty", "write a value or remove the key")
		return "", false
	}
	return text, true
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}
