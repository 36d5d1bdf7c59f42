package proxy

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/routes"
)

// rows writes an object with n rows.
func rows(w io.Writer, n int) {
	io.WriteString(w, `{"row":[`)
	for i := range n {
		if i > 0 {
			io.WriteString(w, ",")
		}
		fmt.Fprintf(w, `{"item":"item %d","count":%d}`, i, i)
	}
	io.WriteString(w, `]}`)
}

const smallBuffer = "      buffer: 64KiB\n"

func TestALongRequestIsStreamed(t *testing.T) {
	for name, more := range map[string]string{"in chunks": smallBuffer, "whole for a target that takes no chunks": smallBuffer} {
		t.Run(name, func(t *testing.T) {
			target := &soapTarget{answer: `<PutRowsResponse xmlns="urn:stock"/>`}
			rest := soapRoute + more
			if strings.HasPrefix(name, "whole") {
				rest = strings.Replace(rest, `"TARGET/ws"`, `"TARGET/ws", buffer_request: 10MiB`, 1)
			}
			g := newRig(t, target, rest)
			r, w := io.Pipe()
			go func() { rows(w, 20000); w.Close() }()
			resp, text := g.do("POST", "/stock/PutRows", r, "Content-Type", "application/json")
			if resp.StatusCode != 200 || text != "{}" {
				t.Fatal(resp.StatusCode, text)
			}
			if n := strings.Count(target.got, "<n0:row>"); n != 20000 || !strings.HasSuffix(target.got, "</soap:Envelope>") {
				t.Error(n)
			}
			if whole := target.length >= 0; whole != strings.HasPrefix(name, "whole") {
				t.Error(target.length)
			}
		})
	}
}

// What is wrong with a request is found after the target was called: it never has the
// whole.
func TestARequestThatIsWrongInTheMiddleIsNeverCompleted(t *testing.T) {
	for name, tail := range map[string]string{"a wrong value": `,{"item":"x","count":"many"}]}`, "no JSON": `]`, "more than one value": `]} {}`, "an unknown member": `],"more":1}`} {
		t.Run(name, func(t *testing.T) {
			broken := make(chan error, 1)
			target := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				broken <- err
			})
			g := newRig(t, target, soapRoute+smallBuffer)
			r, w := io.Pipe()
			go func() {
				var b strings.Builder
				rows(&b, 20000)
				io.WriteString(w, strings.TrimSuffix(b.String(), "]}")+tail)
				w.Close()
			}()
			resp, text := g.do("POST", "/stock/PutRows", r, "Content-Type", "application/json")
			if resp.StatusCode != 400 || !strings.Contains(text, `"code":"invalid_request"`) || !strings.Contains(text, "cut off and never had the whole") {
				t.Error(resp.StatusCode, text)
			}
			if err := <-broken; err == nil {
				t.Error("the target took the request for whole")
			}
			if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Failed || rec.Code != string(fault.InvalidRequest) || !strings.Contains(rec.Cause, "never had the whole") || rec.Hop2.BytesOut == 0 {
				t.Errorf("%+v", rec)
			}
		})
	}
}

// rowsAnswer writes an envelope with rows until stop says so.
func rowsAnswer(w http.ResponseWriter, n int, each func(i int)) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	io.WriteString(w, `<s:Envelope xmlns:s="`+ns11+`"><s:Body><PutRowsResponse xmlns="urn:stock">`)
	for i := range n {
		fmt.Fprintf(w, "<row><item>item %d</item><count>%d</count></row>", i, i)
		each(i)
	}
	io.WriteString(w, `</PutRowsResponse></s:Body></s:Envelope>`)
}

func TestALongAnswerIsStreamed(t *testing.T) {
	seen := make(chan bool)
	target := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rowsAnswer(w, 20000, func(i int) {
			if i == 10000 {
				w.(http.Flusher).Flush()
				<-seen // until the caller has the first row
			}
		})
	})
	g := newRig(t, target, soapRoute+smallBuffer)
	req, _ := http.NewRequest("POST", g.URL+"/stock/PutRows", strings.NewReader("{}"))
	req.Header.Set("X-Api-Key", g.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, len(`{"row":[{"item":"item 0"`))
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != `{"row":[{"item":"item 0"` || resp.ContentLength != -1 {
		t.Fatal(err, string(first), resp.ContentLength)
	}
	close(seen)
	rest, err := io.ReadAll(resp.Body)
	var all struct{ Row []struct{ Count int } }
	if err != nil || json.Unmarshal(append(first, rest...), &all) != nil || len(all.Row) != 20000 || all.Row[19999].Count != 19999 {
		t.Error(err, len(all.Row))
	}
	if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Answered || rec.Operation != "PutRows" || rec.Hop1.BytesOut != int64(len(first)+len(rest)) {
		t.Errorf("%+v", rec)
	}
}

