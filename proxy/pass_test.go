package proxy

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/audit"
)

const passContract = `<?xml version="1.0" encoding="utf-8"?>
<definitions name="Stock" targetNamespace="urn:stock" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:stock" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:x="http://www.w3.org/2001/XMLSchema">
  <types>
    <x:schema><x:import namespace="urn:stock" schemaLocation="stock.xsd"/></x:schema>
  </types>
  <message name="GetIn"><part name="p" element="t:Get"/></message>
  <message name="PutIn"><part name="p" element="t:Put"/></message>
  <message name="Out"><part name="p" element="t:Done"/></message>
  <portType name="Stock">
    <operation name="Get"><input message="t:GetIn"/><output message="t:Out"/></operation>
    <operation name="Put"><input message="t:PutIn"/><output message="t:Out"/></operation>
    <operation name="PutTwice"><input message="t:PutIn"/><output message="t:Out"/></operation>
  </portType>
  <binding name="Stock" type="t:Stock">
    <s:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="Get"><s:operation soapAction="urn:a/1"/><input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>
    <operation name="Put"><s:operation soapAction="urn:a/2"/><input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>
    <operation name="PutTwice"><s:operation soapAction="urn:a/3"/><input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>
  </binding>
  <service name="Stock"><port name="Stock" binding="t:Stock"><s:address location="http://old-name:8080/app/stock.asmx"/></port></service>
</definitions>
`

const passSchema = `<x:schema targetNamespace="urn:stock" xmlns:x="http://www.w3.org/2001/XMLSchema"><x:element name="Get" type="x:string"/><x:element name="Put" type="x:string"/><x:element name="Done" type="x:string"/></x:schema>`

// contractFile writes the contract and returns its name.
func contractFile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"stock.wsdl": passContract, "stock.xsd": passSchema} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "stock.wsdl")
}

// passRoute is an open route at /front to /app/stock.asmx.
func passRoute(soap string) string {
	return "routes: [{name: stock, path: /front, callers: [anyone], target: {url: TARGET/app/stock.asmx}, soap: {" + soap + "}}]"
}

func enveloped(header, body string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://www.w3.org/2005/08/addressing">` + header + `<s:Body>` + body + `</s:Body></s:Envelope>`
}

func TestContractOfTheTarget(t *testing.T) {
	var got *http.Request
	served := passContract
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Header().Set("Etag", `"x"`)
		io.WriteString(w, strings.ReplaceAll(served, "TARGET", "http://"+r.Host))
	}), passRoute(""))
	served = strings.NewReplacer(`"stock.xsd"`, `"TARGET/app/stock.asmx?xsd=1"`).Replace(passContract)
	resp, body := g.do("GET", "/front?wsdl", nil, "Accept-Encoding", "gzip", "If-None-Match", `"x"`)
	want := strings.NewReplacer(`"TARGET/app/stock.asmx?xsd=1"`, `"`+g.URL+`/front?xsd=1"`, "http://old-name:8080/app/stock.asmx", g.URL+"/front").Replace(served)
	if diff := cmp.Diff(want, body); diff != "" || resp.StatusCode != 200 || resp.ContentLength != int64(len(want)) || resp.Header.Get("Etag") != "" || resp.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%v\n%s", resp, diff)
	}
	if got.URL.RawQuery != "wsdl" || got.Header.Get("Accept-Encoding") != "" || got.Header.Get("If-None-Match") != "" {
		t.Errorf("the target saw %v %v", got.URL, got.Header)
	}
	if s := g.audit.stages(); s != "begin end" {
		t.Errorf("recorded: %s", s)
	}
	served = `<!DOCTYPE d><definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>`
	if resp, body := g.do("GET", "/front?wsdl", nil); resp.StatusCode != 502 || code(t, body) != "target_bad_answer" {
		t.Errorf("a DOCTYPE: %v %s", resp.Status, body)
	}
	served = passContract + strings.Repeat(" ", longContract)
	if resp, body := g.do("GET", "/front?wsdl", nil); resp.StatusCode != 502 || !strings.Contains(body, "longer than") {
		t.Errorf("a long one: %v %.200s", resp.Status, body)
	}
}

