package describe

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		in, want string // "" for one that has no equal
		yes, no  []string
	}{
		{`[A-Z]{2}\d+`, `^(?:[A-Z]{2}\p{Nd}+)$`, []string{"AB1"}, []string{"xAB1", "AB", "AB1\n"}},
		{`a|b`, `^(?:a|b)$`, []string{"a", "b"}, []string{"ax", "xb"}},
		{`^a$`, `^(?:\^a\$)$`, []string{"^a$"}, []string{"a"}},
		{`.`, `^(?:[^\n\r])$`, []string{"x"}, []string{"\n", ""}},
		{`[\w-]+`, "", nil, nil},
		{`\w+`, `^(?:[^\p{P}\p{Z}\p{C}]+)$`, []string{"é1"}, []string{"a b", "a-b"}},
		{`\p{IsBasicLatin}`, "", nil, nil}, {`\i\c*`, "", nil, nil}, {`[a-z-[aeiou]]`, "", nil, nil}, {`a{2`, "", nil, nil},
		{`[+\-.]`, `^(?:[\+\-\.])$`, []string{"+", "-", "."}, []string{","}},
	} {
		got, ok := ecma(c.in)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q %v, want %q", c.in, got, ok, c.want)
			continue
		}
		for _, s := range c.yes {
			if !regexp.MustCompile(got).MatchString(s) {
				t.Errorf("%s does not match %q", got, s)
			}
		}
		for _, s := range c.no {
			if ok && regexp.MustCompile(got).MatchString(s) {
				t.Errorf("%s matches %q", got, s)
			}
		}
	}
}

// TestRequestsAreTold tries what the schema of a request takes.
func TestRequestsAreTold(t *testing.T) {
	text, err := OpenAPI(stock(t))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:doc", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:doc#/components/schemas/PutOrder")
	if err != nil {
		t.Fatal(err)
	}
	line := `{"item":"AB1234","quantity":1.50,"price":{"@currency":"EUR","#text":"2.50"}}`
	for change, good := range map[string]bool{
		`"customer":"c"`: true, `"site":"s"`: true, `"site":"s","place":{"@xsi:type":"Shelf","name":"n","row":3}`: true, `"customer":"c","#any":["<a/>"]`: true,
		`"customer":"c","number":"9007199254740993"`: true, `"customer":"c","urgent":null`: true,
		`"customer":"c","site":"s"`: false, `"day":"2026-01-31"`: false, `"customer":"c","place":{"@xsi:type":"Yard","name":"n"}`: false,
		`"site":"s","place":{"name":"n"}`: false, `"site":"s","place":{"@xsi:type":"Place","name":"n"}`: false, `"site":"s","place":{"@xsi:type":"Yard","name":"n","row":3}`: false,
		`"customer":"c","line":[]`: false, `"customer":"c","other":1`: false, `"customer":"c","number":1.5`: false, `"customer":"c","tags":"a"`: false,
	} {
		value := map[string]any{}
		base := `{"number":1,"day":"2026-01-31","line":[` + line + `],"tags":["a"],"urgent":true}`
		for _, part := range []string{base, "{" + change + "}"} {
			if err := json.Unmarshal([]byte(part), &value); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Validate(value); (err == nil) != good {
			t.Errorf("%s: %v, want good %v", change, err, good)
		}
	}
}

func TestNamesDoNotDependOnWhatIsAllowed(t *testing.T) {
	all := stock(t)
	one := all
	one.Operations = []string{"PutOrder"}
	text, _ := OpenAPI(all)
	some, _ := OpenAPI(one)
	for _, name := range []string{`"Line.stock": {`, `"Line.base": {`, `"Place.any": {`} {
		if !bytes.Contains(text, []byte(name)) || !bytes.Contains(some, []byte(name)) {
			t.Errorf("%s is missing", name)
		}
	}
	if bytes.Contains(some, []byte(`"Node": {`)) || bytes.Contains(some, []byte("/Grow")) {
		t.Error("an operation that is not allowed is described")
	}
}

func TestPageNeedsNothingFromElsewhere(t *testing.T) {
	contracts(t, func(t *testing.T, in Input) {
		if len(in.offered()) == 0 {
			t.Skip("nothing to offer")
		}
		page, err := Page(in)
		if err != nil {
			t.Fatal(err)
		}
		if bad := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|\sstyle="|\son[a-z]+="|@import|url\(`).Find(page); bad != nil {
			t.Errorf("the page has %s", bad)
		}
		for _, op := range in.offered() {
			if !bytes.Contains(page, []byte(`id="operation-`+op.Name+`"`)) {
				t.Errorf("%s is missing", op.Name)
			}
		}
		if !strings.Contains(PagePolicy, "default-src 'none'") || !bytes.Contains(page, []byte("<style>"+pageCSS+"</style>")) {
			t.Error("the policy is not that of the style")
		}
	})
}
