package routes

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
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

// textForm describes a scalar that is written as text.
type textForm struct{ pattern, unit, example string }

var textForms = map[reflect.Type]textForm{
	reflect.TypeFor[time.Duration](): {`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^[0-9]+d$|^0$`, "time span: ms, s, m, h or d", "55s"},
	reflect.TypeFor[Size]():          {`^[0-9]+ *(B|KiB|MiB|GiB|KB|MB|GB)?$`, "bytes: KiB, MiB, GiB, KB, MB or GB", "64KiB"},
	reflect.TypeFor[Rate]():          {`^[0-9]+(\.[0-9]+)? */ *[smhd]$`, "calls per s, m, h or d", "5000/h"},
	reflect.TypeFor[Version]():       {`^1\.[0-3]$`, "TLS version", "1.2"},
	reflect.TypeFor[Day]():           {`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, "day, UTC", "2027-03-31"},
	reflect.TypeFor[Path]():          {"", "path, relative to the file's directory", ""},
	reflect.TypeFor[File]():          {"", "existing file, relative to the file's directory", ""},
	reflect.TypeFor[Secret]():        {"", "text with ${env:NAME} and ${file:PATH}", "${file:/run/secrets/key}"},
}

func (b *schemaBuilder) of(t reflect.Type) map[string]any {
	if form, ok := textForms[t]; ok {
		// A size or version may be written without quotes, which YAML reads as a number.
		s := map[string]any{"type": []string{"string", "number"}, "x-unit": form.unit}
		if form.pattern != "" {
			s["pattern"] = form.pattern
		}
		if form.example != "" {
			s["examples"] = []string{form.example}
		}
		return s
	}
	names := map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	switch t {
	case reflect.TypeFor[Callers]():
		return map[string]any{"oneOf": []any{names,
			map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}}}
	case reflect.TypeFor[TargetRef]():
		return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, b.of(reflect.TypeFor[Target]())}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.of(t.Elem())
	case reflect.Struct:
		if _, done := b.defs[t.Name()]; !done {
			b.defs[t.Name()] = nil // for types that name themselves
			b.defs[t.Name()] = b.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": b.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": b.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0}
	}
	return map[string]any{"type": "string"}
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
	return o
}

// defaultValue gives the text of a default tag the type it has in YAML.
func defaultValue(text string) any {
	if list, ok := strings.CutPrefix(text, "["); ok {
		return strings.Split(strings.TrimSuffix(list, "]"), ", ")
	}
	var v any
	if err := defaultNode(text).Decode(&v); err != nil {
		return text
	}
	return v
}
