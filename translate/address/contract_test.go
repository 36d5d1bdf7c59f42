package address

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// marked writes the place before every address.
func marked(p Place, location string) string {
	return map[Place]string{Endpoint: "E", Reference: "R", Document: "D", Schema: "S"}[p] + "&" + location
}

const wsdlHead = `<?xml version="1.0"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/'
  xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:o="urn:other">`

func TestEveryAddressIsReplaced(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"soap:address", `<s:address  location = 'http://a/?x&amp;y' />`, `<s:address  location = 'E&amp;http://a/?x&amp;y' />`},
		{"blanks stay", `<s:address location=" http://a/ "/>`, `<s:address location=" E&amp;http://a/ "/>`},
		{"soap12:address", `<q:address xmlns:q="http://schemas.xmlsoap.org/wsdl/soap12/" location="u"/>`, `<q:address xmlns:q="http://schemas.xmlsoap.org/wsdl/soap12/" location="E&amp;u"/>`},
		{"http:address", `<q:address xmlns:q="http://schemas.xmlsoap.org/wsdl/http/" location="u"/>`, `<q:address xmlns:q="http://schemas.xmlsoap.org/wsdl/http/" location="E&amp;u"/>`},
		{"a namespace with references", `<q:address xmlns:q="http://schemas.xmlsoap.org/wsdl&#x2f;http/" location="u"/>`, `<q:address xmlns:q="http://schemas.xmlsoap.org/wsdl&#x2f;http/" location="E&amp;u"/>`},
		{"an address of something else", `<o:address location="u"/>`, `<o:address location="u"/>`},
		{"an attribute of something else", `<s:address o:location="u"/>`, `<s:address o:location="u"/>`},
		{"wsdl:import", `<w:import namespace="n" location="u"/>`, `<w:import namespace="n" location="D&amp;u"/>`},
		{"schemas", `<x:schema><x:import schemaLocation="u"/><x:include schemaLocation="v"/><x:redefine schemaLocation="w"/></x:schema>`,
			`<x:schema><x:import schemaLocation="S&amp;u"/><x:include schemaLocation="S&amp;v"/><x:redefine schemaLocation="S&amp;w"/></x:schema>`},
		{"an import without a place", `<x:import namespace="u"/>`, `<x:import namespace="u"/>`},
		{"the EndpointReference of a port", `<w:port><a:EndpointReference><a:Address> u<!-- c -->v </a:Address></a:EndpointReference></w:port>`,
			`<w:port><a:EndpointReference><a:Address> E&amp;uv </a:Address></a:EndpointReference></w:port>`},
		{"one in a policy", `<o:Issuer><a:Address><![CDATA[u]]></a:Address></o:Issuer>`, `<o:Issuer><a:Address>R&amp;u</a:Address></o:Issuer>`},
		{"comments and documentation", `<!-- <s:address location="u"/> --><w:documentation><![CDATA[<s:address location="u"/>]]></w:documentation>`, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.in
			}
			got, err := Rewrite([]byte(wsdlHead+c.in+"</w:definitions>\n"), "", marked)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wsdlHead+c.want+"</w:definitions>\n", string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const mexAnswer = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">` +
	`<s:Header><a:From><a:Address>http://t/</a:Address></a:From></s:Header>` +
	`<s:Body><m:Metadata xmlns:m="http://schemas.xmlsoap.org/ws/2004/09/mex"><m:MetadataSection><m:Location>u</m:Location></m:MetadataSection>` +
	`<m:MetadataSection><m:MetadataReference><a:Address>v</a:Address></m:MetadataReference></m:MetadataSection></m:Metadata></s:Body></s:Envelope>`

func TestMetadataExchangeKeepsTheHeaderOfItsMessage(t *testing.T) {
	got, err := Rewrite([]byte(mexAnswer), "utf-8", marked)
	want := strings.NewReplacer(">u<", ">D&amp;u<", ">v<", ">R&amp;v<").Replace(mexAnswer)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, string(got)))
	}
}

