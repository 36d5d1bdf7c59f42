package proxy

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/audit"
	"twohop/internal/fault"
)

// soapRoute is a JSON route; more keys of soap follow, indented by six.
const soapRoute = `
routes:
  - name: stock
    path: /stock/*
    callers: [fno]
    target: {url: "TARGET/ws"}
    methods: [GET, POST, PUT]
    soap:
      contract: testdata/stock.wsdl
`

// soapTarget answers with a body in an envelope, and notes what came.
type soapTarget struct {
	t       *testing.T
	answer  string // content of soap:Body
	status  int    // 0 is 200
	header  map[string]string
	raw     bool // answer is the whole body
	gzipped bool

	calls  int
	got    string // the envelope
	fields http.Header
	url    string
	length int64
}

func (s *soapTarget) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.got = "broken: " + err.Error()
		return
	}
	s.got, s.fields, s.url, s.length = string(body), r.Header, r.Method+" "+r.URL.String(), r.ContentLength
	answer := []byte(s.answer)
	if !s.raw {
		answer = []byte(inEnvelope(s.answer))
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	if s.gzipped {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(answer)
		z.Close()
		answer = b.Bytes()
		w.Header().Set("Content-Encoding", "gzip")
	}
	for name, value := range s.header {
		w.Header().Set(name, value)
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
	}
	w.Write(answer)
}