func TestOneFileOfTheTarget(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		switch r.URL.String() {
		case "/app/stock.asmx?wsdl":
			io.WriteString(w, passContract)
		case "/app/stock.xsd":
			io.WriteString(w, passSchema)
		default:
			http.NotFound(w, r)
		}
	}), passRoute(""))
	resp, body := g.do("GET", "/front?singleWsdl", nil)
	if resp.StatusCode != 200 || strings.Contains(body, "schemaLocation") || !strings.Contains(body, `<x:element name="Get"`) || !strings.Contains(body, `location="`+g.URL+`/front"`) {
		t.Errorf("%v\n%s", resp.Status, body)
	}
}

// What a contract imports, and where from, is not for callers.
func TestAContractThatCannotBeOneFileTellsNoAddress(t *testing.T) {
	for _, part := range []string{
		`<import namespace="urn:b" location="http://10.1.2.3:8080/x.wsdl"/>`,
		`<types><x:schema><x:include schemaLocation="http://10.1.2.3:8080/x.xsd"/></x:schema></types>`,
		`<types><x:schema><x:include schemaLocation="?other"/></x:schema></types>`,
	} {
		g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/xml")
			if r.URL.RawQuery == "other" {
				io.WriteString(w, "<a/>")
				return
			}
			io.WriteString(w, `<definitions targetNamespace="urn:stock" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:x="http://www.w3.org/2001/XMLSchema">`+part+`</definitions>`)
		}), passRoute(""))
		resp, body := g.do("GET", "/front?singleWsdl", nil)
		if resp.StatusCode != 502 || strings.Contains(body, "10.1.2.3") || strings.Contains(body, strings.TrimPrefix(g.target, "http://")) {
			t.Errorf("%s: %s %s", part, resp.Status, body)
		}
	}
}

func TestSavedContract(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the target was called") }),
		passRoute(fmt.Sprintf("contract: %q, callers_speak: soap", contractFile(t))+", operations: {Get: {}}"))
	_, wsdl := g.do("GET", "/front?WSDL", nil)
	want := strings.NewReplacer(`"stock.xsd"`, `"`+g.URL+`/front?xsd=stock.xsd"`, "http://old-name:8080/app/stock.asmx", g.URL+"/front").Replace(passContract)
	if diff := cmp.Diff(want, wsdl); diff != "" {
		t.Error(diff)
	}
	if _, xsd := g.do("GET", "/front?xsd=stock.xsd", nil); xsd != passSchema {
		t.Errorf("the schema: %s", xsd)
	}
	if resp, _ := g.do("GET", "/front?xsd=../../etc/passwd", nil); resp.StatusCode != 404 {
		t.Errorf("another file: %s", resp.Status)
	}
	if resp, one := g.do("GET", "/front?singleWsdl", nil); resp.StatusCode != 200 || strings.Contains(one, "schemaLocation") {
		t.Errorf("one file: %s %s", resp.Status, one)
	}
	mex := `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>` +
		`<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action><a:MessageID>urn:x&amp;1</a:MessageID></s:Header><s:Body/></s:Envelope>`
	resp, answer := g.do("POST", "/front", strings.NewReader(mex), "Content-Type", "application/soap+xml; charset=utf-8")
	if resp.StatusCode != 200 || !strings.Contains(answer, "<a:RelatesTo>urn:x&amp;1<") || !strings.Contains(answer, g.URL+"/front") {
		t.Errorf("metadata exchange: %s %s", resp.Status, answer)
	}
}

