package wsdl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/translate/xsd"
)

const open = `<definitions name="D" targetNamespace="urn:d" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:d="urn:d" xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:h="http://schemas.xmlsoap.org/wsdl/http/" xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"
 xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/">`

const common = `<types><xs:schema targetNamespace="urn:t"><xs:element name="In"/><xs:element name="Out"/><xs:element name="Bad"/><xs:element name="Context"/></xs:schema></types>
<message name="in"><part name="body" element="t:In"/><part name="context" element="t:Context"/></message><message name="out"><part name="body" element="t:Out"/></message>
<message name="bad"><part name="fault" element="t:Bad"/></message>
<message name="add"><part name="a" type="xs:int"/><part name="b" type="e:Array"/></message><message name="sum"><part name="sum" type="xs:int"/></message><message name="none"/>`

// save writes files, given as NAME, TEXT and so on, and returns the path of the first.
func save(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

func load(t *testing.T, body string) (*Contract, []string) {
	t.Helper()
	c, err := Load(save(t, "a.wsdl", open+common+"\n"+body+"</definitions>"))
	if err != nil {
		t.Fatal(err)
	}
	var warned []string
	for _, w := range c.Warnings {
		warned = append(warned, fmt.Sprintf("%d: %s", w.Line, w.What))
	}
	return c, warned
}

// service writes a portType with one operation, how it is bound, and a service.
func service(abstract, soap, bound string) string {
	return `<portType name="P"><operation name="Do">` + abstract + `</operation></portType><binding name="B" type="d:P">` + soap + `<operation name="Do">` + bound + `</operation></binding>
<service name="S"><documentation>Some.</documentation><port name="Port" binding="d:B"><s:address location="http://h/"/></port></service>`
}

// wire writes what a message puts on the wire.
func wire(m *Message) string {
	if m == nil {
		return "-"
	}
	var b strings.Builder
	for _, e := range m.Body {
		fmt.Fprint(&b, e.Name)
		if !e.Global {
			fmt.Fprint(&b, parts(e.Type))
		}
		b.WriteByte(' ')
	}
	for _, h := range m.Headers {
		fmt.Fprintf(&b, "header %s=%v ", h.Part, h.Element.Name)
		if h.Required {
			b.WriteString("! ")
		}
	}
	for _, a := range m.Attachments {
		fmt.Fprintf(&b, "attached %s ", a)
	}
	if m.Encoded {
		b.WriteString("encoded ")
	}
	return strings.TrimSpace(b.String())
}

func parts(t *xsd.Type) string {
	if t.Particle == nil {
		return "()"
	}
	var out []string
	for _, c := range t.Particle.Children {
		if c.Element == nil {
			out = append(out, "any")
			continue
		}
		out = append(out, fmt.Sprintf("%v:%s", c.Element.Name, c.Element.Type.Name.Local))
	}
	return "(" + strings.Join(out, " ") + ")"
}

const (
	io       = `<input message="d:in"/><output message="d:out"/>`
	rpcIO    = `<input message="d:add"/><output message="d:sum"/>`
	soapDoc  = `<s:binding transport="http://schemas.xmlsoap.org/soap/http"/>`
	soapRPC  = `<s:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>`
	literal  = `<s:body use="literal"/>`
	encoding = `<s:body use="encoded" namespace="urn:n" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/>`
)

func TestMessagesOnTheWire(t *testing.T) {
	both := func(in, out string) string { return `<input>` + in + `</input><output>` + out + `</output>` }
	for _, c := range []struct{ name, body, in, out string }{
		{"document", service(io, soapDoc, both(`<s:body use="literal" parts="body"/>`, literal)), "{urn:t}In", "{urn:t}Out"},
		{"two parts", service(io, soapDoc, both(literal, literal)), "{urn:t}In {urn:t}Context", "{urn:t}Out"},
		{"a header of the same message", service(io, soapDoc, both(literal+`<s:header message="d:in" part="context" use="literal" required="1" xmlns:w="http://schemas.xmlsoap.org/wsdl/"/>`, literal)), "{urn:t}In header context={urn:t}Context", "{urn:t}Out"},
		{"a header that must be there", service(io, soapDoc, both(`<s:body parts="body"/><s:header message="d:bad" part="fault" w:required="true" xmlns:w="http://schemas.xmlsoap.org/wsdl/"/>`, literal)), "{urn:t}In header fault={urn:t}Bad !", "{urn:t}Out"},
		{"no part", service(`<input message="d:none"/><output message="d:none"/>`, soapDoc, both(literal, literal)), "", ""},
		{"one-way", service(`<input message="d:out"/>`, soapDoc, both(literal, literal)), "{urn:t}Out", "-"},
		{"rpc", service(rpcIO, soapRPC, both(`<s:body use="literal" namespace="urn:n"/>`, literal)), "{urn:n}Do(a:int b:Array)", "DoResponse(sum:int)"},
		{"rpc of one operation", service(rpcIO, soapDoc, `<s:operation style="rpc"/>`+both(`<s:body use="literal" parts="b"/>`, literal)), "Do(b:Array)", "DoResponse(sum:int)"},
		{"rpc encoded", service(rpcIO, soapRPC, both(encoding, encoding)), "{urn:n}Do(a:int b:Array) encoded", "{urn:n}DoResponse(sum:int) encoded"},
		{"rpc without parts", service(`<input message="d:none"/><output message="d:none"/>`, soapRPC, both(encoding, encoding)), "{urn:n}Do() encoded", "{urn:n}DoResponse() encoded"},
		{"attachments", service(io, soapDoc, `<input><m:multipartRelated><m:part><s:body parts="body" use="literal"/></m:part><m:part><m:content part="context" type="image/png"/></m:part></m:multipartRelated></input><output>`+literal+`</output>`),
			"{urn:t}In attached context", "{urn:t}Out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			contract, _ := load(t, c.body)
			o := contract.Services[0].Ports[0].Operations[0]
			if in, out := wire(o.Input), wire(o.Output); in != c.in || out != c.out {
				t.Errorf("input %q, output %q\nwant  %q,        %q", in, out, c.in, c.out)
			}
			if o.Unusual != "" {
				t.Errorf("it is unusual: %s", o.Unusual)
			}
		})
	}
}

