package validate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func orders(t *testing.T) *Validator {
	t.Helper()
	v, err := New("testdata/orders.wsdl", "testdata/parts.xsd", "testdata/common.xsd")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	head = `<PutOrder xmlns="urn:orders" xmlns:p="urn:parts" xml:lang="de">`
	line = `<Line><p:Item>bolt</p:Item><p:Quantity>1.5</p:Quantity></Line>`
	tail = `</PutOrder>`
)

func TestBodies(t *testing.T) {
	v := orders(t)
	for _, c := range []struct{ name, body, want string }{
		{"a whole order", head + `<Number>AB1234</Number>` + line + line + `<Note>now</Note>` + tail, ""},
		{"nil", head + `<Number>AB1234</Number>` + line + `<Note xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>` + tail, ""},
		{"a part in a part", head + `<Number>AB1234</Number><Line><p:Item>a</p:Item><p:Quantity>1</p:Quantity><p:Part><p:Item>b</p:Item><p:Quantity>2</p:Quantity></p:Part></Line>` + tail, ""},
		{"an element of the second schema", `<OnePart xmlns="urn:orders" xmlns:p="urn:parts"><p:Item>a</p:Item><p:Quantity>1</p:Quantity></OnePart>`, ""},
		{"a pattern", head + `<Number>1234</Number>` + line + tail, "/PutOrder/Number"},
		{"a facet of a chameleon", head + `<Number>AB1234</Number>` + strings.Replace(line, "1.5", "0", 1) + tail, "/PutOrder/Line/Quantity"},
		{"digits", head + `<Number>AB1234</Number>` + strings.Replace(line, "1.5", "1.2345", 1) + tail, "/PutOrder/Line/Quantity"},
		{"something missing", head + `<Number>AB1234</Number>` + tail, "/PutOrder"},
		{"too many", head + `<Number>AB1234</Number>` + strings.Repeat(line, 4) + tail, "/PutOrder"},
		{"another order", head + line + `<Number>AB1234</Number>` + tail, "/PutOrder"},
		{"not nillable", head + `<Number xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>` + line + tail, "/PutOrder"},
		{"an unknown attribute", strings.Replace(head, "xml:lang", "lang", 1) + `<Number>AB1234</Number>` + line + tail, "/PutOrder"},
		{"an unknown element", `<Other xmlns="urn:orders"/>`, "/"},
		{"a document type", `<!DOCTYPE a>` + head + tail, ""},
		{"no XML", `<a`, ""},
	} {
		err := v.Body([]byte(c.body))
		var invalid *Invalid
		switch {
		case c.name == "a document type" || c.name == "no XML":
			if err == nil {
				t.Errorf("%s: valid", c.name)
			}
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &invalid) || invalid.Path != c.want || invalid.What == ""):
			t.Errorf("%s: %v, want it at %s", c.name, err, c.want)
		}
	}
}

func TestAValidatorIsSafeForConcurrentUse(t *testing.T) {
	v := orders(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				if err := v.Body([]byte(head + `<Number>AB1234</Number>` + line + tail)); err != nil {
					t.Error(err)
				}
				if v.Body([]byte(head+tail)) == nil {
					t.Error("valid without its elements")
				}
			}
		})
	}
	all.Wait()
}

func TestSchemasThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const schema = `<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" targetNamespace="u" xmlns:u="u" xmlns:v="v">`
	for _, c := range []struct{ name, file, want string }{
		{"no schema", file("none.wsdl", `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>`), "the contract holds no schema"},
		{"a DOCTYPE", file("doctype.xsd", `<!DOCTYPE a>`+schema+`</s:schema>`), "DOCTYPE is refused"},
		{"a file that is not there", filepath.Join(dir, "absent.xsd"), "absent.xsd"},
	} {
		if _, err := New(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	// What is not among the files is neither opened nor fetched; messages that need it are refused.
	secret := file("secret.xsd", schema+`<s:simpleType name="T"><s:restriction base="s:string"/></s:simpleType></s:schema>`)
	asks := file("asks.xsd", schema+`<s:include schemaLocation="secret.xsd"/><s:element name="a" type="u:T"/></s:schema>`)
	calls := file("calls.xsd", schema+`<s:import namespace="v" schemaLocation="http://127.0.0.1:1/v.xsd"/><s:element name="a" type="v:T"/></s:schema>`)
	for _, c := range []struct {
		files []string
		want  string
	}{{[]string{asks}, "/a: invalid simple content: missing type"}, {[]string{calls}, "/a: invalid simple content: missing type"}, {[]string{asks, secret}, ""}} {
		v, err := New(c.files...)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Body([]byte(`<a xmlns="u">x</a>`)); err == nil && c.want != "" || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.files, err, c.want)
		}
	}
}

func BenchmarkBody(b *testing.B) {
	v, err := New("testdata/orders.wsdl", "testdata/parts.xsd", "testdata/common.xsd")
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(head + `<Number>AB1234</Number><Line><p:Item>a</p:Item><p:Quantity>1</p:Quantity>` +
		strings.Repeat(`<p:Part><p:Item>hexagon bolt</p:Item><p:Quantity>12.5</p:Quantity></p:Part>`, 1000) + `</Line>` + tail)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := v.Body(body); err != nil {
			b.Fatal(err)
		}
	}
}
