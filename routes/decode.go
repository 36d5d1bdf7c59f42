package routes

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// decoder turns the nodes of one file into values, collecting every mistake.
type decoder struct {
	file string // as the user named it; stands in positions
	dir  string // relative paths start here
	errs *ErrorList

	// prototypes holds, by type, the value that stands before the file's keys are
	// read: the defaults of the tags, and for Policy those of the file.
	prototypes map[reflect.Type]reflect.Value
}

// custom is a value with more than one form in the file.
type custom interface {
	decodeNode(d *decoder, n *yaml.Node, path string)
}

func (d *decoder) fail(n *yaml.Node, path, what, fix string) {
	*d.errs = append(*d.errs, &Error{Position: d.at(n), Path: path, What: what, Fix: fix})
}

func (d *decoder) at(n *yaml.Node) Position { return Position{d.file, n.Line, n.Column} }

// decode reads n into v, which holds its prototype already.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
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
		if text, ok := d.scalar(n, path, "a time span, for example 55s"); ok {
			var err error
			if *x, err = parseDuration(text); err != nil {
				d.failWith(n, path, err)
			}
		}
		return
	case encoding.TextUnmarshaler:
		if text, ok := d.scalar(n, path, "a single value"); ok {
			if err := x.UnmarshalText([]byte(text)); err != nil {
				d.failWith(n, path, err)
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
			d.existing(n, File(d.resolve(text)), x, path)
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
		d.sequence(n, v, path)
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
		i, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || i < 0 {
			d.fail(n, path, "is not a whole number", "write 0 or a positive number")
			return
		}
		v.SetInt(int64(i))
	default:
		panic("routes: no decoding for " + v.Type().String())
	}
}

// failWith reports an error whose text has the form "what; the fix".
func (d *decoder) failWith(n *yaml.Node, path string, err error) {
	what, fix, _ := strings.Cut(err.Error(), "; ")
	d.fail(n, path, what, fix)
}

// scalar returns the text of a scalar as it was written, so that 1.0 stays "1.0".
func (d *decoder) scalar(n *yaml.Node, path, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "is "+kindName(n)+", not "+want, "")
		return "", false
	}
	if strings.Contains(n.Value, "${") {
		d.fail(n, path, "${...} is not replaced here", "references stand only for secrets: in headers set and in via")
		return "", false
	}
	return n.Value, true
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

// mapping reads a mapping into a struct, in the order of the struct's fields, so
// that defaults are known before the routes are read.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "is "+kindName(n)+", not a mapping of keys", "")
		return
	}
	fields := fieldsOf(v.Type())
	values := make(map[string]*yaml.Node, len(n.Content)/2)
	d.pairs(n, path, func(key, value *yaml.Node) {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.key == key.Value }) {
			d.unknown(key, join(path, key.Value), fields)
			return
		}
		values[key.Value] = value
	})
	for _, f := range fields {
		value, ok := values[f.key]
		if !ok {
			if f.need {
				d.fail(n, join(path, f.key), "is missing", "add "+f.key+": "+firstSentence(f.doc))
			}
			continue
		}
		d.decode(value, v.FieldByIndex(f.index), join(path, f.key))
		d.enum(value, f, join(path, f.key))
		if f.key == "defaults" {
			d.prototypes[reflect.TypeFor[Policy]()] = v.FieldByIndex(f.index)
		}
	}
}

// pairs calls do for each key of a mapping, once: duplicates are reported.
func (d *decoder) pairs(n *yaml.Node, path string, do func(key, value *yaml.Node)) {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch line, dup := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.fail(key, path, "has a key that is "+kindName(key), "write a plain name")
		case key.Tag == "!!merge":
			d.fail(key, path, "merge keys (<<) are not read", "use defaults, or shared targets")
		case dup:
			d.fail(key, join(path, key.Value), fmt.Sprintf("is given twice, first in line %d", line), "remove one")
		default:
			seen[key.Value] = key.Line
			do(key, value)
		}
	}
}

func (d *decoder) unknown(key *yaml.Node, path string, fields []field) {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	fix := suggest(key.Value, keys)
	if fix == "" {
		fix = "keys here are " + strings.Join(keys, ", ")
	}
	d.fail(key, path, "unknown key", fix)
}