func TestPortsAndOperations(t *testing.T) {
	c, warned := load(t, `<portType name="P"><operation name="Do"><documentation>Does.</documentation>`+io+`<fault name="bad" message="d:bad"/></operation><operation name="Tell"><output message="d:out"/></operation></portType>
		<binding name="B11" type="d:P">`+soapDoc+`<operation name="Do"><s:operation soapAction="urn:do"/><input>`+literal+`</input><output>`+literal+`</output><fault name="bad"><s:fault name="bad" use="literal"/></fault></operation><operation name="Tell"><output>`+literal+`</output></operation></binding>
		<binding name="B12" type="d:P"><s12:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Do"><s12:operation soapAction="urn:do12"/><input><s12:body parts="body"/></input><output><s12:body/></output></operation></binding>
		<binding name="Get" type="d:P"><h:binding verb="GET"/><operation name="Do"/></binding><binding name="Post" type="d:P"><h:binding verb="POST"/><operation name="Do"/></binding>
		<service name="S"><documentation>Some.</documentation><port name="P11" binding="d:B11"><s:address location="http://h/11"/></port><port name="P12" binding="d:B12"><s12:address location="http://h/12"/></port>
		<port name="PGet" binding="d:Get"><h:address location="http://h/get"/></port><port name="PPost" binding="d:Post"/></service>`)
	s := c.Services[0]
	if len(c.Services) != 1 || s.Name != "S" || s.Doc != "Some." || c.Name != (xsd.Name{Space: "urn:d", Local: "D"}) {
		t.Errorf("services: %+v", c.Services)
	}
	var got []string
	for _, p := range s.Ports {
		text := fmt.Sprintf("%s %v %s %s:", p.Name, p.Protocol, p.Address, p.Binding.Local)
		for _, o := range p.Operations {
			text += fmt.Sprintf(" %s %q %s", o.Name, o.Action, o.Unusual)
		}
		got = append(got, text)
	}
	want := []string{`P11 SOAP 1.1 http://h/11 B11: Do "urn:do"  Tell "" it is a notification: the service calls`, `P12 SOAP 1.2 http://h/12 B12: Do "urn:do12" `,
		`PGet HTTP GET http://h/get Get: Do "" its binding is HTTP without SOAP`, `PPost HTTP POST  Post: Do "" its binding is HTTP without SOAP`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	do := s.Ports[0].Operations[0]
	if do.Doc != "Does." || len(do.Faults) != 1 || do.Faults[0].Name != "bad" || do.Faults[0].Element.Name.Local != "Bad" {
		t.Errorf("Do: %+v", do)
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "WS-I allows one") {
		t.Errorf("warnings %q", warned)
	}
}

func TestActions(t *testing.T) {
	for _, c := range []struct{ name, abstract, soapAction, in, out string }{
		{"given", `<input message="d:out" wsaw:Action="urn:a"/><output message="d:out" x:Action="urn:b" xmlns:x="http://www.w3.org/2007/05/addressing/metadata"/>`, "urn:s", "urn:a", "urn:b"},
		{"from SOAPAction", `<input message="d:out"/><output message="d:out"/>`, "urn:s", "urn:s", "urn:d:P:DoResponse"},
		{"by default", `<input message="d:out"/><output message="d:out" name="Answer"/>`, "", "urn:d:P:DoRequest", "urn:d:P:Answer"},
		{"by default, one-way", `<input message="d:out"/>`, "", "urn:d:P:Do", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			contract, _ := load(t, service(c.abstract, soapDoc, `<s:operation soapAction="`+c.soapAction+`"/><input>`+literal+`</input><output>`+literal+`</output>`))
			o := contract.Services[0].Ports[0].Operations[0]
			out := ""
			if o.Output != nil {
				out = o.Output.Action
			}
			if o.Input.Action != c.in || out != c.out {
				t.Errorf("%q and %q, want %q and %q", o.Input.Action, out, c.in, c.out)
			}
		})
	}
}