// An answer that breaks off, or turns out wrong, breaks off for the caller too.
func TestAnAnswerThatFailsInTheMiddleIsNeverWholeJSON(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(w http.ResponseWriter)
		code fault.Code
	}{
		"the target breaks off":       {func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }, fault.TargetTruncated},
		"a value is wrong":            {func(w http.ResponseWriter) { io.WriteString(w, "<row><item>x</item><count>many</count></row>") }, fault.TargetAnswerInvalid},
		"a tag does not match":        {func(w http.ResponseWriter) { io.WriteString(w, "<row></PutRowsResponse>") }, fault.TargetAnswerInvalid},
		"the envelope ends too early": {func(w http.ResponseWriter) { io.WriteString(w, "</PutRowsResponse></s:Body></s:Envelope><a/>") }, fault.TargetAnswerInvalid},
	} {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2"} {
			t.Run(name+" over "+proto, func(t *testing.T) {
				target := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					rowsAnswer(w, 20000, func(i int) {
						if i == 19000 {
							c.end(w)
						}
					})
				})
				g := newRig(t, target, soapRoute+smallBuffer)
				if proto == "HTTP/1.1" {
					g.http1()
				}
				req, _ := http.NewRequest("POST", g.URL+"/stock/PutRows", strings.NewReader("{}"))
				req.Header.Set("X-Api-Key", g.key)
				req.Header.Set("Content-Type", "application/json")
				resp, err := g.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(bufio.NewReader(resp.Body))
				if err == nil || json.Valid(text) || len(text) < 64<<10 {
					t.Errorf("%v after %d bytes", err, len(text))
				}
				if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Truncated || rec.Code != string(c.code) || rec.ResponseDigest != (audit.Sum{}) {
					t.Errorf("%+v", rec)
				}
			})
		}
	}
}

func TestAMemberOutOfOrderIsHeldUpToTheBuffer(t *testing.T) {
	broken := make(chan error, 1)
	target := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		broken <- err
	})
	g := newRig(t, target, soapRoute+smallBuffer)
	body := `{"filter":{"bin":["` + strings.Repeat("x", 70<<10) + `"]},"item":"A"}`
	resp, text := g.do("POST", "/stock/GetStock", strings.NewReader(body), "Content-Type", "application/json")
	if resp.StatusCode != 413 || !strings.Contains(text, "soap.buffer") {
		t.Error(resp.StatusCode, text)
	}
	select {
	case err := <-broken:
		if err == nil {
			t.Error("the target took the request for whole")
		}
	case <-time.After(5 * time.Second): // it never heard of the call
	}
}

func TestPathVariablesOfABindingAreNotRecorded(t *testing.T) {
	target := &soapTarget{answer: stockAnswer}
	g := target.rig(t, "      bindings: [{path: '/items/{item}', operation: GetStock}]\n")
	g.do("GET", "/stock/items/hunter2", nil)
	rec := g.audit.last(t, audit.End)
	if rec.Path != "/stock/items/{item}" || rec.Operation != "GetStock" || !strings.Contains(string(rec.Variables), `"item"`) || strings.Contains(fmt.Sprint(rec), "hunter2") {
		t.Errorf("%+v", rec)
	}
}

func TestARouteDescribesItself(t *testing.T) {
	target := &soapTarget{}
	g := target.rig(t, "      operations: {GetStock: {}}\n")
	for _, c := range []struct{ path, kind, holds string }{
		{"/stock/openapi.json", "application/json", g.URL + "/stock"},
		{"/stock/", "text/html; charset=utf-8", "GetStock"},
		{"/stock", "text/html; charset=utf-8", strings.TrimPrefix(g.URL, "https://")},
	} {
		resp, text := g.do("GET", c.path, nil)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != c.kind || !strings.Contains(text, c.holds) || strings.Contains(text, "twohop.invalid") || strings.Contains(text, "PutRows\"") {
			t.Errorf("%s: %d %v\n%.500s", c.path, resp.StatusCode, resp.Header, text)
		}
		head, none := g.do("HEAD", c.path, nil)
		if head.StatusCode != 200 || none != "" || head.ContentLength != int64(len(text)) {
			t.Errorf("%s: HEAD %d %d %q", c.path, head.StatusCode, head.ContentLength, none)
		}
	}
	if resp, text := g.do("GET", "/stock/openapi.json", nil, "X-Api-Key", "wrong"); resp.StatusCode != 401 {
		t.Error(resp.StatusCode, text)
	}
	if target.calls != 0 {
		t.Error("the target was called for a description")
	}
	if rec := g.audit.last(t, audit.End); rec.Route != "stock" {
		t.Errorf("%+v", rec)
	}
}

