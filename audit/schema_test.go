package audit

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../docs/audit-record.schema.json"

func recordSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	described(t, "", doc)
	c := jsonschema.NewCompiler()
	if err := c.AddResource("record.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("record.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// described reports members that the schema says nothing of.
func described(t *testing.T, path string, v any) {
	m, _ := v.(map[string]any)
	for key, inner := range m {
		switch key {
		case "if", "then", "else", "allOf", "not": // about members that are described elsewhere
			continue
		case "properties":
			for name, p := range inner.(map[string]any) {
				if s, _ := p.(map[string]any); s["description"] == nil && s["$ref"] == nil {
					t.Errorf("%s.%s is not described", path, name)
				}
			}
		}
		described(t, path+"."+key, inner)
	}
}

func fits(t *testing.T, s *jsonschema.Schema, line []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestEveryLineFitsTheSchema(t *testing.T) {
	s := recordSchema(t)
	for name, edit := range edits() {
		r := sample()
		edit(r)
		r.ID = sample().ID
		if r.Outcome != Answered { // proxy records none then
			r.RequestDigest, r.ResponseDigest, r.RequestKept, r.ResponseKept = Sum{}, Sum{}, Kept{}, Kept{}
		}
		if line := r.line(nil); fits(t, s, line) != nil {
			t.Errorf("%s: %v\n%s", name, fits(t, s, line), line)
		}
	}
	for _, e := range sampleEvents() {
		if err := fits(t, s, e.line()); err != nil {
			t.Error(err)
		}
	}
	for _, sum := range sampleSums() {
		if err := fits(t, s, sum.line(at)); err != nil {
			t.Error(err)
		}
	}
}

func TestTheSchemaRefusesWhatARecordMustNotSay(t *testing.T) {
	s := recordSchema(t)
	line := string(sample().line(nil))
	for name, edit := range map[string][2]string{
		"an unknown member":         {`"policy":`, `"password":"x","policy":`},
		"a query":                   {`"scheme":`, `"query_string":"x","scheme":`},
		"another stage":             {`"stage":"end"`, `"stage":"middle"`},
		"an end without an outcome": {`"outcome":"answered",`, ``},
		"a variable in clear":       {`"variables":{"item":"`, `"variables":{"item":"A1001`},
		"a digest of a begin":       {`"stage":"end"`, `"stage":"begin"`},
		"a file elsewhere":          {`"file":"bodies/`, `"file":"/etc/`},
		"another class":             {`"class_uid":4002`, `"class_uid":4003`},
	} {
		changed := bytes.Replace([]byte(line), []byte(edit[0]), []byte(edit[1]), 1)
		if string(changed) == line {
			t.Fatalf("%s: there is no %s in %s", name, edit[0], line)
		}
		if fits(t, s, changed) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
