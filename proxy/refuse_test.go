package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func TestRefusals(t *testing.T) {
	var reached atomic.Int64
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached.Add(1) }), `
exceptions:
  OLD: {allows: [tls1.0], targets: ["old.example:443"], owner: o, approved_by: a, ticket: t, reason: r, expires: 2020-01-01}
routes:
  - {name: mine, path: /mine, callers: [fno], target: {url: "TARGET"}, max_body: 10B}
  - {name: theirs, path: /theirs, callers: [other], target: {url: "TARGET"}}
  - {name: old, path: /old, callers: [fno], target: {url: "https://old.example/", exception: OLD}}
  - {name: slow, path: /slow, callers: [fno], target: {url: "TARGET"}, limit: {rate: 1/h, burst: 1}}
  - {name: down, path: /down, callers: [anyone], target: {url: "http://127.0.0.1:1/"}}
  - {name: public, path: /public, callers: [anyone], target: {url: "TARGET"}, limit: {rate: 1/h, burst: 1}}
`)
	g.do("GET", "/slow", nil)
	g.do("GET", "/public", nil)
	before := reached.Load()
	for _, c := range []struct {
		name, method, path, key, body string
		status                        int
		code                          string
		header                        string // that must be there
	}{
		{"no such route", "GET", "/nowhere", "", "", 404, "no_such_route", ""},
		{"a method that no route takes", "DELETE", "/mine", "", "", 405, "method_not_allowed", "Allow"},
		{"TRACE", "TRACE", "/mine", "", "", 405, "method_not_allowed", ""},
		{"no credential", "GET", "/mine", "", "", 401, "credential_missing", "Www-Authenticate"},
		{"an unknown key", "GET", "/mine", "wrong", "", 401, "credential_unknown", "Www-Authenticate"},
		{"a caller of another route", "GET", "/theirs", "mine", "", 403, "caller_not_allowed", ""},
		{"a path with two readings", "GET", "/a/%2e%2e/mine", "mine", "", 400, "path_not_canonical", ""},
		{"a body that is too large", "POST", "/mine", "mine", "12345678901", 413, "body_too_large", ""},
		{"an exception that has ended", "GET", "/old", "mine", "", 503, "exception_expired", ""},
		{"a rate that is used up", "GET", "/slow", "mine", "", 429, "rate_limited", "Retry-After"},
		{"a rate of an open route that is used up", "GET", "/public", "", "", 429, "rate_limited", "Retry-After"},
		{"a target that is down", "GET", "/down", "", "", 502, "target_refused", ""},
	} {
		for _, soap := range []string{"", "1.1", "1.2"} {
			req, _ := http.NewRequest(c.method, g.URL+c.path, strings.NewReader(c.body))
			switch c.key {
			case "mine":
				req.Header.Set("X-Api-Key", g.key)
			default:
				req.Header["X-Api-Key"] = []string{c.key}
			}
			switch soap {
			case "1.1":
				req.Header.Set("SOAPAction", `""`)
				req.Header.Set("Content-Type", "text/xml; charset=utf-8")
			case "1.2":
				req.Header.Set("Content-Type", `application/soap+xml; charset=utf-8; action="urn:x"`)
			}
			resp, err := g.client.Do(req)
			if err != nil {
				t.Fatal(c.name, err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.Header.Get("X-Correlation-Id") == "" || c.header != "" && resp.Header.Get(c.header) == "" {
				t.Errorf("%s: header %v", c.name, resp.Header)
			}
			rec := g.audit.last(t, "end")
			if rec.Unknown != (c.key != "mine" && c.status != 502) { // those may be counted together
				t.Errorf("%s: recorded as unknown: %v", c.name, rec.Unknown)
			}
			if rec.Code != c.code || rec.Correlation != resp.Header.Get("X-Correlation-Id") || rec.Status != resp.StatusCode {
				t.Errorf("%s: recorded %s %d %s", c.name, rec.Code, rec.Status, rec.Correlation)
			}
			if soap == "" {
				if got := code(t, string(body)); got != c.code || resp.StatusCode != c.status || resp.Header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("%s: %d %s, want %d %s", c.name, resp.StatusCode, got, c.status, c.code)
				}
				continue
			}
			checkFault(t, c.name+" SOAP "+soap, soap, resp, body, c.code, c.status)
		}
	}
	if n := reached.Load(); n != before {
		t.Errorf("%d refused calls reached the target", n-before)
	}
}

