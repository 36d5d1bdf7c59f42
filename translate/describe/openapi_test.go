package describe

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestOpenAPIIsValid(t *testing.T) {
	contracts(t, func(t *testing.T, in Input) {
		if len(in.offered()) == 0 {
			t.Skip("nothing to offer")
		}
		text, err := OpenAPI(in)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := OpenAPI(in); !bytes.Equal(text, again) {
			t.Error("two documents of one input differ")
		}
		t.Logf("%d operations, %d KB", len(in.offered()), len(text)/1000)
		conforms(t, text)
		if len(text) < 200_000 { // more takes it minutes
			validate(t, text)
		}
		checkExamples(t, text)
	})
}

// validate asks a validator of OpenAPI documents.
func validate(t *testing.T, text []byte) {
	t.Helper()
	d, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(d)
	if errs != nil {
		t.Fatal(errs)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		for _, p := range problems[:min(3, len(problems))] {
			t.Errorf("%s: %s", p.Message, p.Reason)
			for _, s := range p.SchemaValidationErrors {
				t.Errorf("  %s %s", s.FieldPath, s.Reason)
			}
		}
	}
}

var schema31 = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:openapi", doc); err != nil {
		return nil, err
	}
	return c.Compile("urn:openapi")
})

// conforms tries the document against the schema of OpenAPI 3.1, every component against
// that of JSON Schema, and every reference.
func conforms(t *testing.T, text []byte) {
	t.Helper()
	s, err := schema31()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%.2000s", err.Error())
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:doc", doc); err != nil {
		t.Fatal(err)
	}
	for name := range doc.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := c.Compile("urn:doc#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// checkExamples validates every example against the schema beside it.
func checkExamples(t *testing.T, text []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("urn:doc", doc); err != nil {
		t.Fatal(err)
	}
	tried := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(at+"/0", x)
			}
		case map[string]any:
			examples, ok := v["examples"].(map[string]any)
			if ok && v["schema"] != nil {
				s, err := c.Compile("urn:doc#" + at + "/schema")
				if err != nil {
					t.Errorf("%s: %v", at, err)
					return
				}
				for name, e := range examples {
					tried++
					if err := s.Validate(e.(map[string]any)["value"]); err != nil {
						value, _ := json.Marshal(e.(map[string]any)["value"])
						t.Errorf("%s: example %s: %v\n%.1500s", at, name, err, value)
					}
				}
				return
			}
			for key, x := range v {
				walk(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key), x)
			}
		}
	}
	walk("", doc)
	if tried == 0 {
		t.Error("no example was tried")
	}
}
