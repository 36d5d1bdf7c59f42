package proxy

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"twohop/audit"
)

// dial opens an HTTP/1.1 connection to the rig's front door.
func (g *rig) dial() *tls.Conn {
	g.t.Helper()
	c, err := tls.Dial("tcp", g.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err != nil {
		g.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	g.t.Cleanup(func() { c.Close() })
	return c
}

// After an early answer, the rest of a body must never be read as the next request.
func TestTheRestOfABodyIsNotARequest(t *testing.T) {
	t.Parallel() // it waits longer than the broker does
	g := newRig(t, nil, strings.ReplaceAll(openRoute, "TARGET", raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100_000))
	})))
	c := g.dial()
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
	fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\nfirst", g.key, shortBody+len(smuggled)) // long enough to be streamed
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	if !resp.Close {
		t.Error("the connection is to be kept, with a body half read")
	}
	time.Sleep(drainPause + 200*time.Millisecond) // the broker gives up on the body
	io.WriteString(c, smuggled)
	if resp, err := http.ReadResponse(in, nil); err == nil {
		t.Errorf("the rest of the body got an answer of its own: %s", resp.Status)
	}
}

// A call whose action could be read in two ways is refused, whatever routes there are.
func TestAnActionWithTwoReadingsIsRefused(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: admin, path: /svc, soap_actions: ["urn:Admin"], callers: [other], target: {url: "TARGET"}}
  - {name: plain, path: /svc, callers: [fno], target: {url: "TARGET"}}
