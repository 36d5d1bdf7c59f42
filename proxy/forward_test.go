package proxy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type arrival struct {
	Method, URI, Host string
	Header            http.Header
	Bytes             int
}

func arrived(t *testing.T, body string) arrival {
	t.Helper()
	var a arrival
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return a
}

const openRoute = `
routes:
  - {name: r, path: /in/*, methods: [GET, HEAD, POST, PUT], callers: [fno], target: {url: "TARGET/base/"}}
`

func TestThePathIsRewritten(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: prefix, path: /in/*, callers: [fno], target: {url: "TARGET/base/"}}
  - {name: exact, path: /exact, callers: [fno], target: {url: "TARGET/ws/stock?client=100"}}
  - {name: vars, path: "/items/{site}/{item}", rewrite: "/stock/{item}/at/{site}", callers: [fno], target: {url: "TARGET"}}
  - {name: tail, path: "/t/{tenant}/*", rewrite: "/api/{tenant}/v1/{*}", callers: [fno], target: {url: "TARGET"}}
`)
	for in, want := range map[string]string{
		"/in":                       "/base/",
		"/in/x/y?a=1&b=%20;c":       "/base/x/y?a=1&b=%20;c",
		"/in/a%20b/K%C3%9C;v=1":     "/base/a%20b/K%C3%9C;v=1",
		"/exact":                    "/ws/stock?client=100",
		"/exact?x=1":                "/ws/stock?client=100&x=1",
		"/items/north/A%20B?q":      "/stock/A%20B/at/north?q",
		"/items/n/M8;25":            "/stock/M8%3B25/at/n",
		"/t/acme/orders/1?expand=a": "/api/acme/v1/orders/1?expand=a",
		"/t/acme":                   "/api/acme/v1/",
	} {
		_, body := g.do("GET", in, nil)
		if got := arrived(t, body).URI; got != want {
			t.Errorf("%s reached the target as %s, want %s", in, got, want)
		}
	}
}

func TestWhatTheTargetSeesOfTheHeader(t *testing.T) {
	t.Setenv("WMS_PASSWORD", "s3cret")
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - name: r
    path: /in/*
    callers: [fno]
    headers: {set: {X-Company: USMF}, remove: [X-Drop]}
    response_headers: {set: {Cache-Control: no-store}, remove: [X-Length]}
    target:
      url: "TARGET"
      headers: {set: {Authorization: "Basic ${env:WMS_PASSWORD}"}}
`)
	parent := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	resp, body := g.http1().do("GET", "/in/x", nil, "Authorization", "Bearer hop1", "X-Forwarded-For", "10.9.9.9", "Forwarded", "for=10.9.9.9",
		"X-Drop", "1", "X-Keep", "2", "Connection", "X-Hop", "X-Hop", "3", "Upgrade", "h2c", "Traceparent", parent, "Tracestate", "a=b",
		"Cookie", "session=1", "Accept-Encoding", "br")
	got := arrived(t, body).Header
	for name, want := range map[string]string{"Authorization": "Basic s3cret", "X-Keep": "2", "X-Company": "USMF", "Cookie": "session=1", "Tracestate": "a=b", "Accept-Encoding": "br"} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
	for _, name := range []string{"X-Api-Key", "X-Forwarded-For", "Forwarded", "X-Drop", "X-Hop", "Upgrade", "Connection", "Via"} {
		if v, ok := got[name]; ok {
			t.Errorf("%s reached the target: %q", name, v)
		}
	}
	tp := got.Get("Traceparent")
	if !strings.HasPrefix(tp, "00-0af7651916cd43dd8448eb211c80319c-") || !strings.HasSuffix(tp, "-01") || tp == parent {
		t.Errorf("traceparent %s: want the trace of the caller and a span of ours", tp)
	}
	if id := resp.Header.Get("X-Correlation-Id"); id != "0af7651916cd43dd8448eb211c80319c" {
		t.Error("correlation id:", id)
	}
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Length") != "" {
		t.Error("response_headers not applied:", resp.Header)
	}
}

func TestNoUserAgentAndNoCompressionAreAdded(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	_, body := g.do("GET", "/in/x", nil, "User-Agent", "", "Accept-Encoding", "identity")
	h := arrived(t, body).Header
	if _, ok := h["User-Agent"]; ok || h.Get("Accept-Encoding") != "identity" {
		t.Errorf("header at the target: %v", h)
	}
}

func TestHostPolicy(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: a, path: /a, callers: [fno], target: {url: "TARGET"}}
  - {name: b, path: /b, callers: [fno], target: {url: "TARGET", host: caller}}
  - {name: c, path: /c, callers: [fno], target: {url: "TARGET", host: wms.corp.local}}
`)
	front := strings.TrimPrefix(g.URL, "https://")
	for path, want := range map[string]func(string) bool{
		"/a": func(h string) bool { return h != front && strings.HasPrefix(h, "127.0.0.1:") },
		"/b": func(h string) bool { return h == front },
		"/c": func(h string) bool { return h == "wms.corp.local" },
	} {
		if _, body := g.do("GET", path, nil); !want(arrived(t, body).Host) {
			t.Errorf("%s: host %s", path, arrived(t, body).Host)
		}
	}
}

func TestPlacesAndCookiesAreTurnedToTheFrontDoor(t *testing.T) {
	var self string
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		self = "http://" + r.Host
		w.Header()["Location"] = []string{strings.ReplaceAll(r.URL.Query().Get("to"), "SELF", self)}
		w.Header()["Set-Cookie"] = []string{"a=1; Domain=wms.corp.local; Path=/base/app; HttpOnly", "b=\"x y\"; path=/; secure; SameSite=None"}
		w.WriteHeader(http.StatusFound)
	}), openRoute)
	for to, want := range map[string]string{
		"SELF/base/orders/1":         g.URL + "/in/orders/1",
		"SELF/base/orders?x=1%26y=2": g.URL + "/in/orders?x=1&y=2",
		"/base/a%20b":                g.URL + "/in/a%20b",
		"/elsewhere":                 g.URL + "/elsewhere",
		"SELF/basement":              g.URL + "/basement",
		"next":                       "next",
		"https://other.example/base": "https://other.example/base",
		"mailto:a@b":                 "mailto:a@b",
	} {
		resp, _ := g.do("GET", "/in/x?to="+strings.ReplaceAll(to, "%20", "%2520"), nil)
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("Location %s became %s, want %s", to, got, want)
		}
		want := []string{"a=1; Path=/in/app; HttpOnly; Secure", `b="x y"; Path=/in; secure; SameSite=None`}
		if diff := cmp.Diff(want, resp.Header["Set-Cookie"]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBodiesPassThroughWithTheirFraming(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
		if r.ContentLength >= 0 {
			w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
		}
		http.NewResponseController(w).EnableFullDuplex() // or this server reads the body away at its first write
		io.Copy(w, r.Body)
	}), openRoute)
	big := bytes.Repeat([]byte("0123456789abcdef"), 300_000)
	for _, proto := range []string{"h2", "http/1.1"} {
		if proto == "http/1.1" {
			g.http1()
		}
		for _, size := range []int{0, 1, 4096, 70_000, len(big)} {
			resp, body := g.do("POST", "/in/echo", bytes.NewReader(big[:size]))
			if sha256.Sum256([]byte(body)) != sha256.Sum256(big[:size]) || resp.Header.Get("X-Length") != fmt.Sprint(size) || resp.ContentLength != int64(size) {
				t.Errorf("%s, %d bytes: %d came back, the target saw %s, Content-Length %d", proto, size, len(body), resp.Header.Get("X-Length"), resp.ContentLength)
			}
		}
		resp, body := g.do("POST", "/in/echo", io.MultiReader(bytes.NewReader(big[:100_000])))
		if len(body) != 100_000 || resp.Header.Get("X-Length") != "-1" {
			t.Errorf("%s, chunked: %d came back, the target saw %s", proto, len(body), resp.Header.Get("X-Length"))
		}
	}
}

func TestAnswersWithoutABody(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/204":
			w.WriteHeader(204)
		case "/base/304":
			w.Header().Set("Etag", `"1"`)
			w.WriteHeader(304)
		case "/base/empty":
			w.Header().Set("Content-Length", "0")
		case "/base/head":
			w.Header().Set("Content-Length", "12345")
		}
	}), openRoute)
	for _, c := range []struct {
		method, path string
		status       int
		length       int64
	}{{"GET", "204", 204, 0}, {"GET", "304", 304, 0}, {"GET", "empty", 200, 0}, {"HEAD", "head", 200, 12345}} {
		resp, body := g.http1().do(c.method, "/in/"+c.path, nil)
		if resp.StatusCode != c.status || body != "" || c.length > 0 && resp.ContentLength != c.length {
			t.Errorf("%s %s: %d, length %d, body %q", c.method, c.path, resp.StatusCode, resp.ContentLength, body)
		}
	}
}

func TestTrailersAndUnsolicitedGzipPass(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write([]byte("hello"))
		z.Close()
		w.Header().Set("X-Sum", "42")
	}), openRoute)
	resp, body := g.do("GET", "/in/x", nil, "Accept-Encoding", "gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" || resp.Trailer.Get("X-Sum") != "42" || !strings.HasPrefix(body, "\x1f\x8b") {
		t.Errorf("header %v, trailer %v, %d bytes", resp.Header, resp.Trailer, len(body))
	}
}

func TestAnswersAreFlushedAsTheyCome(t *testing.T) {
	next := make(chan bool)
	for _, length := range []string{"", "10"} {
		g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			io.WriteString(w, "first")
			http.NewResponseController(w).Flush()
			<-next
			io.WriteString(w, "other")
		}), openRoute)
		req, _ := http.NewRequest("GET", g.URL+"/in/x", nil)
		req.Header.Set("X-Api-Key", g.key)
		resp, err := g.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 5)
		if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "first" {
			t.Fatal(err, part)
		}
		next <- true // the target has written no more than what has come
		rest, err := io.ReadAll(resp.Body)
		if err != nil || string(rest) != "other" {
			t.Fatal(err, rest)
		}
		resp.Body.Close()
	}
}

func TestATruncatedAnswerLooksBroken(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/base/length" {
			w.Header().Set("Content-Length", "1000")
		}
		io.WriteString(w, "part")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}), openRoute)
	for _, path := range []string{"/in/length", "/in/chunked"} {
		for _, proto := range []string{"h2", "http/1.1"} {
			if proto == "http/1.1" {
				g.http1()
			}
			req, _ := http.NewRequest("GET", g.URL+path, nil)
			req.Header.Set("X-Api-Key", g.key)
			resp, err := g.client.Do(req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if err == nil {
				t.Errorf("%s %s: the caller saw a whole answer", proto, path)
			}
			if rec := g.audit.last(t, "end"); rec.Outcome != "truncated" || rec.Code != "target_answer_truncated" {
				t.Errorf("%s %s: recorded as %s %s", proto, path, rec.Outcome, rec.Code)
			}
		}
	}
}

func TestACallerThatHangsUpIsRecorded(t *testing.T) {
	started := make(chan bool, 1)
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started <- true
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	}), openRoute)
	g.client.Timeout = 0
	req, _ := http.NewRequest("GET", g.URL+"/in/x", nil)
	req.Header.Set("X-Api-Key", g.key)
	done := make(chan error)
	ctx, hangUp := contextWithCancel(t)
	go func() {
		_, err := g.client.Do(req.WithContext(ctx))
		done <- err
	}()
	<-started
	hangUp()
	if err := <-done; err == nil {
		t.Fatal("no error")
	}
	if rec := g.audit.last(t, "end"); rec.Outcome != "gone" || rec.Status != 499 {
		t.Errorf("recorded as %s %d", rec.Outcome, rec.Status)
	}
}

// A caller that goes on sending what nobody wants holds no place on the route.
func TestADrainedBodyHoldsNoPlace(t *testing.T) {
	g := newRig(t, nil, strings.ReplaceAll(`
routes:
  - {name: r, path: /in/*, callers: [fno], limit: {concurrent: 1}, target: {url: "TARGET"}}
`, "TARGET", raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
	})))
	c := g.dial()
	fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\nContent-Length: 100000\r\n\r\nfirst", g.key)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 403 {
		t.Fatal(resp, err)
	}
	io.Copy(io.Discard, resp.Body)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		resp, body := g.do("GET", "/in/x", nil)
		if resp.StatusCode == 403 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
	}
}