// TestOperations calls a route that allows Get and PutTwice, with a contract and without.
func TestOperations(t *testing.T) {
	var reached string
	target := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		reached = r.Header.Get("Soapaction") + " " + string(b)
		w.Header().Set("Content-Type", "text/xml")
	})
	const get, put = `<Get xmlns="urn:stock"/>`, `<Put xmlns="urn:stock"/>`
	wsa := func(action string) string { return `<s:Header><a:Action>` + action + `</a:Action></s:Header>` }
	multi := func(first, second string) string {
		return "--b\r\nContent-Type: application/xop+xml; charset=utf-8\r\nContent-ID: <r>\r\n\r\n" + first + "\r\n--b\r\nContent-ID: <q>\r\n\r\n" + second + "\r\n--b--\r\n"
	}
	long := `<s:Header><x xmlns="urn:x">` + strings.Repeat("x", mostPeek) + `</x></s:Header>`
	for _, c := range []struct {
		name, contentType, action, body string
		with, without                   string // the operation, or the code of the refusal
	}{
		{"by action and body", "text/xml", `"urn:a/1"`, enveloped("", get), "Get", "operation_not_allowed"},
		{"by the body alone", "text/xml", `""`, enveloped("", get), "Get", "Get"},
		{"by the body, no SOAPAction", "application/soap+xml", "", enveloped("", get), "Get", "Get"},
		{"an action that ends in the name", "text/xml", `"urn:b/Get"`, enveloped("", get), "operation_not_allowed", "Get"},
		{"another body under the action", "text/xml", `"urn:a/1"`, enveloped("", put), "operation_not_allowed", "operation_not_allowed"},
		{"another action over the body", "text/xml", `"urn:a/2"`, enveloped("", get), "operation_not_allowed", "operation_not_allowed"},
		{"another wsa:Action", "text/xml", `""`, enveloped(wsa("urn:a/2"), get), "operation_not_allowed", "operation_not_allowed"},
		{"wsa:Action and SOAPAction differ", "text/xml", `"urn:a/1"`, enveloped(wsa("urn:a/2"), get), "operation_not_allowed", "operation_not_allowed"},
		{"the operation is not listed", "text/xml", `"urn:a/2"`, enveloped("", put), "operation_not_allowed", "operation_not_allowed"},
		{"two operations with one body, the action tells", "text/xml", `"urn:a/3"`, enveloped("", put), "PutTwice", "operation_not_allowed"},
		{"two operations with one body, nothing tells", "text/xml", `""`, enveloped("", put), "operation_unclear", "operation_not_allowed"},
		{"a body in another namespace", "text/xml", `""`, enveloped("", `<Get xmlns="urn:else"/>`), "operation_not_allowed", "Get"},
		{"a comment and a header before", "text/xml", `""`, enveloped("<!-- <s:Body><Put/></s:Body> --><s:Header/>", get), "Get", "Get"},
		{"two bodies", "text/xml", `""`, strings.Replace(enveloped("", get), "<s:Body>", "<s:Body/><s:Body>", 1), "operation_unclear", "operation_unclear"},
		{"a body within the header", "text/xml", `""`, enveloped("<s:Header><s:Body>"+put+"</s:Body></s:Header>", get), "Get", "Get"},
		{"a DOCTYPE", "text/xml", `""`, "<!DOCTYPE x>" + enveloped("", get), "operation_unclear", "operation_unclear"},
		{"UTF-7", "text/xml; charset=utf-7", `""`, enveloped("", get), "operation_unclear", "operation_unclear"},
		{"MTOM", `multipart/related; boundary=b; start="<r>"`, `"urn:a/1"`, multi(enveloped("", get), "x"), "Get", "operation_not_allowed"},
		{"MTOM whose root is not the first part", `multipart/related; boundary=b; start="<q>"`, `""`, multi(enveloped("", get), enveloped("", put)), "operation_unclear", "operation_unclear"},
		{"a form", "application/x-www-form-urlencoded", "", "op=Put", "operation_unclear", "operation_unclear"},
		{"a body beyond the peek", "text/xml", `""`, enveloped(long, get), "operation_unclear", "operation_unclear"},
		{"an encrypted body", "text/xml", `""`, enveloped("", `<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>`), "operation_unclear", "operation_unclear"},
		{"an envelope as a field of a form", "application/x-www-form-urlencoded", "", enveloped("", get) + "&id=1", "operation_unclear", "operation_unclear"},
		{"an envelope declared as JSON", "application/json", "", enveloped("", get), "operation_unclear", "operation_unclear"},
		{"an element that is not the root", "text/xml", `""`, enveloped("", `<Get xmlns="urn:stock" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" e:root="0"/>`+put), "operation_unclear", "operation_unclear"},
		// libxml2 reads Put in it: 0x815D is one character of Shift_JIS.
		{"a CDATA section that ends within a character", "text/xml; charset=shift_jis", `""`, `<?xml version="1.0" encoding="shift_jis"?>` +
			enveloped("<s:Header><h><![CDATA[\x81\x5d]></h></s:Header>", `<Get xmlns="urn:stock"><![CDATA[ ]]></h></s:Header><s:Body>`+put), "operation_unclear", "operation_unclear"},
		{"no body", "text/xml", `"urn:a/1"`, "", "operation_unclear", "operation_unclear"},
	} {
		for _, contract := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, contract %t", c.name, contract), func(t *testing.T) {
				soap, want := "callers_speak: soap, operations: {Get: {}, PutTwice: {}}", c.without
				if contract {
					soap, want = fmt.Sprintf("contract: %q, ", contractFile(t))+soap, c.with
				}
				g := newRig(t, target, passRoute(soap))
				reached = ""
				header := []string{"Content-Type", c.contentType}
				if c.action != "" {
					header = append(header, "SOAPAction", c.action)
				}
				resp, body := g.do("POST", "/front", strings.NewReader(c.body), header...)
				end := g.audit.last(t, "end")
				if !strings.HasPrefix(want, "operation_") {
					if resp.StatusCode != 200 || reached != c.action+" "+c.body || end.Operation != want {
						t.Errorf("%s, operation %q, the target saw %q\n%s", resp.Status, end.Operation, reached, body)
					}
					return
				}
				if end.Code != want || reached != "" {
					t.Errorf("%s %q, want %s; %q", resp.Status, end.Code, want, reached)
				}
				if c.action != "" && (resp.StatusCode != 500 || !strings.Contains(body, "<code>"+want+"</code>")) {
					t.Errorf("no SOAP Fault: %s %s", resp.Status, body)
				}
			})
		}
	}
}

