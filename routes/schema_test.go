package routes

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("routes.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("routes.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// toJSON turns YAML into what a JSON decoder would have read.
func toJSON(t *testing.T, src []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(src, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plain(v))
	if err != nil {
		t.Fatal(err)
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// plain writes days as text: YAML 1.1, which yaml.v3 speaks, has a type for them.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case interface{ Format(string) string }:
		return v.Format("2006-01-02")
	}
	return v
}

func TestTheSchemaAcceptsValidFiles(t *testing.T) {
	s := compileSchema(t)
	files, _ := filepath.Glob("testdata/valid/*.yaml")
	for _, file := range append(files, "../routes.yaml") {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(toJSON(t, src)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestTheSchemaRefusesAnUnknownKeyEverywhere(t *testing.T) {
	s := compileSchema(t)
	src, err := os.ReadFile("testdata/valid/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	root := toJSON(t, src)
	n := 0
	// keyed says whether the mapping's keys are those of the file, not names.
	var visit func(v any, path string)
	visit = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			for k, below := range v {
				visit(below, join(path, k))
			}
			parts := splitPath(path)
			last := parts[max(0, len(parts)-1):]
			if len(last) == 1 && (last[0] == "set" || last[0] == "query" || last[0] == "constants" || (len(parts) == 1 || len(parts) == 3) && (last[0] == "callers" || last[0] == "exceptions" || last[0] == "targets")) {
				return
			}
			v["unknown_key"] = "x"
			if s.Validate(root) == nil {
				t.Errorf("%s: an unknown key is accepted", path)
			}
			delete(v, "unknown_key")
			n++
		case []any:
			for i, below := range v {
				visit(below, index(path, i))
			}
		}
	}
	visit(root, "")
	if n < 30 || s.Validate(root) != nil {
		t.Error(n, s.Validate(root))
	}
}

func TestTheSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	s := compileSchema(t)
	for _, name := range []string{"bool-for-text", "text-for-bool", "list-for-text", "mapping-for-list", "text-for-mapping", "callers-single", "target-list", "not-a-number",
		"not-a-size", "not-a-rate", "not-a-span", "not-a-version", "not-a-day", "unknown-choice-close", "listed-twice", "empty-text", "missing-keys", "no-value", "unknown-key-far"} {
		src, err := os.ReadFile("testdata/invalid/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(toJSON(t, src)) == nil {
			t.Errorf("%s.yaml is accepted", name)
		}
	}
}

func TestEveryPropertyIsDescribedAndHasTheDecodersDefault(t *testing.T) {
	var schema struct {
		Schema     string `json:"$schema"`
		Properties map[string]map[string]any
		Defs       map[string]struct{ Properties map[string]map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Schema != "https://json-schema.org/draft/2020-12/schema" {
		t.Error(schema.Schema)
	}
	types := map[string]reflect.Type{}
	for _, typ := range []reflect.Type{reflect.TypeFor[Listener](), reflect.TypeFor[PerNetwork](), reflect.TypeFor[Certificates](), reflect.TypeFor[CertificateFile](), reflect.TypeFor[Admin](), reflect.TypeFor[AdminToken](), reflect.TypeFor[Health](),
		reflect.TypeFor[Audit](), reflect.TypeFor[Refusals](), reflect.TypeFor[AuditSegment](), reflect.TypeFor[Sink](), reflect.TypeFor[Syslog](), reflect.TypeFor[OTLP](), reflect.TypeFor[SinkHeaders](), reflect.TypeFor[SinkTLS](), reflect.TypeFor[SinkCertificate](), reflect.TypeFor[Log](), reflect.TypeFor[Reload](), reflect.TypeFor[Shutdown](), reflect.TypeFor[Policy](), reflect.TypeFor[Limit](), reflect.TypeFor[Timeout](),
		reflect.TypeFor[Caller](), reflect.TypeFor[APIKey](), reflect.TypeFor[ClientCertificate](), reflect.TypeFor[Exception](), reflect.TypeFor[Target](), reflect.TypeFor[TargetTLS](),
		reflect.TypeFor[Headers](), reflect.TypeFor[Level](), reflect.TypeFor[KeptBodies](), reflect.TypeFor[Connections](), reflect.TypeFor[Route](), reflect.TypeFor[TargetHealth](), reflect.TypeFor[PassiveHealth](), reflect.TypeFor[ActiveHealth](), reflect.TypeFor[CircuitBreaker](),
		reflect.TypeFor[SOAP](), reflect.TypeFor[SOAPOperation](), reflect.TypeFor[Binding](), reflect.TypeFor[SOAPHeader]()} {
		types[typ.Name()] = typ
	}
	check := func(where string, properties map[string]map[string]any, typ reflect.Type) {
		d := &decoder{report: newReport(), prototypes: map[reflect.Type]reflect.Value{}}
		proto := d.prototype(typ)
		for _, f := range fieldsOf(typ) {
			p := properties[f.key]
			text, _ := p["description"].(string)
			if !strings.HasSuffix(text, ".") || len(text) < 10 {
				t.Errorf("%s.%s: description %q", where, f.key, text)
			}
			want := proto.FieldByIndex(f.index)
			value, has := p["default"]
			if !has {
				if !want.IsZero() && want.Kind() != reflect.Struct {
					t.Errorf("%s.%s: the decoder starts from %v, the schema is silent", where, f.key, want)
				}
				continue
			}
			src, _ := json.Marshal(value) // JSON is YAML
			got := reflect.New(f.typ).Elem()
			d.decode(defaultNode(string(src)), got, f.key)
			if len(d.errs) > 0 || !reflect.DeepEqual(got.Interface(), want.Interface()) {
				t.Errorf("%s.%s: default %v in the schema, %v in the decoder %v", where, f.key, got, want, d.errs)
			}
		}
		if len(properties) != len(fieldsOf(typ)) {
			t.Errorf("%s: %d properties for %d keys", where, len(properties), len(fieldsOf(typ)))
		}
	}
	check("", schema.Properties, reflect.TypeFor[Table]())
	for name, def := range schema.Defs {
		if types[name] == nil {
			t.Errorf("%s is not tested", name)
			continue
		}
		check(name, def.Properties, types[name])
	}
}