func TestMistakesThatAreReadAllTheSame(t *testing.T) {
	plain := `<input>` + literal + `</input><output>` + literal + `</output>`
	two := `<input message="d:out"/><output message="d:out"/>`
	for _, c := range []struct{ name, body, warning string }{
		{"no service", strings.Split(service(two, soapDoc, plain), "<service")[0], "no service has a port with the binding B; it is listed without an address"},
		{"overloads", `<portType name="P"><operation name="Do"><input name="a" message="d:out"/></operation><operation name="Do"><input name="b" message="d:out"/></operation></portType>
			<binding name="B" type="d:P">` + soapDoc + `<operation name="Do"><input name="b">` + literal + `</input></operation><operation name="Do"><input name="a">` + literal + `</input></operation></binding><service name="S"><port name="Port" binding="d:B"/></service>`,
			"operation Do is overloaded; only one of them can be called by its name"},
		{"a namespace that is wrong", strings.Replace(service(two, soapDoc, plain), `type="d:P"`, `type="t:P"`, 1), "portType {urn:t}P is not declared; {urn:d}P is taken instead"},
		{"a message that is missing", service(`<input message="d:gone"/>`, soapDoc, plain), "message {urn:d}gone is not declared"},
		{"an operation that is missing", strings.Replace(service(two, soapDoc, plain), `<operation name="Do"><input>`, `<operation name="Did"><input>`, 1), "operation Did is not in portType P; left out"},
		{"a part with a type", `<message name="typed"><part name="p" type="xs:int"/></message>` + service(`<input message="d:typed"/>`, soapDoc, plain), ""},
		{"a part without both", `<message name="bare"><part name="p"/></message>` + service(`<input message="d:bare"/>`, soapDoc, plain), "part p has neither an element nor a type; anyType is taken"},
		{"a part of nothing", `<message name="lost"><part name="p" element="t:Gone"/></message>` + service(`<input message="d:lost"/>`, soapDoc, plain), "element {urn:t}Gone is not declared; anyType is taken instead"},
		{"an rpc part with an element", service(two, soapRPC, plain), "part body of an rpc message names an element, not a type"},
		{"parts that are missing", service(two, soapDoc, `<input><s:body parts="body gone"/></input><output>`+literal+`</output>`), "soap:body names the part gone, which message out does not have"},
		{"a header that is missing", service(two, soapDoc, `<input>`+literal+`<s:header message="d:out" part="gone"/></input><output>`+literal+`</output>`), "soap:header names the part gone, which message out does not have; left out"},
		{"no body", service(two, soapDoc, `<input/><output>`+literal+`</output>`), "input of operation Do has no soap:body"},
		{"another transport", service(two, `<s:binding transport="urn:jms"/>`, plain), "transport urn:jms is not HTTP"},
		{"another style", service(two, `<s:binding style="RPC"/>`, plain), "style RPC is neither document nor rpc; taken as document"},
		{"another protocol", service(two, `<other/>`, plain), "binding B is neither SOAP nor HTTP; left out"},
		{"a message twice", `<message name="out"/>` + service(two, soapDoc, plain), "message {urn:d}out is declared in"},
		{"an import from nowhere", `<import namespace="urn:x"/>` + service(two, soapDoc, plain), "import of the namespace urn:x has no location"},
	} {
		t.Run(c.name, func(t *testing.T) {
			contract, warned := load(t, c.body)
			if c.warning == "" && len(warned) > 0 || c.warning != "" && (len(warned) != 1 || !strings.Contains(warned[0], c.warning)) {
				t.Errorf("warnings %q, want %q", warned, c.warning)
			}
			if len(contract.Services) == 0 {
				t.Error("no service is left")
			}
		})
	}
}