func inEnvelope(body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="` + ns11 + `"><s:Body>` + body + `</s:Body></s:Envelope>`
}

// inside returns what stands between the tags of soap:Body.
func inside(envelope string) string {
	_, after, _ := strings.Cut(envelope, "Body>")
	body, _, _ := strings.Cut(after, "</soap:Body>")
	return body
}

const stockAnswer = `<GetStockResponse xmlns="urn:stock"><level>9007199254740993.50</level></GetStockResponse>`

func (s *soapTarget) rig(t *testing.T, more string) *rig {
	t.Helper()
	s.t = t
	return newRig(t, s, soapRoute+more)
}

func TestAnOperationIsCalledAsJSON(t *testing.T) {
	for _, c := range []struct {
		name, more, method, path, body string
		header                         []string
		want                           string // content of soap:Body at the target
		headers                        string // of soap:Header, "" for none
	}{
		{name: "by its name", method: "POST", path: "/stock/GetStock", body: `{"item":"é<&>"}`, want: `<n0:GetStock><n0:item>é&lt;&amp;&gt;</n0:item></n0:GetStock>`},
		{name: "in another order", method: "POST", path: "/stock/GetStock", body: `{"filter":{"site":1},"item":"A"}`, want: `<n0:GetStock><n0:item>A</n0:item><n0:filter><n0:site>1</n0:site></n0:filter></n0:GetStock>`},
		{name: "by a path and a query", more: "      bindings: [{path: '/items/{item}', operation: GetStock, query: {site: filter.site, bin: filter.bin, open: open}}]\n",
			method: "GET", path: "/stock/items/A%201?site=7&bin=x&bin=y&open=true", want: `<n0:GetStock><n0:item>A 1</n0:item><n0:open>true</n0:open><n0:filter><n0:site>7</n0:site><n0:bin>x</n0:bin><n0:bin>y</n0:bin></n0:filter></n0:GetStock>`},
		{name: "by the more specific path", more: "      bindings: [{path: '/{item}/all', operation: GetStock}, {path: '/items/all', operation: GetStock, constants: {item: every}}]\n",
			method: "GET", path: "/stock/items/all", want: `<n0:GetStock><n0:item>every</n0:item></n0:GetStock>`},
		{name: "with constants beside the body", more: "      bindings: [{method: PUT, path: /a, operation: GetStock, constants: {open: '1', filter.site: '5'}}]\n",
			method: "PUT", path: "/stock/a", body: ` { "item" : "A" } `, want: `<n0:GetStock><n0:item>A</n0:item><n0:open>true</n0:open><n0:filter><n0:site>5</n0:site></n0:filter></n0:GetStock>`},
		{name: "with nothing in the body", more: "      bindings: [{method: PUT, path: /a, operation: GetStock, constants: {item: A}}]\n",
			method: "PUT", path: "/stock/a", body: `{}`, want: `<n0:GetStock><n0:item>A</n0:item></n0:GetStock>`},
		{name: "with no body", more: "      bindings: [{method: PUT, path: /a, operation: GetStock, constants: {item: A}}]\n",
			method: "PUT", path: "/stock/a", want: `<n0:GetStock><n0:item>A</n0:item></n0:GetStock>`},
		{name: "with a body for one member", more: "      bindings: [{method: PUT, path: '/{item}', operation: GetStock, body: filter}]\n",
			method: "PUT", path: "/stock/A", body: ` {"bin":["}",",\"","\\"]} `, want: `<n0:GetStock><n0:item>A</n0:item><n0:filter><n0:bin>}</n0:bin><n0:bin>,"</n0:bin><n0:bin>\</n0:bin></n0:filter></n0:GetStock>`},
		{name: "with a scalar for one member", more: "      bindings: [{method: PUT, path: '/put', operation: GetStock, body: item}]\n",
			method: "PUT", path: "/stock/put", body: ` "A" `, want: `<n0:GetStock><n0:item>A</n0:item></n0:GetStock>`},
		{name: "with headers from everywhere", more: "      headers: {CallContext.Company: {json: company}, CallContext.Language: {header: x-language}, CallContext.Test: {constant: 'true'}}\n",
			method: "POST", path: "/stock/GetStock", body: `{"item":"A","company":"us<mf"}`, header: []string{"X-Language", "de"}, want: `<n0:GetStock><n0:item>A</n0:item></n0:GetStock>`,
			headers: `<n0:CallContext><n0:Company>us&lt;mf</n0:Company><n0:Language>de</n0:Language><n0:Test>true</n0:Test></n0:CallContext>`},
		{name: "with a header as a whole", more: "      headers: {CallContext: {json: context}}\n",
			method: "POST", path: "/stock/GetStock", body: `{"context":{"Company":"usmf"},"item":"A"}`, want: `<n0:GetStock><n0:item>A</n0:item></n0:GetStock>`,
			headers: `<n0:CallContext><n0:Company>usmf</n0:Company></n0:CallContext>`},
		{name: "without a header that was not given", more: "      headers: {CallContext.Company: {json: company}, CallContext.Language: {header: x-language}}\n",
			method: "POST", path: "/stock/GetStock", body: `{"item":"A"}`, want: `<n0:GetStock><n0:item>A</n0:item></n0:GetStock>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := &soapTarget{answer: stockAnswer}
			g := target.rig(t, c.more)
			var body io.Reader
			if c.body != "" {
				body = strings.NewReader(c.body)
			}
			resp, text := g.do(c.method, c.path, body, append([]string{"Content-Type", "application/json"}, c.header...)...)
			if resp.StatusCode != 200 || text != `{"level":9007199254740993.50}` {
				t.Fatal(resp.StatusCode, text)
			}
			if resp.Header.Get("Content-Type") != "application/json" || resp.ContentLength != int64(len(text)) {
				t.Error(resp.Header, resp.ContentLength)
			}
			if got := inside(target.got); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if _, after, found := strings.Cut(target.got, "<soap:Header>"); found != (c.headers != "") || found && !strings.HasPrefix(after, c.headers+"</soap:Header>") {
				t.Error(target.got)
			}
			if target.url != "POST /ws" || target.length != int64(len(target.got)) {
				t.Error(target.url, target.length)
			}
			f := target.fields
			want := "text/xml; charset=utf-8 \"urn:stock/GetStock\" text/xml identity"
			if got := strings.Join([]string{f.Get("Content-Type"), f.Get("Soapaction"), f.Get("Accept"), f.Get("Accept-Encoding")}, " "); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Answered || rec.ResponseDigest == (audit.Sum{}) || (rec.RequestDigest == (audit.Sum{})) != (c.body == "") {
				t.Errorf("%+v", rec)
			}
		})
	}
}

// What is refused before the target hears of the call.
func TestAWrongRequestNeverReachesTheTarget(t *testing.T) {
	const more = `      headers: {CallContext.Company: {json: company}, CallContext.Language: {header: X-Language}}
      operations: {GetStock: {}, Note: {}}
      bindings:
        - {path: '/items/{item}', operation: GetStock, query: {site: filter.site, open: open}}
        - {method: PUT, path: '/part/{item}', operation: GetStock, body: filter}
        - {method: PUT, path: '/whole/{item}', operation: GetStock}
        - {method: PUT, path: /asked, operation: GetStock, query: {site: filter.site}, constants: {open: "true"}}
`
	target := &soapTarget{answer: stockAnswer}
	g := target.rig(t, more)
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     fault.Code
		pointer                  string
		says                     string
		fix                      string
	}{
		{name: "an unknown operation", method: "POST", path: "/stock/GetStok", body: "{}", status: 404, code: fault.OperationUnknown, says: "did you mean GetStock?"},
		{name: "an operation that is far from any", method: "POST", path: "/stock/X", body: "{}", status: 404, code: fault.OperationUnknown, says: "call one of GetStock, Note"},
		{name: "an operation below another", method: "POST", path: "/stock/GetStock/x", body: "{}", status: 404, code: fault.OperationUnknown},
		{name: "an operation that is not on the list", method: "POST", path: "/stock/PutRows", body: "{}", status: 403, code: fault.OperationNotAllowed, says: "PutRows"},
		{name: "another method", method: "GET", path: "/stock/GetStock", status: 405, code: fault.MethodNotAllowed, fix: "POST /stock/GetStock with"},
		{name: "another method for a binding", method: "POST", path: "/stock/items/A", body: "{}", status: 405, code: fault.MethodNotAllowed, fix: "POST /stock/OPERATION"},
		{name: "another method for the page", method: "POST", path: "/stock/", body: "{}", status: 405, code: fault.MethodNotAllowed, fix: "POST /stock/OPERATION"},
		{name: "a method that the route does not take", method: "DELETE", path: "/stock/GetStock", status: 405, code: fault.MethodNotAllowed, fix: "POST /stock/OPERATION"},
		{name: "a wrong type", method: "POST", path: "/stock/GetStock", body: `{"item":"A","filter":{"site":"x"}}`, status: 400, code: fault.InvalidRequest, pointer: "/filter/site", fix: "Send what `expected` and `example` say;"},
		{name: "an unknown member", method: "POST", path: "/stock/GetStock", body: `{"item":"A","sites":1}`, status: 400, code: fault.InvalidRequest, pointer: "/sites"},
		{name: "no JSON", method: "POST", path: "/stock/GetStock", body: `{"item":`, status: 400, code: fault.InvalidRequest},
		{name: "two values", method: "POST", path: "/stock/GetStock", body: `{"item":"A"} {}`, status: 400, code: fault.InvalidRequest},
		{name: "a member twice", method: "POST", path: "/stock/GetStock", body: `{"item":"A","item":"B"}`, status: 400, code: fault.InvalidRequest, pointer: "/item", says: "twice", fix: "Correct what `detail` names;"},
		{name: "a member that is a header twice", method: "POST", path: "/stock/GetStock", body: `{"item":"A","company":"A","company":"B"}`, status: 400, code: fault.InvalidRequest, says: "twice"},
		{name: "a header of another type", method: "POST", path: "/stock/GetStock", body: `{"item":"A","company":[1]}`, status: 400, code: fault.InvalidRequest},
		{name: "a header that is not UTF-8", method: "POST", path: "/stock/GetStock", body: `{"item":"A"}`, header: []string{"X-Language", "\xff"}, status: 400, code: fault.InvalidRequest, says: "X-Language"},
		{name: "a query", method: "POST", path: "/stock/GetStock?item=A", body: `{"item":"A"}`, status: 400, code: fault.InvalidRequest, says: "query"},
		{name: "XML", method: "POST", path: "/stock/GetStock", body: `<a/>`, header: []string{"Content-Type", "application/xml"}, status: 415, code: fault.UnsupportedType},
		{name: "another charset", method: "POST", path: "/stock/GetStock", body: `{}`, header: []string{"Content-Type", "application/json; charset=utf-16"}, status: 415, code: fault.UnsupportedType},
		{name: "a compressed body", method: "POST", path: "/stock/GetStock", body: `{}`, header: []string{"Content-Encoding", "gzip"}, status: 415, code: fault.UnsupportedType, says: "gzip"},
		{name: "an answer as HTML", method: "POST", path: "/stock/GetStock", body: `{"item":"A"}`, header: []string{"Accept", "text/html, application/json;q=0"}, status: 406, code: fault.NotAcceptable},
		{name: "an unknown parameter", method: "GET", path: "/stock/items/A?sit=1", status: 400, code: fault.InvalidRequest, says: "open, site"},
		{name: "a parameter twice", method: "GET", path: "/stock/items/A?site=1&site=2", status: 400, code: fault.InvalidRequest, says: "site"},
		{name: "a parameter of another type", method: "GET", path: "/stock/items/A?site=x", status: 400, code: fault.InvalidRequest, pointer: "/filter/site"},
		{name: "a boolean that is none", method: "GET", path: "/stock/items/A?open=yes", status: 400, code: fault.InvalidRequest, pointer: "/open"},
		{name: "a query that cannot be read", method: "GET", path: "/stock/items/A?site=%zz", status: 400, code: fault.InvalidRequest},
		{name: "a query that is not UTF-8", method: "GET", path: "/stock/items/A?site=%ff", status: 400, code: fault.InvalidRequest},
		{name: "a path that is not UTF-8", method: "GET", path: "/stock/items/%ff", status: 400, code: fault.InvalidRequest},
		{name: "a body for GET", method: "GET", path: "/stock/items/A", body: "{}", status: 400, code: fault.InvalidRequest, says: "no body"},
		{name: "a body that adds members", method: "PUT", path: "/stock/part/A", body: `{}, "open": true`, status: 400, code: fault.InvalidRequest, says: "more than one"},
		{name: "a scalar that adds members", method: "PUT", path: "/stock/part/A", body: `1, "open": true`, status: 400, code: fault.InvalidRequest, says: "more than one"},
		{name: "a body that ends the object", method: "PUT", path: "/stock/part/A", body: `{}}`, status: 400, code: fault.InvalidRequest, says: "more than one"},
		{name: "a body with a bracket of the wrong kind", method: "PUT", path: "/stock/part/A", body: `{], "open": [}`, status: 400, code: fault.InvalidRequest},
		{name: "no body for a member", method: "PUT", path: "/stock/part/A", status: 400, code: fault.InvalidRequest, says: "empty"},
		{name: "a body that gives what the path gives", method: "PUT", path: "/stock/whole/A", body: `{"item":"B"}`, status: 400, code: fault.InvalidRequest, pointer: "/item", says: "in the body, and the path gives it already", fix: "Leave it out of the body."},
		{name: "a body that has a member twice beside a path", method: "PUT", path: "/stock/whole/A", body: `{"open":true,"open":true}`, status: 400, code: fault.InvalidRequest, pointer: "/open", says: "twice"},
		{name: "a body that gives what the query gives", method: "PUT", path: "/stock/asked?site=1", body: `{"item":"A","filter":{"site":2}}`, status: 400, code: fault.InvalidRequest, pointer: "/filter", says: `the query parameter "site" gives`},
		{name: "a body that gives what a constant gives", method: "PUT", path: "/stock/asked", body: `{"open":true}`, status: 400, code: fault.InvalidRequest, pointer: "/open", says: "a constant of the route gives"},
		{name: "a body that is no object beside a path", method: "PUT", path: "/stock/whole/A", body: `["B"]`, status: 400, code: fault.InvalidRequest, says: "object"},
		{name: "a body with a comma first", method: "PUT", path: "/stock/whole/A", body: `{,"open":true}`, status: 400, code: fault.InvalidRequest},
		{name: "a body that goes on", method: "PUT", path: "/stock/whole/A", body: `{}, "open":true}`, status: 400, code: fault.InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			var body io.Reader
			if c.body != "" {
				body = strings.NewReader(c.body)
			}
			resp, text := g.do(c.method, c.path, body, append([]string{"Content-Type", "application/json"}, c.header...)...)
			var p map[string]any
			if err := json.Unmarshal([]byte(text), &p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Fatal(err, text)
			}
			if resp.StatusCode != c.status || p["code"] != string(c.code) || p["type"] != "urn:twohop:error:"+string(c.code) {
				t.Errorf("%d %s", resp.StatusCode, text)
			}
			if c.pointer != "" && p["pointer"] != c.pointer {
				t.Errorf("the pointer is %v: %s", p["pointer"], text)
			}
			if !strings.Contains(p["detail"].(string), c.says) {
				t.Errorf("it does not say %q: %s", c.says, text)
			}
			if fix := p["fix"].(string); !strings.Contains(fix, c.fix) || p["expected"] == nil && strings.Contains(fix, "`expected`") || p["example"] == nil && strings.Contains(fix, "`example`") {
				t.Errorf("the fix %q: %s", c.fix, text)
			}
			if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Refused || rec.Code != string(c.code) {
				t.Errorf("%+v", rec)
			}
			g.audit.forget()
		})
	}
	if target.calls != 0 {
		t.Errorf("the target was called %d times", target.calls)
	}
}

func TestAnInvalidRequestSaysWhatIsExpected(t *testing.T) {
	g := (&soapTarget{}).rig(t, "")
	_, text := g.do("POST", "/stock/PutRows", strings.NewReader(`{"row":[{"item":"A","count":1},{"item":"A","count":"hunter2"}]}`), "Content-Type", "application/json")
	var p struct {
		Pointer, Expected, Detail string
		Example                   any
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.Pointer != "/row/1/count" || p.Expected == "" || p.Example == nil || !strings.Contains(p.Detail, p.Expected) {
		t.Error(err, text)
	}
	if rec := g.audit.last(t, audit.End); strings.Contains(rec.Cause+g.log.String(), "hunter2") || !strings.Contains(rec.Cause, "/row/1/count") {
		t.Errorf("%s\n%s", rec.Cause, g.log)
	}
}

func TestAnswersOfATarget(t *testing.T) {
	const soapFault = `<s:Fault><faultcode>%s</faultcode><faultstring>It is not known</faultstring><faultactor>urn:store</faultactor>%s</s:Fault>`
	const detail = `<detail><f:StockFault xmlns:f="urn:stock"><f:code>UNKNOWN</f:code><f:count>5</f:count></f:StockFault></detail>`
	for _, c := range []struct {
		name   string
		target soapTarget
		more   string
		header []string
		path   string // GetStock unless given
		body   string
		status int
		want   map[string]any // of the problem
		text   string         // the answer, when there is no problem
		kind   string
	}{
		{name: "XML", target: soapTarget{answer: stockAnswer}, header: []string{"Accept", "application/xml"}, status: 200, text: stockAnswer, kind: "application/xml; charset=utf-8"},
		{name: "text/xml", target: soapTarget{answer: stockAnswer}, header: []string{"Accept", "text/xml, application/json;q=0.5"}, status: 200, text: stockAnswer, kind: "text/xml; charset=utf-8"},
		{name: "numbers as strings", target: soapTarget{answer: stockAnswer}, more: "      numbers: string\n", status: 200, text: `{"level":"9007199254740993.50"}`, kind: "application/json"},
		{name: "gzip", target: soapTarget{answer: stockAnswer, gzipped: true}, status: 200, text: `{"level":9007199254740993.50}`, kind: "application/json"},
		{name: "another charset", target: soapTarget{raw: true, answer: strings.Replace(inEnvelope(strings.Replace(stockAnswer, "</level>", "</level><unit>\xe9</unit>", 1)), ` encoding="utf-8"`, "", 1), header: map[string]string{"Content-Type": "text/xml; charset=ISO-8859-1"}},
			status: 200, text: `{"level":9007199254740993.50,"unit":"é"}`, kind: "application/json"},
		{name: "one-way", target: soapTarget{raw: true, status: 202}, path: "Note", body: `{"text":"a"}`, status: 202},
		{name: "one-way with 200", target: soapTarget{raw: true}, path: "Note", body: `{"text":"a"}`, status: 202},
		{name: "one-way with an envelope", target: soapTarget{}, path: "Note", body: `{"text":"a"}`, status: 202},
		{name: "one-way that fails", target: soapTarget{status: 500, answer: fmt.Sprintf(soapFault, "s:Server", "")}, path: "Note", body: `{"text":"a"}`, status: 500, want: map[string]any{"title": "It is not known"}},
		{name: "a Fault", target: soapTarget{status: 500, answer: fmt.Sprintf(soapFault, "s:Client", detail)}, status: 500,
			want: map[string]any{"type": "urn:twohop:error:target_fault", "title": "It is not known", "code": "Client", "actor": "urn:store", "hop": "target", "StockFault": map[string]any{"code": "UNKNOWN", "count": 5.0}}},
		{name: "a Fault with 200", target: soapTarget{answer: fmt.Sprintf(soapFault, "s:Client", detail)}, status: 500, want: map[string]any{"code": "Client"}},
		{name: "a Fault with a status", target: soapTarget{status: 500, answer: fmt.Sprintf(soapFault, "s:Client", detail)}, more: "      fault_status: {Sender: 422}\n", status: 422, want: map[string]any{"code": "Client", "status": 422.0}},
		{name: "a Fault with a status of its own", target: soapTarget{status: 500, answer: fmt.Sprintf(soapFault, `x:NotFound`, "")}, more: "      fault_status: {NotFound: 404}\n", status: 404, want: map[string]any{"code": "x:NotFound"}},
		{name: "a page", target: soapTarget{raw: true, status: 503, answer: "<html>hunter2</html>", header: map[string]string{"Content-Type": "text/html"}}, status: 502,
			want: map[string]any{"code": "target_answer_invalid", "detail": "the target answered with status 503 and text/html, which is no SOAP message"}},
		{name: "nothing", target: soapTarget{raw: true}, status: 502, want: map[string]any{"code": "target_answer_invalid", "detail": "the target answered with status 200 and nothing else"}},
		{name: "no SOAP", target: soapTarget{raw: true, answer: "<a>hunter2</a>"}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "no XML", target: soapTarget{raw: true, answer: "hunter2"}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "half of it", target: soapTarget{raw: true, answer: inEnvelope(stockAnswer)[:200]}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "two of it", target: soapTarget{raw: true, answer: inEnvelope(stockAnswer) + "<a/>"}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "a DTD", target: soapTarget{raw: true, answer: strings.Replace(inEnvelope(stockAnswer), "?>", "?><!DOCTYPE a>", 1)}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "another answer", target: soapTarget{answer: `<GetStockResponse xmlns="urn:stock"><level>many</level></GetStockResponse>`}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "an envelope with 404", target: soapTarget{status: 404, answer: stockAnswer}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "what is not gzip", target: soapTarget{answer: stockAnswer, header: map[string]string{"Content-Encoding": "gzip"}}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "another coding", target: soapTarget{answer: stockAnswer, header: map[string]string{"Content-Encoding": "br"}}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
		{name: "a redirection", target: soapTarget{raw: true, status: 302, answer: "moved", header: map[string]string{"Location": "/x", "Content-Type": "text/plain"}}, status: 502, want: map[string]any{"code": "target_answer_invalid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.target.rig(t, c.more)
			path, body := "GetStock", `{"item":"A"}`
			if c.path != "" {
				path, body = c.path, c.body
			}
			resp, text := g.do("POST", "/stock/"+path, strings.NewReader(body), append([]string{"Content-Type", "application/json"}, c.header...)...)
			if resp.StatusCode != c.status {
				t.Fatal(resp.StatusCode, text)
			}
			rec := g.audit.last(t, audit.End)
			if c.want == nil {
				if text != c.text || resp.Header.Get("Content-Type") != c.kind || rec.Outcome != audit.Answered {
					t.Errorf("%q %v %v", text, resp.Header, rec.Outcome)
				}
				return
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err, text)
			}
			for name, want := range c.want {
				if diff := cmp.Diff(want, got[name]); diff != "" {
					t.Errorf("%s: %s\n%s", name, diff, text)
				}
			}
			code := strings.TrimPrefix(got["type"].(string), "urn:twohop:error:")
			if rec.Outcome != audit.Failed || rec.Code != code || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%+v %v", rec, resp.Header)
			}
			if strings.Contains(text, "hunter2") || strings.Contains(rec.Cause+g.log.String(), "not known") {
				t.Errorf("%s\n%s\n%s", text, rec.Cause, g.log)
			}
		})
	}
}

func TestAnOperationHasALimitOfItsOwn(t *testing.T) {
	target := &soapTarget{answer: stockAnswer}
	g := target.rig(t, "      operations: {GetStock: {limit: {rate: 1/h}}, Note: {}}\n")
	for path, want := range map[string][]int{"GetStock": {200, 429}, "Note": {400, 400}} {
		for _, status := range want {
			resp, text := g.do("POST", "/stock/"+path, strings.NewReader(map[string]string{"GetStock": `{"item":"A"}`, "Note": "["}[path]), "Content-Type", "application/json")
			if resp.StatusCode != status || status == 429 && (!strings.Contains(text, string(fault.RateLimited)) || resp.Header.Get("Retry-After") == "") {
				t.Errorf("%s: %d %s", path, resp.StatusCode, text)
			}
		}
	}
	if target.calls != 1 {
		t.Error(target.calls)
	}
}

func TestAMultipartAnswerBecomesJSON(t *testing.T) {
	message := func(text, attachment string) string {
		return "--b\r\nContent-Type: application/xop+xml; charset=utf-8\r\nContent-ID: <r>\r\n\r\n" +
			inEnvelope(`<PutResponse xmlns="urn:orders"><line><number>AB1234</number><note>`+text+`</note></line></PutResponse>`) +
			"\r\n--b\r\nContent-ID: <a@x>\r\n\r\n" + attachment + "\r\n--b--\r\n"
	}
	const include = `<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a@x"/>`
	good := message(include, "abc")
	for _, c := range []struct {
		name, more, answer, contentType string
		gzipped                         bool
		status                          int
		want                            string // of the body
	}{
		{name: "an attachment", answer: good, status: 200, want: `{"line":[{"number":"AB1234","note":"YWJj"}]}`},
		{name: "a compressed answer", answer: good, gzipped: true, status: 200, want: `{"line":[{"number":"AB1234","note":"YWJj"}]}`},
		{name: "one that is validated", more: "      validate: both\n", answer: good, status: 200, want: `{"line":[{"number":"AB1234","note":"YWJj"}]}`},
		{name: "one that is too long to be validated", more: smallBuffer + "      validate: both\n", answer: message(include, strings.Repeat("x", 64<<10)), status: 502, want: "held whole to be validated"},
		{name: "one that is not valid", more: "      validate: both\n", answer: strings.Replace(good, "AB1234", "hunter2", 1), status: 502, want: "/PutResponse/line/number"},
		{name: "a missing part", answer: strings.Replace(good, "<a@x>", "<c@x>", 1), status: 502, want: "lacks the part"},
		{name: "a root that waits too long", more: smallBuffer, answer: message(include+"</note></line><line><note>"+strings.Repeat("x", 64<<10), "abc"), status: 502, want: "longer than 65536 bytes"},
		{name: "one that ends in the middle", answer: good[:len(good)-6], status: 502, want: "ends in the middle"},
		{name: "another multipart", answer: good, contentType: "multipart/mixed; boundary=b", status: 502, want: "multipart/mixed, which is no SOAP message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			contentType := c.contentType
			if contentType == "" {
				contentType = `multipart/related; type="application/xop+xml"; start="<r>"; boundary=b`
			}
			target := &soapTarget{t: t, answer: c.answer, raw: true, gzipped: c.gzipped, header: map[string]string{"Content-Type": contentType, "Mime-Version": "1.0"}}
			g := newRig(t, target, ordersRoute+c.more)
			resp, text := g.do("POST", "/stock/Put", strings.NewReader(`{}`), "Content-Type", "application/json")
			if resp.StatusCode != c.status || c.status == 200 && text != c.want || !strings.Contains(text, c.want) || resp.Header.Get("Mime-Version") != "" {
				t.Errorf("%d %s", resp.StatusCode, text)
			}
			if c.status != 200 && !strings.Contains(text, `"code":"target_answer_invalid"`) {
				t.Error(text)
			}
			if rec := g.audit.last(t, audit.End); strings.Contains(rec.Cause+g.log.String(), "hunter2") {
				t.Errorf("%+v", rec)
			}
		})
	}
}
