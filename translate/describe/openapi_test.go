package describe

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
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
		d, err := libopenapi.NewDocument(text)
		if err != nil {
			t.Fatal(err)
		}
		v, errs := validator.NewValidator(d)
		if errs != nil {
			t.Fatal(errs)
		}
		if ok, problems := v.ValidateDocument(); !ok {
			for i, p := range problems {
				if i < 3 {
					t.Errorf("%s: %s", p.Message, p.Reason)
					for _, s := range p.SchemaValidationErrors {
						t.Errorf("  %s %s", s.FieldPath, s.Reason)
					}
				}
			}
		}
		checkExamples(t, text)
	})
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