func (d *decoder) enum(n *yaml.Node, f field, path string) {
	if f.enum == nil {
		return
	}
	one := func(n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode || slices.Contains(f.enum, n.Value) {
			return
		}
		fix := suggest(n.Value, f.enum)
		if fix == "" {
			fix = "write one of " + strings.Join(f.enum, ", ")
		}
		d.fail(n, path, strconv.Quote(n.Value)+" is not known", fix)
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			one(item, index(path, i))
		}
		return
	}
	one(n, path)
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "is "+kindName(n)+", not a list", "write [a, b], or one item a line with a dash")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	proto := d.prototype(v.Type().Elem())
	for i, item := range n.Content {
		out.Index(i).Set(proto)
		d.decode(item, out.Index(i), index(path, i))
	}
	v.Set(out)
}

func (d *decoder) named(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "is "+kindName(n)+", not a mapping of names", "")
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

func (d *decoder) secret(n *yaml.Node, s *Secret, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "is "+kindName(n)+", not text", "")
		return
	}
	value, errs := expand(n.Value, d.lookup)
	for _, err := range errs {
		what, fix, _ := strings.Cut(err.Error(), "; ")
		*d.errs = append(*d.errs, &Error{Position: d.at(n), Path: path, What: what, Fix: fix, Unavailable: !errors.Is(err, errReference) && isolable(path)})
	}
	*s = value
}

// maxSecret bounds a secret's file.
const maxSecret = 64 << 10

func (d *decoder) lookup(kind, name string) (string, error) {
	if kind == "env" {
		v, ok := os.LookupEnv(name)
		if !ok || v == "" {
			return "", fmt.Errorf("environment variable %s is not set; set it where the broker starts", name)
		}
		return v, nil
	}
	data, err := os.ReadFile(d.resolve(name))
	switch {
	case err != nil:
		return "", fmt.Errorf("secret file cannot be read: %w; make the file readable for the broker", err)
	case len(data) > maxSecret:
		return "", fmt.Errorf("secret file %s is larger than 64 KiB; name the right file", name)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func (d *decoder) existing(n *yaml.Node, name File, to *File, path string) {
	*to = name
	switch info, err := os.Stat(string(name)); {
	case err != nil:
		*d.errs = append(*d.errs, &Error{Position: d.at(n), Path: path, What: "file cannot be read: " + err.Error(),
			Fix: "relative names start at the directory of " + d.file, Unavailable: isolable(path)})
	case info.IsDir():
		d.fail(n, path, string(name)+" is a directory", "name a file")
	}
}

// isolable reports whether a mistake at path leaves other routes whole.
func isolable(path string) bool {
	return strings.HasPrefix(path, "routes[") || strings.HasPrefix(path, "targets.") || strings.HasPrefix(path, "callers.")
}

func (d *decoder) resolve(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.dir, name)
}

// prototype returns the value of type t before any key is read.
func (d *decoder) prototype(t reflect.Type) reflect.Value {
	if p, ok := d.prototypes[t]; ok {
		return p
	}
	v := reflect.New(t).Elem()
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			f := t.Field(i)
			switch text := f.Tag.Get("default"); {
			case !f.IsExported():
			case text != "":
				d.decode(defaultNode(text), v.Field(i), t.Name()+"."+f.Name)
			case f.Type.Kind() == reflect.Struct:
				v.Field(i).Set(d.prototype(f.Type))
			}
		}
	}
	if t != reflect.TypeFor[Route]() { // a Route's prototype changes with the file's defaults
		d.prototypes[t] = v
	}
	return v
}

// defaultNode parses the text of a default tag.
func defaultNode(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		panic("routes: default " + text + ": " + err.Error())
	}
	return doc.Content[0]
}

// field is one key of a mapping.
type field struct {
	key, doc, text string // text is the default's
	need           bool
	enum           []string
	index          []int
	typ            reflect.Type
}

var fieldCache sync.Map // reflect.Type -> []field; derived from the types alone

// fieldsOf returns the keys of a struct, those of embedded structs too.
func fieldsOf(t reflect.Type) []field {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.([]field)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		key := f.Tag.Get("key")
		if key == "" {
			continue
		}
		var enum []string
		if list := f.Tag.Get("enum"); list != "" {
			enum = strings.Split(list, ",")
		}
		fields = append(fields, field{key, f.Tag.Get("doc"), f.Tag.Get("default"), f.Tag.Get("need") == "yes", enum, f.Index, f.Type})
	}
	fieldCache.Store(t, fields)
	return fields
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(first, ".")
}