func TestWhatDoesNotFitTheContractIsAMistake(t *testing.T) {
	g := newRig(t, http.NotFoundHandler(), "")
	for more, want := range map[string]string{
		"      port: Other\n":               `routes[0].soap.port: the contract has no SOAP port "Other"`,
		"      operations: {GetStok: {}}\n": `routes[0].soap.operations.GetStok: the contract has no operation "GetStok"; write the name of one that it has: GetStock`,
		"      operations: {GetStok: {}}\n      bindings: [{path: /x, operation: GetStock}]\n      headers: {CallContext.Company: {json: x}}\n": `routes[0].soap.operations.GetStok: the contract has no operation "GetStok"; write the name of one that it has: GetStock`,
		"      headers: {Other: {json: x}}\n":                      `routes[0].soap.headers.Other: no operation of the route has this SOAP header; write the name of a header that the contract declares: CallContext`,
		"      headers: {CallContext: {constant: x}}\n":            `routes[0].soap.headers.CallContext: the header has members; write CallContext.MEMBER for each: Company`,
		"      headers: {CallContext.Country: {constant: x}}\n":    `routes[0].soap.headers.CallContext.Country: header CallContext has no member "Country": Company`,
		"      headers: {CallContext.Test: {constant: hunter2}}\n": `routes[0].soap.headers.CallContext.Test: the constant is no value that the contract allows there`,
		"      bindings: [{path: /x, operation: Get}]\n":           `routes[0].soap.bindings[0].operation: the contract has no operation "Get"; write the name of one that it has: GetStock`,
		"      bindings: [{path: '/{itm}', operation: GetStock, query: {a: filter, b: filter.bins, c: item.x, d: item}, constants: {item: x}}]\n": `routes[0].soap.bindings[0].path: operation GetStock has no member "itm"`,
		"      bindings: [{path: '/a', operation: GetStock, query: {a: filter}}]\n":                                                               `routes[0].soap.bindings[0].query.a: member filter is no single value`,
		"      bindings: [{path: '/a', operation: GetStock, query: {a: filter.bins}}]\n":                                                          `routes[0].soap.bindings[0].query.a: member filter has no member "bins": site, bin`,
		"      bindings: [{path: '/{item}', operation: GetStock, constants: {item: x}}]\n":                                                        `routes[0].soap.bindings[0].constants.item: the member "item" is given by path already`,
		"      bindings: [{path: '/a', operation: GetStock, method: PUT, body: bod}]\n":                                                           `routes[0].soap.bindings[0].body: operation GetStock has no member "bod"`,
		"      bindings: [{path: '/a', operation: GetStock, method: PUT, constants: {filter.site: x}, body: filter}]\n":                           `routes[0].soap.bindings[0].body: the member "filter" is given by constants.filter.site already`,
		"      bindings: [{path: '/a', operation: PutRows, query: {a: row.item}}]\n":                                                              `routes[0].soap.bindings[0].query.a: member row is an array, and nothing says which of its items is meant`,
	} {
		table, err := routes.Load("routes.yaml", fmt.Appendf(nil, rigHead+strings.ReplaceAll(soapRoute, "TARGET", "http://127.0.0.1:1")+more, g.keyHash), time.Now())
		if err != nil {
			t.Errorf("%s: %v", more, err)
			continue
		}
		r, err := Compile(table, State{}, g.deps)
		var list routes.ErrorList
		if !errors.As(err, &list) || !strings.Contains(list.Error(), want) || list.Fatal() != true {
			t.Errorf("%s:\n%v\nwant %s", more, err, want)
			if err == nil {
				r.Close()
			}
		}
		if strings.Contains(want, "soap.operations.") && len(list) != 1 {
			t.Errorf("%s: one mistake is blamed on others: %v", more, list)
		}
	}
}

func TestNothingFollowsABodyThatHoldsHeaders(t *testing.T) {
	target := &soapTarget{answer: stockAnswer}
	g := target.rig(t, "      headers: {CallContext.Company: {json: company}}\n")
	resp, text := g.do("POST", "/stock/GetStock", strings.NewReader(`{"item":"A","company":"x"}`+strings.Repeat(" ", 5000)+`{}`), "Content-Type", "application/json")
	if resp.StatusCode != 400 || target.calls != 0 {
		t.Error(resp.StatusCode, text)
	}
}
