package capture

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func plan(t testing.TB, most int, redact ...string) *Plan {
	t.Helper()
	p, err := New(Config{Types: []string{"application/json", "text/xml"}, Redact: redact, Max: most})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJSONIsRedacted(t *testing.T) {
	for name, c := range map[string]struct{ paths, in, want string }{
		"a member":                     {"$.pin", `{"pin":"S","a":1}`, `{"pin":"[redacted]","a":1}`},
		"blanks stay":                  {"$.pin", "{ \"a\" : 1.50e3 ,\n\t\"pin\" : 1234 }\n", "{ \"a\" : 1.50e3 ,\n\t\"pin\" : \"[redacted]\" }\n"},
		"a path":                       {"$.card.number", `{"card":{"number":"S","name":"n"},"number":"7"}`, `{"card":{"number":"[redacted]","name":"n"},"number":"7"}`},
		"an object whole":              {"$.card", `{"card":{"number":["S",{"x":"S"}]},"b":[1]}`, `{"card":"[redacted]","b":[1]}`},
		"a list whole":                 {"$.cards", `{"cards":["S","S"],"b":2}`, `{"cards":"[redacted]","b":2}`},
		"lists are stepped through":    {"$.items.pin", `{"items":[{"pin":"S"},[{"pin":"S","q":1}]]}`, `{"items":[{"pin":"[redacted]"},[{"pin":"[redacted]","q":1}]]}`},
		"lists may be named":           {"$[*].items[*].pin", `[{"items":[{"pin":"S"}]}]`, `[{"items":[{"pin":"[redacted]"}]}]`},
		"at any depth":                 {"$..pin", `{"a":{"b":[{"pin":"S"}]},"pin":null}`, `{"a":{"b":[{"pin":"[redacted]"}]},"pin":"[redacted]"}`},
		"at any depth below a name":    {"$.a..pin", `{"a":{"x":{"pin":"S"}},"pin":1}`, `{"a":{"x":{"pin":"[redacted]"}},"pin":1}`},
		"any name":                     {"$.a.*.pin", `{"a":{"x":{"pin":"S"},"pin":1}}`, `{"a":{"x":{"pin":"[redacted]"},"pin":1}}`},
		"a name with a blank":          {"$['card number']", `{"card number":"S"}`, `{"card number":"[redacted]"}`},
		"a key in another case":        {"$.pin", `{"PIN":"S","Pin":"S"}`, `{"PIN":"[redacted]","Pin":"[redacted]"}`},
		"a key with escapes":           {"$.pin", `{"\u0070in":"S"}`, `{"\u0070in":"[redacted]"}`},
		"a key that is there twice":    {"$.pin", `{"pin":"S","pin":"S"}`, `{"pin":"[redacted]","pin":"[redacted]"}`},
		"an empty list and object":     {"$.pin", `{"a":[],"b":{},"pin":[],"c":{"pin":{}}}`, `{"a":[],"b":{},"pin":"[redacted]","c":{"pin":{}}}`},
		"a big number":                 {"$.pin", `{"a":123456789012345678901234567890}`, `{"a":123456789012345678901234567890}`},
		"several documents":            {"$.pin", "{\"pin\":\"S\"}\n{\"pin\":\"S\"}\n", "{\"pin\":\"[redacted]\"}\n{\"pin\":\"[redacted]\"}\n"},
		"a text alone":                 {"$.pin", `"text"`, `"text"`},
		"nothing":                      {"$.pin", ``, ``},
		"an object in a redacted list": {"$.a", `[{"a":[{"a":{"b":[]}}],"c":{"d":1}}]`, `[{"a":"[redacted]","c":{"d":1}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			out, short, err := plan(t, 1<<10, c.paths).redact(jsonForm, []byte(c.in), false)
			if string(out) != c.want || short || err != nil {
				t.Errorf("got %s, %t, %v; want %s", out, short, err, c.want)
			}
		})
	}
}

func TestXMLIsRedacted(t *testing.T) {
	for name, c := range map[string]struct{ names, in, want string }{
		"an element":                  {"Pin", `<a><Pin>S</Pin><b>1</b></a>`, `<a><Pin>[redacted]</Pin><b>1</b></a>`},
		"whatever its prefix":         {"Pin", `<x:a xmlns:x="urn:x"><x:Pin xmlns:y="urn:y">S</x:Pin></x:a>`, `<x:a xmlns:x="urn:x"><x:Pin>[redacted]</x:Pin></x:a>`},
		"its attributes and children": {"Pin", `<a><Pin value="S">x<b>S</b>y<Pin>S</Pin>z</Pin>t</a>`, `<a><Pin>[redacted]</Pin>t</a>`},
		"without content":             {"Pin", `<a><Pin value="S"/><b/></a>`, `<a><Pin>[redacted]</Pin><b/></a>`},
		"an attribute":                {"Pin", `<a x:pin = 'S' xmlns:x="urn:x" b="1 Pin=2"><c Pin="S"/></a>`, `<a x:pin ="[redacted]" xmlns:x="urn:x" b="1 Pin=2"><c Pin="[redacted]"/></a>`},
		"the root":                    {"Pin", `<Pin>S</Pin>`, `<Pin>[redacted]</Pin>`},
		"in another case":             {"Pin", `<a><PIN>S</PIN></a>`, `<a><PIN>[redacted]</PIN></a>`},
		"CDATA and entities":          {"Pin", `<a>1 &lt; 2<Pin><![CDATA[S]]>&amp;</Pin><![CDATA[<Pin>]]></a>`, `<a>1 &lt; 2<Pin>[redacted]</Pin><![CDATA[<Pin>]]></a>`},
		"comments and instructions":   {"Pin", `<?xml version="1.0" encoding="UTF-8"?><!-- S --><a><?x S?><!-- S -->t</a>`, `<?xml version="1.0" encoding="UTF-8"?><a>t</a>`},
		"WS-Security always": {"Nothing", `<s:Envelope xmlns:s="urn:s"><w:UsernameToken xmlns:w="urn:w"><w:Password Type="t">S</w:Password></w:UsernameToken><w:BinarySecurityToken xmlns:w="urn:w">S</w:BinarySecurityToken><Assertion>S</Assertion></s:Envelope>`,
			`<s:Envelope xmlns:s="urn:s"><w:UsernameToken>[redacted]</w:UsernameToken><w:BinarySecurityToken>[redacted]</w:BinarySecurityToken><Assertion>[redacted]</Assertion></s:Envelope>`},
		"a declaration elsewhere, or that says more": {"Pin", `<a/><?xml pin=S?>`, `<a/>`},
		"a declaration with an attribute of ours":    {"Pin", `<?xml version="1.0" pin="S"?><a/>`, `<a/>`},
		"a bracket in an attribute":                  {"Pin", `<a b="x>y" Pin="S>S" c='"'/>`, `<a b="x>y" Pin="[redacted]" c='"'/>`},
	} {
		t.Run(name, func(t *testing.T) {
			out, short, err := plan(t, 1<<10, c.names).redact(xmlForm, []byte(c.in), false)
			if string(out) != c.want || short || err != nil {
				t.Errorf("got %s, %t, %v; want %s", out, short, err, c.want)
			}
		})
	}
}

func TestWhatCannotBeRedactedIsNotKept(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 101)
	for name, c := range map[string]struct {
		f        form
		in, want string
		cut      bool
	}{
		"attributes without a blank between":   {xmlForm, `<a b="1"pin="S"/>`, malformed, false},
		"attributes without a blank, a prefix": {xmlForm, `<a b="1"xmlns:p="u"p:pin="S"/>`, malformed, false},
		"no JSON":                              {jsonForm, `pin=S`, malformed, false},
		"XML as JSON":                          {jsonForm, `<pin>S</pin>`, malformed, false},
		"a comment in JSON":                    {jsonForm, `{"a":1,/*"pin"*/"b":"S"}`, malformed, false},
		"JSON that ends too early":             {jsonForm, `{"a":"S"`, malformed, false},
		"JSON within a text":                   {jsonForm, `{"a":"S`, malformed, false},
		"a broken text in a cut body":          {jsonForm, `{"a":1 "b":"S`, malformed, true},
		"a bracket too many":                   {jsonForm, `{"a":1}}`, malformed, false},
		"JSON of another charset":              {jsonForm, "\x00{\x00\"", malformed, false},
		"deep JSON":                            {jsonForm, deep, tooDeep, true},
		"deep JSON within what is redacted":    {jsonForm, `{"pin":` + strings.Repeat("[", 101), tooDeep, true},
		"no XML":                               {xmlForm, `{"pin":"S"}`, malformed, false},
		"text around XML":                      {xmlForm, `<a/>pin=S`, malformed, false},
		"two documents":                        {xmlForm, `<a/><Pin>S</Pin>`, malformed, false},
		"an element that is not closed":        {xmlForm, `<a><Pin>S`, malformed, false},
		"elements that cross":                  {xmlForm, `<a><b>S</a></b>`, malformed, false},
		"a document type":                      {xmlForm, `<!DOCTYPE a [<!ENTITY p "S">]><a>&p;</a>`, malformed, false},
		"an unknown entity":                    {xmlForm, `<a>&p;</a>`, malformed, false},
		"another charset":                      {xmlForm, `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, otherCharset, false},
		"deep XML":                             {xmlForm, strings.Repeat("<a>", 101), tooDeep, true},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := plan(t, 1<<10, "$.pin", "Pin").redact(c.f, []byte(c.in), c.cut)
			var leave errLeaveOut
			if !errors.As(err, &leave) || string(leave) != c.want || len(out) > 0 {
				t.Errorf("got %s, %v, want %s", out, err, c.want)
			}
		})
	}
}

// TestABodyMayBeCutAnywhere cuts bodies at every byte: what is left never shows a part of
// what is redacted, and what was whole before the cut is there.
func TestABodyMayBeCutAnywhere(t *testing.T) {
	for _, c := range []struct {
		f    form
		text string
	}{
		{jsonForm, `{"a":"seen","pin":"HIDDEN","b":[{"pin":["HIDDEN",{"x":"HIDDEN"}],"c":true}],"pin":-12.5e7}`},
		{xmlForm, `<?xml version="1.0"?><a b="seen" Pin="HIDDEN">seen<Pin x="HIDDEN">HIDDEN<y>HIDDEN</y><![CDATA[HIDDEN]]></Pin><!-- HIDDEN --><Pin z="HIDDEN"/>&amp;é</a>`},
	} {
		whole, _, err := plan(t, 1<<10, "$..pin", "Pin").redact(c.f, []byte(c.text), false)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(c.text) {
			out, short, err := plan(t, 1<<10, "$..pin", "Pin").redact(c.f, []byte(c.text[:n]), true)
			if err != nil || !short {
				if n < len(`<?xml version="1.0"?>`) && c.f == xmlForm {
					continue // a declaration that is cut is no declaration
				}
				t.Errorf("cut after %q: short %t, %v", c.text[:n], short, err)
			}
			for i := 4; i <= 6; i++ {
				if bytes.Contains(out, []byte("HIDDEN"[:i])) {
					t.Errorf("cut after %q: %s", c.text[:n], out)
				}
			}
			if tail := bytes.TrimSuffix(out, []byte("[redacted]")); !bytes.HasPrefix(whole, tail) {
				t.Errorf("cut after %q: %s is no beginning of %s", c.text[:n], out, whole)
			}
		}
	}
}

func TestWhatIsKeptIsNeverLongerThanAllowed(t *testing.T) {
	in := `[` + strings.TrimSuffix(strings.Repeat(`{"pin":1},`, 1000), ",") + `]`
	out, short, err := plan(t, 500, "$.pin").redact(jsonForm, []byte(in), false)
	if len(out) > 500 || len(out) < 450 || !short || err != nil {
		t.Errorf("%d bytes, short %t, %v", len(out), short, err)
	}
}

// FuzzJSON puts a value at a redacted path of any JSON: whatever the rest, the value is
// never in what is kept.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a":1,"b":[`, `]}`, 40)
	f.Add(`[{"pin":{`, `}}]`, 9)
	f.Add(``, ``, 5)
	f.Fuzz(func(t *testing.T, before, after string, cut int) {
		const secret = "S3CRET-4711"
		if strings.Contains(before+after, secret[:4]) {
			return
		}
		text := before + `{"Pin":"` + secret + `"}` + after
		if !valueAt(text, secret) {
			return
		}
		p := plan(t, 1<<20, "$..pin")
		for _, n := range []int{len(text), max(0, min(cut, len(text)))} {
			out, _, err := p.redact(jsonForm, []byte(text[:n]), n < len(text))
			if bytes.Contains(out, []byte(secret[:4])) {
				t.Errorf("%q is kept as %q, %v", text[:n], out, err)
			}
		}
	})
}

// valueAt reports whether the text, if it is JSON at all, has the secret as a value of
// Pin, rather than in a text of its own.
func valueAt(text, secret string) bool {
	dec := json.NewDecoder(strings.NewReader(text))
	last := ""
	for {
		tok, err := dec.Token()
		if err != nil {
			return err == io.EOF || !strings.Contains(last, secret)
		}
		if s, ok := tok.(string); ok {
			if s == secret && last == "Pin" {
				return true
			}
			if strings.Contains(s, secret) {
				return false
			}
			last = s
		}
	}
}

// FuzzXML does the same with an element and an attribute.
func FuzzXML(f *testing.F) {
	f.Add(`<a b="c">`, `</a>`, 40)
	f.Add(`<a b="1"Pin="S3"/>`, ``, 40)
	f.Add(`<?xml version="1.0" Pin="x"?><a>`, `</a>`, 60)
	f.Add(`<a><!-- x -->`, `<x:Pin/></a>`, 9)
	f.Add(``, ``, 5)
	f.Add(`<a><b c="1"`, `</a>`, 60)
	f.Fuzz(func(t *testing.T, before, after string, cut int) {
		const secret = "S3CRET-4711"
		if strings.Contains(before+after, secret[:4]) {
			return
		}
		text := before + `<y z="1"Pin="` + secret + `"/><y Pin="` + secret + `"/><x:Pin z="` + secret + `">` + secret + `</x:Pin>` + after
		if !elementIn(text) {
			return
		}
		p := plan(t, 1<<20, "Pin")
		for _, n := range []int{len(text), max(0, min(cut, len(text)))} {
			out, _, err := p.redact(xmlForm, []byte(text[:n]), n < len(text))
			if bytes.Contains(out, []byte(secret[:4])) {
				t.Errorf("%q is kept as %q, %v", text[:n], out, err)
			}
		}
	})
}

// TestAttributesAreRedactedHoweverTheyAreWritten: encoding/xml takes start tags and
// declarations that XML does not.
func TestAttributesAreRedactedHoweverTheyAreWritten(t *testing.T) {
	p := plan(t, 1<<20, "pin")
	for text, want := range map[string]string{
		`<a b="1"pin="1234"/>`:                                    "",
		`<a pin="1234"pin='1234'/>`:                               "",
		`<a b="1"pin=" d='1234'"/>`:                               "",
		`<a b="1"pin="1234 pin='2'"/>`:                            "",
		`<a b='x pin="y"' pin="1234"/>`:                           `<a b='x pin="y"' pin="` + mark + `"/>`,
		"<a\n  b = \"1\"\t x:PIN\n=\n'1234' />":                   "<a\n  b = \"1\"\t x:PIN\n=\"" + mark + "\" />",
		`<?xml version="1.0" encoding='UTF-8'?><a/>`:              `<?xml version="1.0" encoding='UTF-8'?><a/>`,
		`<?xml version="1.0" pin="1234"?><a/>`:                    `<a/>`,
		`<?xml pin="1234"?><a/>`:                                  `<a/>`,
		`<?xml version="1.0"?><?xml version="1.0"?><a/>`:          `<?xml version="1.0"?><a/>`,
		`<?xml version="1.0"?><?xml version="1.0" x="1234"?><a/>`: `<?xml version="1.0"?><a/>`,
	} {
		out, _, err := p.redact(xmlForm, []byte(text), false)
		if got := string(out); err == nil && got != want || err != nil && (want != "" || !errors.Is(err, errLeaveOut(malformed))) {
			t.Errorf("%s is kept as %q, %v; want %q", text, got, err, want)
		}
	}
}

// elementIn reports whether the text, as far as it is XML, has an element Pin: within
// CDATA or an attribute there is none.
func elementIn(text string) bool {
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		tok, err := dec.Token()
		if err != nil {
			return false
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "Pin" && len(start.Attr) == 1 && start.Attr[0].Value == "S3CRET-4711" {
			return true
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, text := range []string{"$.a", "$..a['b c'].*", "$[*].x", "$", "a"} {
		f.Add(text, "a/b c/x")
	}
	f.Fuzz(func(t *testing.T, text, names string) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		m := newMatcher([]path{p})
		for _, name := range strings.Split(names, "/") {
			m.push(name)
		}
		for range strings.Split(names, "/") {
			m.pop()
		}
		if len(m.states) != 1 || m.states[0] != 1 {
			t.Errorf("after all pops the states are %v", m.states)
		}
	})
}