func TestOverloadsAreBoundByTheNamesOfTheirMessages(t *testing.T) {
	c, _ := load(t, `<portType name="P"><operation name="Do"><input name="a" message="d:in"/></operation><operation name="Do"><input name="b" message="d:out"/></operation></portType>
		<binding name="B" type="d:P">`+soapDoc+`<operation name="Do"><input name="b">`+literal+`</input></operation><operation name="Do"><input name="a"><s:body parts="body"/></input></operation></binding>`)
	ops := c.Services[0].Ports[0].Operations
	if len(ops) != 2 || wire(ops[0].Input) != "{urn:t}Out" || wire(ops[1].Input) != "{urn:t}In" {
		t.Errorf("%+v", ops)
	}
	if c.Services[0].Name != "" || c.Services[0].Ports[0].Name != "B" {
		t.Errorf("the service of a binding without one: %+v", c.Services[0])
	}
}

func TestContractsInSeveralFiles(t *testing.T) {
	main := save(t, "main.wsdl", open+`<import namespace="urn:d" location="more.wsdl"/><import namespace="urn:t" location="t.xsd"/>
		<service name="S"><port name="P" binding="d:B"/></service></definitions>`,
		"more.wsdl", open+`<import namespace="urn:d" location="main.wsdl"/><message name="out"><part name="p" element="t:Out"/></message>`+strings.Split(service(`<input message="d:out"/>`, soapDoc, `<input>`+literal+`</input>`), "<service")[0]+`</definitions>`,
		"t.xsd", `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><xs:element name="Out"/></xs:schema>`)
	c, err := Load(main)
	if err != nil {
		t.Fatal(err)
	}
	if got := wire(c.Services[0].Ports[0].Operations[0].Input); got != "{urn:t}Out" {
		t.Errorf("input %s", got)
	}
	var names []string
	for _, f := range c.Files {
		names = append(names, filepath.Base(f))
	}
	if diff := cmp.Diff([]string{"main.wsdl", "more.wsdl", "t.xsd"}, names); diff != "" {
		t.Error(diff)
	}
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "main.wsdl:3: wsdl:import of t.xsd, which is a schema") {
		t.Errorf("warnings %v", c.Warnings)
	}
}

func TestSchemasInOneFileSeeEachOther(t *testing.T) {
	c, err := Load(save(t, "a.wsdl", open+`<types><xs:schema targetNamespace="urn:t"><xs:import namespace="urn:u"/><xs:element name="In" type="u:T" xmlns:u="urn:u"/></xs:schema>
		<xs:schema targetNamespace="urn:u"><xs:complexType name="T"/></xs:schema></types></definitions>`))
	if err != nil || len(c.Warnings) > 0 {
		t.Fatalf("%v, %v", err, c)
	}
	if in := c.Schema.Elements[xsd.Name{Space: "urn:t", Local: "In"}]; in.Type.Name.Local != "T" {
		t.Errorf("In: %+v", in.Type)
	}
}

