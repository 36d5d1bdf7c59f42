package routes

import (
	"reflect"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// field is one key of a mapping, as the tags of its struct say.
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

func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
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

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(first, ".")
}