func TestEncodings(t *testing.T) {
	text := func(declared string) string {
		return `<?xml version="1.0" encoding="` + declared + `"?><definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><documentation>` + "\u00e9\U0001F600" + `</documentation><import location="u"/></definitions>`
	}
	done := func(s string) string { return strings.ReplaceAll(s, `"u"`, `"http://h/&#233;?a&amp;b"`) }
	to := func(Place, string) string { return "http://h/\u00e9?a&b" }
	latin := func(s string) []byte { return bytes.ReplaceAll([]byte(s), []byte("\u00e9\U0001F600"), []byte{0xE9}) }
	for _, c := range []struct {
		name, charset string
		doc, want     []byte
	}{
		{"UTF-8", "utf-8", []byte(text("utf-8")), []byte(done(text("utf-8")))},
		{"UTF-8 with a mark", "", []byte("\uFEFF" + text("utf-8")), []byte("\uFEFF" + done(text("utf-8")))},
		{"ISO-8859-1", "", latin(text("ISO-8859-1")), latin(done(text("ISO-8859-1")))},
		{"UTF-16LE with a mark", "", widen([]byte("\uFEFF"+text("utf-16")), little), widen([]byte("\uFEFF"+done(text("utf-16"))), little)},
		{"UTF-16BE without one", "utf-16be", widen([]byte(text("utf-16")), big), widen([]byte(done(text("utf-16"))), big)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Rewrite(c.doc, c.charset, to)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("%v\n%s", err, cmp.Diff(string(c.want), string(got)))
			}
		})
	}
	for _, c := range []struct {
		name, charset string
		doc           []byte
	}{
		{"UTF-32", "", append([]byte{0xFF, 0xFE, 0, 0}, text("utf-32")...)},
		{"EBCDIC", "", []byte(text("cp037"))},
		{"UTF-7", "utf-7", []byte(text("utf-8"))},
		{"UTF-16 that is not", "utf-16", []byte(text("utf-16"))},
		{"UTF-16 that ends within a character", "", widen([]byte(text("utf-16")), little)[:301]},
		{"half a pair", "", append(widen([]byte(text("utf-16")), little), 0x3D, 0xD8)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Rewrite(c.doc, c.charset, to); err == nil {
				t.Errorf("taken: %q", got)
			}
		})
	}
}

func TestWhatIsNoContractIsLeft(t *testing.T) {
	for _, doc := range []string{``, `no such service`, `{"location": "u"}`, `<!DOCTYPE html><p>`, "\r\n<html><br></html>", `<r xmlns="urn:x"><import location="u"/></r>`} {
		if got, err := Rewrite([]byte(doc), "", marked); err != nil || string(got) != doc {
			t.Errorf("%q: %q, %v", doc, got, err)
		}
	}
}

func TestBrokenContractsAreErrors(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{`<!DOCTYPE d [<!ENTITY e "u">]><d xmlns="http://schemas.xmlsoap.org/wsdl/"/>`, "line 1: there is a DOCTYPE"},
		{wsdlHead, "ends within an element"},
		{wsdlHead + "\n<o:b></o:c>", "line 4: the end tag"},
		{wsdlHead + `<s:address location="&e;"/></w:definitions>`, "&e;"},
		{wsdlHead + `<q:b/></w:definitions>`, "not bound"},
		{wsdlHead + `<o:b q:c=""/></w:definitions>`, "not bound"},
		{wsdlHead + `<o:b c="" c=""/></w:definitions>`, "twice"},
		{wsdlHead + `<o:b xmlns:p="urn:other" o:c="" p:c=""/></w:definitions>`, "twice"},
		{wsdlHead + `<o:b c/></w:definitions>`, "no value"},
		{wsdlHead + `<o:b c=d/></w:definitions>`, "no quotes"},
		{wsdlHead + `<o:b c="<"/></w:definitions>`, "holds a <"},
		{wsdlHead + `<o:b/ ></w:definitions>`, "a / stands"},
		{wsdlHead + `<o:b c="1"d="2"/></w:definitions>`, "cannot be read"},
		{wsdlHead + `</w:definitions><o/>`, "second element"},
		{wsdlHead + `</w:definitions>x`, "outside"},
		{wsdlHead + strings.Repeat("<o:a>", maxDepth) + strings.Repeat("</o:a>", maxDepth) + `</w:definitions>`, "deeper"},
	} {
		_, err := Rewrite([]byte(c.doc), "", marked)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.doc, err, c.want)
		}
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add([]byte(mexAnswer), "")
	f.Add([]byte(wsdlHead+`<s:address location="u"/></w:definitions>`), "utf-8")
	f.Add(widen([]byte(mexAnswer), big), "")
	f.Fuzz(func(t *testing.T, doc []byte, charset string) {
		same, err := Rewrite(doc, charset, func(_ Place, s string) string { return s })
		if err == nil && !bytes.Equal(same, doc) {
			t.Errorf("not the same bytes: %q", same)
		}
		if err != nil {
			return
		}
		const mark = "http://front.example/"
		once, err := Rewrite(doc, charset, func(Place, string) string { return mark })
		if err != nil {
			t.Fatalf("what could be read is refused: %v", err)
		}
		if _, err := Rewrite(once, charset, func(_ Place, s string) string {
			if s != mark {
				t.Errorf("left: %q", s)
			}
			return s
		}); err != nil {
			t.Errorf("what was written cannot be read: %v\n%q", err, once)
		}
	})
}
