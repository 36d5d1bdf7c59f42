package routes

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"time"
)

// Schema returns the JSON Schema (draft 2020-12) of routes.yaml, made from the tags
// that the decoder reads, for editors and pipelines.
func Schema() []byte {
	b := schemaBuilder{defs: map[string]any{}}
	root := b.object(reflect.TypeFor[Table]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "twohop routes.yaml"
	root["$defs"] = b.defs
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic("routes: schema: " + err.Error()) // maps, strings and bools always encode
	}
	return out.Bytes()
}

type schemaBuilder struct{ defs map[string]any }

// textForms describes the scalars that are written as text. YAML reads some of them
// as a number when they stand without quotes.
var textForms = map[reflect.Type]map[string]any{
	reflect.TypeFor[time.Duration](): {"type": []string{"string", "integer"}, "pattern": spanForm.String(), "minimum": 0, "maximum": 0,
		"x-unit": "time span: ms, s, m, h or d", "examples": []string{"55s"}},
	reflect.TypeFor[Size](): {"type": []string{"string", "integer"}, "pattern": sizeForm.String(), "minimum": 0,
		"x-unit": "bytes: KiB, MiB, GiB, KB, MB or GB", "examples": []string{"64KiB"}},
	reflect.TypeFor[Rate]():    {"type": "string", "pattern": rateForm.String(), "x-unit": "calls per s, m, h or d", "examples": []string{"5000/h"}},
	reflect.TypeFor[Network](): {"type": "string", "pattern": "^[0-9a-fA-F.:]+(/[0-9]+)?$", "x-unit": "network: address/bits", "examples": []string{"203.0.113.0/24"}},
	reflect.TypeFor[Version](): {"enum": []any{"1.0", "1.1", "1.2", "1.3", 1.0, 1.1, 1.2, 1.3},
		"x-unit": "TLS version"},
	reflect.TypeFor[Day]():  {"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, "x-unit": "day, UTC", "examples": []string{"2027-03-31"}},
	reflect.TypeFor[Path](): {"type": []string{"string", "number"}, "minLength": 1, "x-unit": "path, relative to the file's directory"},
	reflect.TypeFor[File](): {"type": []string{"string", "number"}, "minLength": 1, "x-unit": "existing file, relative to the file's directory"},
	reflect.TypeFor[Secret](): {"type": []string{"string", "number"}, "x-unit": "text with ${env:NAME} and ${file:PATH}",
		"examples": []string{"${file:/run/secrets/key}"}},
}

func text() map[string]any {
	return map[string]any{"type": []string{"string", "number"}, "minLength": 1}
}

func (b *schemaBuilder) of(t reflect.Type) map[string]any {
	if form, ok := textForms[t]; ok {
		return maps.Clone(form)
	}
	switch t {
	case reflect.TypeFor[Callers]():
		return map[string]any{"oneOf": []any{b.of(reflect.TypeFor[[]string]()), b.of(reflect.TypeFor[map[string]string]())}}
	case reflect.TypeFor[TargetRef]():
		return map[string]any{"oneOf": []any{text(), b.of(reflect.TypeFor[Target]())}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.of(t.Elem())
	case reflect.Struct:
		if _, done := b.defs[t.Name()]; !done {
			b.defs[t.Name()] = b.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": b.of(t.Elem()), "uniqueItems": t.Elem().Kind() == reflect.String}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": b.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0, "maximum": math.MaxInt32}
	case reflect.String:
		return text()
	}
	panic("routes: no schema for " + t.String())
}

func (b *schemaBuilder) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fieldsOf(t) {
		s := b.of(f.typ)
		s["description"] = f.doc
		if f.text != "" {
			s["default"] = defaultValue(f.text)
		}
		if f.enum != nil {
			if items, ok := s["items"].(map[string]any); ok {
				items["enum"] = f.enum
			} else {
				s["enum"] = f.enum
			}
		}
		if f.need {
			required = append(required, f.key)
		}
		properties[f.key] = s
	}
	o := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	if t == reflect.TypeFor[Target]() {
		o["oneOf"] = []any{map[string]any{"required": []string{"url"}}, map[string]any{"required": []string{"urls"}}}
	}
	return o
}

// defaultValue gives the text of a default tag the type it has in YAML.
func defaultValue(text string) any {
	var v any
	if err := defaultNode(text).Decode(&v); err != nil {
		return text
	}
	return v
}