// checkFault holds an answer to the SOAP version's own rules.
func checkFault(t *testing.T, name, version string, resp *http.Response, body []byte, code string, status int) {
	t.Helper()
	type detail struct {
		Error struct {
			Code   string `xml:"urn:twohop:fault code"`
			Status int    `xml:"urn:twohop:fault status"`
			Fix    string `xml:"urn:twohop:fault fix"`
		} `xml:"urn:twohop:fault error"`
	}
	var got detail
	var err error
	if version == "1.1" {
		var e struct {
			XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
			Fault   struct {
				Code   string `xml:"faultcode"`
				Text   string `xml:"faultstring"`
				Detail detail `xml:"detail"`
			} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body>Fault"`
		}
		err = xml.Unmarshal(body, &e)
		got = e.Fault.Detail
		if e.Fault.Code != "s:Client" && e.Fault.Code != "s:Server" || e.Fault.Text == "" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") {
			t.Errorf("%s: %s", name, body)
		}
	} else {
		const ns = "http://www.w3.org/2003/05/soap-envelope"
		var e struct {
			XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
			Fault   struct {
				Value  string `xml:"http://www.w3.org/2003/05/soap-envelope Code>Value"`
				Text   string `xml:"http://www.w3.org/2003/05/soap-envelope Reason>Text"`
				Detail detail `xml:"http://www.w3.org/2003/05/soap-envelope Detail"`
			} `xml:"http://www.w3.org/2003/05/soap-envelope Body>Fault"`
		}
		err = xml.Unmarshal(body, &e)
		got = e.Fault.Detail
		if e.Fault.Value != "s:Sender" && e.Fault.Value != "s:Receiver" || e.Fault.Text == "" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/soap+xml") {
			t.Errorf("%s: %s (%s)", name, body, ns)
		}
	}
	if err != nil || resp.StatusCode != 500 || got.Error.Code != code || got.Error.Status != status || got.Error.Fix == "" {
		t.Errorf("%s: HTTP %d, %+v, %v", name, resp.StatusCode, got, err)
	}
}

// A caller that sends its whole body before it reads, as .NET does, gets the refusal
// and not a reset connection.
func TestARefusalReachesACallerThatSendsEverythingFirst(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	const size = 5_000_000
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for i := range 20 {
		expect := ""
		if i%2 == 1 {
			expect = "Expect: 100-continue\r\n" // sent, and not waited for
		}
		c, err := tls.Dial("tcp", g.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%s\r\n", size, expect)
		for left := size; left > 0; left -= len(chunk) {
			if _, err := c.Write(chunk[:min(left, len(chunk))]); err != nil {
				t.Fatalf("call %d: while sending: %v", i, err)
			}
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 401 || code(t, string(body)) != "credential_missing" || !resp.Close {
			t.Errorf("call %d: %v %d close=%v", i, err, resp.StatusCode, resp.Close)
		}
		c.Close()
	}
}

func TestAShortRefusedBodyKeepsTheConnection(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	c, err := tls.Dial("tcp", g.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(c)
	for i := range 3 {
		fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789")
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != 401 || resp.Close {
			t.Errorf("call %d: %d, close=%v", i, resp.StatusCode, resp.Close)
		}
	}
}

// A caller that waits for 100 gets it when, and only when, the target wants the body.
func TestExpectContinue(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	for _, key := range []string{g.key, "wrong"} {
		c, err := tls.Dial("tcp", g.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: Keep-Alive\r\n\r\n", key)
		in := bufio.NewReader(c)
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if key == "wrong" {
			if !strings.HasPrefix(line, "HTTP/1.1 401") {
				t.Errorf("refused call: %q before the body was sent", line)
			}
			c.Close()
			continue
		}
		if !strings.HasPrefix(line, "HTTP/1.1 100") {
			t.Fatalf("%q", line)
		}
		in.ReadString('\n')
		io.WriteString(c, "hello")
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if a := arrived(t, string(body)); a.Bytes != 5 || a.Header.Get("Expect") != "" {
			t.Errorf("the target saw %+v", a)
		}
		c.Close()
	}
}

func TestChunkedBodiesAreBoundedToo(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: r, path: /in, callers: [fno], target: {url: "TARGET"}, max_body: 1KiB}
  - {name: b, path: /buffered, callers: [fno], target: {url: "TARGET", buffer_request: 100}}
`)
	for _, path := range []string{"/in", "/buffered"} {
		resp, body := g.do("POST", path, io.MultiReader(strings.NewReader(strings.Repeat("x", 2000))))
		if resp.StatusCode != 413 || code(t, body) != "body_too_large" {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	resp, body := g.do("POST", "/buffered", io.MultiReader(strings.NewReader(strings.Repeat("x", 100))))
	if resp.Header.Get("X-Length") != "100" {
		t.Errorf("a buffered request reached the target with length %s: %s", resp.Header.Get("X-Length"), body)
	}
}