func TestJSONForARouteOfSOAPIsNamed(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), passRoute("operations: {Get: {}}"))
	for body, want := range map[string]string{` {"item":"A"}`: "the body is JSON", "item=A": "not a SOAP message", "": ""} {
		resp, text := g.do("POST", "/front", strings.NewReader(body), "Content-Type", "application/json")
		if resp.StatusCode != 400 || code(t, text) != "operation_unclear" || !strings.Contains(text, want) || strings.Contains(text, "is JSON") != (want == "the body is JSON") {
			t.Errorf("%q: %s %s", body, resp.Status, text)
		}
	}
}

func TestOtherMethodsDoNotPassTheList(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), strings.Replace(passRoute("operations: {Get: {}}"), "/front", "/front/*", 1))
	if resp, body := g.do("GET", "/front/Put?id=1", nil); resp.StatusCode != 403 || code(t, body) != "operation_not_allowed" {
		t.Errorf("GET: %s %s", resp.Status, body)
	}
	for _, path := range []string{"/front?wsdl", "/front?xsd=1", "/front/all.xsd"} {
		if resp, _ := g.do("GET", path, nil); resp.StatusCode != 200 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	for path, body := range map[string]string{"/front/Put?wsdl": "", "/front?wsdl&method=Put": "", "/front/Put?singleWsdl": "", "/front/Put/a.xsd?id=1": "", "/front/Put;a.xsd": "", "/front?wsdl": "x"} {
		if resp, text := g.do("GET", path, strings.NewReader(body)); resp.StatusCode != 403 || code(t, text) != "operation_not_allowed" {
			t.Errorf("GET %s: %s %s", path, resp.Status, text)
		}
	}
}