func TestAnAnswerToARequestForMetadata(t *testing.T) {
	c, err := Load(save(t, "mex.xml", `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header/><e:Body><x:Metadata xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/mex">
		<x:MetadataSection Dialect="http://schemas.xmlsoap.org/wsdl/">`+open+`<types><xs:schema><xs:import namespace="urn:t"/></xs:schema></types>`+strings.SplitN(common, "</types>", 2)[1]+service(`<input message="d:out"/>`, soapDoc, `<input>`+literal+`</input>`)+`</definitions></x:MetadataSection>
		<x:MetadataSection Dialect="http://www.w3.org/2001/XMLSchema"><xs:schema targetNamespace="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Out"/></xs:schema></x:MetadataSection></x:Metadata></e:Body></e:Envelope>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := wire(c.Services[0].Ports[0].Operations[0].Input); got != "{urn:t}Out" || len(c.Warnings) > 0 {
		t.Errorf("input %s, warnings %v", got, c.Warnings)
	}
}

func TestMistakesThatAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a file that is missing":    {open + `<import namespace="urn:x" location="gone.wsdl"/></definitions>`, "a.wsdl:3: import of gone.wsdl: there is no such file; twohop import saves"},
		"a file on the network":     {open + `<import namespace="urn:x" location="http://h/x?wsdl"/></definitions>`, "a.wsdl:3: import of http://h/x?wsdl: not a file beside it; twohop import saves"},
		"a file of something else":  {open + `<import namespace="urn:x" location="b.xml"/></definitions>`, "neither WSDL nor a schema: its root is <b>"},
		"a schema that is missing":  {open + `<types><xs:schema><xs:include schemaLocation="gone.xsd"/></xs:schema></types></definitions>`, "a.wsdl:3: include of gone.xsd: there is no such file"},
		"not a contract":            {"<html/>", "not a WSDL document: its root is <html>"},
		"another version of WSDL":   {`<description xmlns="http://www.w3.org/ns/wsdl"/>`, "WSDL 2.0 is not read"},
		"a DTD":                     {`<!DOCTYPE definitions><definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>`, "a.wsdl: line 1"},
		"a file that is not whole":  {open, "a.wsdl: line 3"},
		"an import of itself, html": {open + `<types><xs:schema><xs:import namespace="urn:x" schemaLocation="b.xml"/></xs:schema></types></definitions>`, "b.xml has no schema"},
	} {
		if _, err := Load(save(t, "a.wsdl", c.text, "b.xml", "<b/>")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.wsdl")); err == nil {
		t.Error("a contract that is not there is read")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(common + service(io, soapDoc, `<s:operation soapAction="urn:do"/><input>`+literal+`</input><output>`+literal+`</output>`))
	f.Add(common + service(rpcIO, soapRPC, `<input>`+encoding+`</input><output>`+encoding+`</output>`))
	f.Add(common + service(io, soapDoc, `<input><m:multipartRelated><m:part><s:body parts="body"/></m:part><m:part><m:content part="context"/></m:part></m:multipartRelated></input>`))
	f.Fuzz(func(t *testing.T, body string) {
		c, err := Load(save(t, "a.wsdl", open+body+"</definitions>"))
		if err != nil {
			return
		}
		for _, s := range c.Services {
			for _, p := range s.Ports {
				for _, o := range p.Operations {
					for _, m := range []*Message{o.Input, o.Output} {
						if m != nil {
							wire(m) // follows every pointer
						}
					}
				}
			}
		}
	})
}

// A contract is made of attributes, which hold any text; a name becomes markup, and a part
// of samples and header fields.
func TestNamesThatNoMessageCanHold(t *testing.T) {
	const doc = `<definitions targetNamespace="urn:r" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:r" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:x="http://www.w3.org/2001/XMLSchema">
<types><x:schema targetNamespace="urn:r"><x:element name="A"><x:complexType><x:sequence><x:element name="ELEMENT" type="x:string"/></x:sequence><x:attribute name="ATTRIBUTE" type="x:string"/></x:complexType></x:element></x:schema></types>
<message name="In"><part name="p" element="t:A"/></message><message name="Rpc"><part name="PART" type="x:string"/></message>
<portType name="P"><operation name="OPERATION"><input message="t:In"/></operation><operation name="Rpc"><input message="t:Rpc"/></operation></portType>
<binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="OPERATION"><s:operation soapAction="ACTION"/><input><s:body use="literal"/></input></operation>
<operation name="Rpc"><s:operation soapAction="r" style="rpc"/><input><s:body use="literal" namespace="urn:r"/></input></operation></binding>
<service name="S"><port name="P" binding="t:B"><s:address location="http://h/"/></port></service></definitions>`
	const evil = `a&#10;evil(&quot;&lt;b/>`
	for word, want := range map[string]string{"ELEMENT": "a name that no message can hold", "ATTRIBUTE": "", "PART": "no name in XML", "OPERATION": "no name in XML", "ACTION": "no header field"} {
		file := filepath.Join(t.TempDir(), "a.wsdl")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(doc, word, evil)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file)
		if err != nil {
			if word != "ELEMENT" || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", word, err)
			}
			continue
		}
		told := ""
		for _, o := range c.Services[0].Ports[0].Operations {
			told += o.Unusual
		}
		if !strings.Contains(told, want) || (told == "") != (want == "") || len(c.Schema.Elements[xsd.Name{Space: "urn:r", Local: "A"}].Type.Attributes) == 1 && word == "ATTRIBUTE" {
			t.Errorf("%s: %q", word, told)
		}
	}
}
