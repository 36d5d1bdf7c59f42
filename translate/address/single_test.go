package address

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// files opens documents by name.
func files(docs map[string]string) func(from, location string) (Source, error) {
	return func(_, location string) (Source, error) {
		if doc, ok := docs[location]; ok {
			return Source{Name: location, Data: []byte(doc)}, nil
		}
		return Source{}, nil
	}
}

const (
	mainWSDL = `<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:b="urn:b" targetNamespace="urn:m" xmlns:m="urn:m">
<w:import namespace="urn:b" location="b.wsdl"/>
<w:service name="S"><w:port name="P" binding="b:B"/></w:service></w:definitions>`
	bindingWSDL = `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:b" xmlns:me="urn:b" xmlns:x="http://www.w3.org/2001/XMLSchema">
<types><x:schema targetNamespace="urn:s"><x:include schemaLocation="none.xsd"/><x:import namespace="urn:t" schemaLocation="t.xsd"/><x:import namespace="urn:w" schemaLocation="http://well-known/"/></x:schema></types>
<binding name="B" type="me:T"/></definitions>`
	noneXSD = `<?xml version="1.0" encoding="iso-8859-1"?><schema xmlns="http://www.w3.org/2001/XMLSchema"><!-- ` + "\xE9" + ` --></schema>`
	bareXSD = `<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><x:include schemaLocation="loop.xsd"/></x:schema>`
	loopXSD = `<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema"><x:include schemaLocation="loop.xsd"/><x:element name="e" type="own"/></x:schema>`
)

func TestSingle(t *testing.T) {
	got, err := Single(Source{Name: "m.wsdl", Data: []byte(mainWSDL)}, files(map[string]string{"b.wsdl": bindingWSDL, "none.xsd": noneXSD, "t.xsd": bareXSD, "loop.xsd": loopXSD}))
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="utf-8"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:b="urn:b" targetNamespace="urn:m" xmlns:m="urn:m" xmlns:single.file="urn:m">
<types xmlns="http://schemas.xmlsoap.org/wsdl/">
<schema targetNamespace="urn:s" xmlns="http://www.w3.org/2001/XMLSchema"><!-- é --></schema>
<x:schema targetNamespace="urn:t" xmlns="urn:t" xmlns:x="http://www.w3.org/2001/XMLSchema"><x:element name="e" type="own"/></x:schema>
<x:schema xmlns="" xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"></x:schema>
<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:me="urn:b" targetNamespace="urn:s"><x:import namespace="urn:t" /><x:import namespace="urn:w" schemaLocation="http://well-known/"/></x:schema>
</types>
<binding xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:me="urn:b" xmlns="http://schemas.xmlsoap.org/wsdl/" name="B" type="single.file:T"/>
<w:service name="S"><w:port name="P" binding="single.file:B"/></w:service>
</w:definitions>
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := Rewrite(got, "", func(_ Place, s string) string { return s }); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeOneFile(t *testing.T) {
	schema := func(inner string) string {
		return fmt.Sprintf(`<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><types><schema xmlns="http://www.w3.org/2001/XMLSchema">%s</schema></types></definitions>`, inner)
	}
	twice := `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:1"><import location="2.wsdl"/><message name="M"/></definitions>`
	for _, c := range []struct{ doc, want string }{
		{schema(`<redefine schemaLocation="x.xsd"/>`), "redefine"},
		{schema(`<include schemaLocation="gone.xsd"/>`), "elsewhere"},
		{schema(`<import schemaLocation="2.wsdl"/>`), "not a schema"},
		{schema(`<`), "cannot be read"},
		{twice, "two namespaces have a message M"},
		{`<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="gone.wsdl"/></definitions>`, "elsewhere"},
		{`<x/>`, "not a WSDL"},
		{`<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>`, "empty"},
	} {
		_, err := Single(Source{Name: "1.wsdl", Data: []byte(c.doc)}, files(map[string]string{"2.wsdl": strings.NewReplacer("urn:1", "urn:2", `<import location="2.wsdl"/>`, "").Replace(twice)}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.doc, err, c.want)
		}
	}
}

func TestSchemaOfSchemasIsNotRead(t *testing.T) {
	const doc = `<d:definitions xmlns:d="http://schemas.xmlsoap.org/wsdl/"><d:types><schema xmlns="http://www.w3.org/2001/XMLSchema"><import schemaLocation="page.html" namespace="http://www.w3.org/2001/XMLSchema"/></schema></d:types></d:definitions>`
	got, err := Single(Source{Name: "1.wsdl", Data: []byte(doc)}, files(map[string]string{"page.html": "<html/>"}))
	if err != nil || strings.Contains(string(got), "page.html") || !strings.Contains(string(got), `namespace="http://www.w3.org/2001/XMLSchema"/>`) {
		t.Errorf("%v\n%s", err, got)
	}
}

func FuzzSingle(f *testing.F) {
	f.Add(mainWSDL, bindingWSDL, loopXSD)
	f.Fuzz(func(t *testing.T, main, wsdl, xsd string) {
		out, err := Single(Source{Name: "m.wsdl", Data: []byte(main)}, files(map[string]string{"b.wsdl": wsdl, "none.xsd": xsd, "t.xsd": xsd, "loop.xsd": xsd}))
		if err != nil {
			return
		}
		if _, err := Rewrite(out, "utf-8", func(_ Place, s string) string { return s }); err != nil {
			t.Errorf("what was put together cannot be read: %v\n%q", err, out)
		}
	})
}