func TestALimitOfAnOperation(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), passRoute("operations: {Get: {}, Put: {limit: {rate: 1/h}}}"))
	call := func(name string) int {
		resp, _ := g.do("POST", "/front", strings.NewReader(enveloped("", `<`+name+` xmlns="urn:stock"/>`)), "Content-Type", "application/xml")
		return resp.StatusCode
	}
	if got := []int{call("Put"), call("Put"), call("Get"), call("Get")}; !cmp.Equal(got, []int{200, 500, 200, 200}) {
		t.Errorf("got %v", got)
	}
	if end := g.audit.last(t, "end"); end.Operation != "Get" {
		t.Errorf("recorded %+v", end)
	}
}

func TestWithoutAListNothingIsRefused(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), passRoute(""))
	for _, body := range []string{"", "{}", enveloped("", "<A/>"), "<!DOCTYPE x>", strings.Repeat("x", 200<<10)} {
		resp, got := g.do("POST", "/front", strings.NewReader(body), "Content-Type", "text/xml")
		if resp.StatusCode != 200 || !strings.Contains(got, fmt.Sprintf(`"bytes":%d,`, len(body))) {
			t.Errorf("%d bytes: %s %s", len(body), resp.Status, got)
		}
	}
}

func TestAddressesOfAMessage(t *testing.T) {
	var reached string
	var length int64
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		reached, length = string(b), r.ContentLength
	}), passRoute(""))
	const wsu, ds = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd", "http://www.w3.org/2000/09/xmldsig#"
	header := func(to, more string) string {
		return `<s:Header><a:To xmlns:u="` + wsu + `" u:Id="t"> ` + to + ` </a:To><a:ReplyTo><a:Address>` + to + `</a:Address></a:ReplyTo>` + more + `</s:Header>`
	}
	signed := func(uri string) string {
		return `<d:Signature xmlns:d="` + ds + `"><d:Reference URI="` + uri + `"/></d:Signature>`
	}
	here, there := g.URL+"/front", g.target+"/app/stock.asmx"
	for _, c := range []struct{ name, body, want string }{
		{"the front door", enveloped(header(here, ""), ""), enveloped(header(there, ""), "")},
		{"a query", enveloped(header(here+"?a=1&amp;b", ""), ""), enveloped(header(there+"?a=1&amp;b", ""), "")},
		{"another place", enveloped(header("http://else/front", ""), ""), ""},
		{"another route", enveloped(header(here+"more", ""), ""), ""},
		{"anonymous", enveloped(header("http://www.w3.org/2005/08/addressing/anonymous", ""), ""), ""},
		{"To is signed", enveloped(header(here, signed("#t")), ""), strings.Replace(enveloped(header(here, signed("#t")), ""), "<a:Address>"+here, "<a:Address>"+there, 1)},
		{"something else is signed", enveloped(header(here, signed("#b")), ""), enveloped(header(there, signed("#b")), "")},
		{"everything is signed", enveloped(header(here, signed("")), ""), ""},
		{"by an expression", enveloped(header(here, signed("#xpointer(/)")), ""), ""},
		{"an encrypted signature", enveloped(header(here, `<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>`), ""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.body
			}
			for _, body := range []io.Reader{strings.NewReader(c.body), io.MultiReader(strings.NewReader(c.body))} {
				resp, _ := g.do("POST", "/front", body, "Content-Type", "text/xml", "SOAPAction", `""`)
				if diff := cmp.Diff(c.want, reached); diff != "" || resp.StatusCode != 200 || length >= 0 && length != int64(len(c.want)) {
					t.Errorf("%s, Content-Length %d\n%s", resp.Status, length, diff)
				}
			}
			d := g.deps.Secret.Digest(audit.Body)
			d.Write([]byte(c.body))
			if end := g.audit.last(t, "end"); end.RequestDigest != d.Sum() {
				t.Error("the digest is not that of what the caller sent")
			}
		})
	}
}