`)
	g.http1()
	for _, c := range []struct {
		name string
		head http.Header
		want string
	}{
		{"1.2 with the action in capitals", http.Header{"Content-Type": {`application/soap+xml; ACTION="urn:Admin"`}}, "caller_not_allowed"},
		{"1.2 with an encoded action", http.Header{"Content-Type": {`application/soap+xml; action*=utf-8''urn%3AAdmin`}}, "caller_not_allowed"},
		{"an empty SOAPAction beside an action", http.Header{"Soapaction": {`""`}, "Content-Type": {`application/soap+xml; action="urn:Admin"`}}, "caller_not_allowed"},
		{"the action alone", http.Header{"Soapaction": {`"urn:Admin"`}, "Content-Type": {"text/xml"}}, "caller_not_allowed"},
		{"SOAPAction twice", http.Header{"Soapaction": {"urn:x", "urn:Admin"}, "Content-Type": {"text/xml"}}, "bad_request"},
		{"Content-Type twice", http.Header{"Content-Type": {"text/xml", `application/soap+xml; action="urn:Admin"`}}, "bad_request"},
		{"two actions that differ", http.Header{"Soapaction": {"urn:Get"}, "Content-Type": {`application/soap+xml; action="urn:Admin"`}}, "bad_request"},
		{"a type that cannot be read", http.Header{"Content-Type": {`application/soap+xml; action="urn:Admin`}}, "bad_request"},
		{"a Connection that hides the action", http.Header{"Soapaction": {"urn:x"}, "Content-Type": {"text/xml"}, "Connection": {"SOAPAction"}}, "bad_request"},
	} {
		req, _ := http.NewRequest("POST", g.URL+"/svc", strings.NewReader("<x/>"))
		req.Header = c.head
		req.Header.Set("X-Api-Key", g.key)
		resp, err := g.client.Do(req)
		if err != nil {
			t.Fatal(c.name, err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if rec := g.audit.last(t, audit.End); rec.Code != c.want || rec.Correlation != resp.Header.Get("X-Correlation-Id") {
			t.Errorf("%s: %s, want %s: %s", c.name, rec.Code, c.want, body)
		}
	}
}

func TestABodyThatIsReadWholeIsReadInTime(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: a, path: /idempotent, callers: [fno], idempotent: true, timeout: {idle: 200ms}, target: {url: "TARGET"}}
  - {name: b, path: /buffered, callers: [fno], timeout: {idle: 200ms}, target: {url: "TARGET", buffer_request: 1KiB}}
`)
	for path, framing := range map[string]string{"/idempotent": "Content-Length: 10\r\n\r\nx", "/buffered": "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"} {
		c := g.dial()
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\n%s", path, g.key, framing)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(path, err)
		}
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 408 || code(t, string(body)) != "request_body_timeout" {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestQueriesThatWouldEndTheRequestLine(t *testing.T) {
	for _, query := range []string{"x HTTP/1.0", "x#frag", "a\tb", "a\x7f", "a=\xc3\xbc", "a=\xff"} {
		if f := canonical(&url.URL{Path: "/a", RawQuery: query}); f == nil {
			t.Errorf("%q passed", query)
		}
	}
}

// What HTTP's own rules forbid, and net/http lets through.
func TestDoubtfulRequestsAreRefused(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"a fragment":            {RequestURI: "/a#b", Host: "h"},
		"a fragment and dots":   {RequestURI: "/a#/../b", Host: "h"},
		"a blank":               {RequestURI: "/a b", Host: "h"},
		"a length twice":        {RequestURI: "/a", Host: "h", Header: http.Header{"Content-Length": {"5", "0"}}},
		"a length with a sign":  {RequestURI: "/a", Host: "h", Header: http.Header{"Content-Length": {"+5"}}},
		"another :authority":    {RequestURI: "/a", Host: "h", Header: http.Header{"Host": {"g"}}},
		"a port that is none":   {RequestURI: "/a", Host: "h:http"},
		"two ports":             {RequestURI: "/a", Host: "h:1:2"},
		"a user":                {RequestURI: "/a", Host: "u@h"},
		"a path in the host":    {RequestURI: "/a", Host: "h/x"},
		"two hosts":             {RequestURI: "/a", Host: "h, g"},
		"IPv6 without its end":  {RequestURI: "/a", Host: "[::1"},
		"IPv6 without brackets": {RequestURI: "/a", Host: "::1"},
		"no IPv6 in brackets":   {RequestURI: "/a", Host: "[h]"},
	} {
		r.URL = &url.URL{Path: "/a"}
		if f := wellFormed(&call{r: r}); f == nil || f.Entry().Status != 400 {
			t.Errorf("%s: %v", name, f)
		}
	}
	for _, host := range []string{"", "h", "h:", "h:443", "h.", "127.0.0.1:1", "[::1]", "[::1]:443", "xn--h.example"} {
		if f := wellFormed(&call{r: &http.Request{RequestURI: "/a", URL: &url.URL{Path: "/a"}, Host: host}}); f != nil {
			t.Errorf("the host %q: %v", host, f)
		}
	}
}

func TestADoubtfulRequestEndsItsConnection(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	c := g.dial()
	fmt.Fprintf(c, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\nGET /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\n\r\n", g.key)
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if io.Copy(io.Discard, resp.Body); resp.StatusCode != 400 || !resp.Close {
		t.Errorf("%s, close=%v", resp.Status, resp.Close)
	}
	if resp, err := http.ReadResponse(in, nil); err == nil {
		t.Errorf("what followed got an answer: %s", resp.Status)
	}
}

func TestPathsThatOldServersResolve(t *testing.T) {
	for _, path := range []string{"/a/..;/b", "/a/.;x=1/b", "/a/\xc0\xae\xc0\xae/b", "/a/\xe0\x80\xae/b", "/a/\xf0\x80\x80\xae"} {
		if f := canonical(&url.URL{Path: path}); f == nil {
			t.Errorf("%q passed", path)
		}
	}
	tr := testTree(t, "admin /svc/admin/*", "svc /svc/*")
	m := match{method: "GET"}
	if r := tr.find("", "/svc/admin;x=1/users", &m); r == nil || r.name != "admin" {
		t.Errorf("a path parameter led past the more specific route: %+v", r)
	}
}

func TestHostname(t *testing.T) {
	for host, want := range map[string]string{"A.Example:443": "a.example", "a.example.": "a.example", "[::1]": "::1", "[::1]:443": "::1", "a": "a"} {
		if got := hostname(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// Old servers take X_User for X-User.
func TestHeaderTwinsDoNotPass(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: r, path: /in, callers: [fno], headers: {set: {X-User: broker}}, target: {url: "TARGET"}}
`)
	_, body := g.do("GET", "/in", nil, "X_User", "admin", "X.User", "admin", "Content_Length", "9", "Proxy", "p", "X_Forwarded_For", "10.0.0.1", "X-Forwarded-Prefix", "/x", "X-Original-Url", "/y", "Sap_Client", "100")
	h := arrived(t, body).Header
	for _, name := range []string{"X_user", "X.user", "X.User", "Content_length", "Content_Length", "Proxy", "X_User", "X_forwarded_for", "X_Forwarded_For", "X-Forwarded-Prefix", "X-Original-Url"} {
		if v, ok := h[name]; ok {
			t.Errorf("%s reached the target: %q", name, v)
		}
	}
	if h.Get("X-User") != "broker" || h.Get("Sap_client") != "100" {
		t.Errorf("header at the target: %v", h)
	}
}

func TestARefusalCarriesNothingOfTheAnswerItReplaces(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusNoContent)
	}), openRoute)
	g.audit.fail = func(r *audit.Record) error {
		if r.Stage == audit.End && r.Outcome == audit.Answered {
			return errDisk
		}
		return nil
	}
	resp, body := g.do("GET", "/in/x", nil)
	if resp.StatusCode != 503 || code(t, body) != "audit_unavailable" || resp.Header.Get("Set-Cookie") != "" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// HTTP/1.0 has no chunks: a cut must not look like the end.
func TestACallerOfHTTP10IsNotGivenAPartForTheWhole(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "part")
		http.NewResponseController(w).Flush()
		if r.URL.Path == "/base/cut" {
			panic(http.ErrAbortHandler)
		}
	}), openRoute)
	for path, want := range map[string]int{"/in/cut": 502, "/in/whole": 200} {
		c := g.dial()
		fmt.Fprintf(c, "GET %s HTTP/1.0\r\nHost: h\r\nX-Api-Key: %s\r\n\r\n", path, g.key)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(path, err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != want || int64(len(body)) != resp.ContentLength {
			t.Errorf("%s: %d, %d bytes of %d, %v", path, resp.StatusCode, len(body), resp.ContentLength, err)
		}
	}
}
