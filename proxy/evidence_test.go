package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/audit"
)

// echo answers with what it got, as it comes.
func echo(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	rc.EnableFullDuplex()
	if r.ContentLength >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	io.Copy(w, r.Body)
}

// reader hides the length of what it reads, so that it goes in chunks.
type reader struct{ io.Reader }

func TestDigestsAreThoseOfTheBodies(t *testing.T) {
	g := newRig(t, http.HandlerFunc(echo), `
routes:
  - {name: r, path: "/in/{item}", rewrite: "/{item}", callers: [fno], target: {url: "TARGET/base/"}}
  - {name: off, path: /off, callers: [fno], audit: {digests: false}, target: {url: "TARGET/base/"}}
  - {name: whole, path: /whole, callers: [fno], target: {url: "TARGET/base/", buffer_request: 2MiB}}
`)
	large := strings.Repeat("0123456789abcdef", 1<<16)
	for _, proto := range []string{"h2", "http/1.1"} {
		if proto == "http/1.1" {
			g.http1()
		}
		for name, c := range map[string]struct{ method, path, body string }{
			"small": {"POST", "/in/a", "hello"}, "none": {"GET", "/in/a", ""}, "empty": {"POST", "/in/a", ""},
			"large": {"POST", "/in/a", large}, "off": {"POST", "/off", "hello"}, "spooled": {"POST", "/whole", large}, "no answer": {"HEAD", "/in/a", ""},
		} {
			for _, chunked := range []bool{false, true} {
				var body io.Reader = strings.NewReader(c.body)
				if c.method == "GET" || c.method == "HEAD" {
					body = nil
				} else if chunked {
					body = reader{body}
				}
				g.audit.forget()
				if resp, text := g.do(c.method, c.path, body); resp.StatusCode == 200 && text != c.body {
					t.Errorf("%s: %d bytes of %d came back", name, len(text), len(c.body))
				}
				want := ""
				if c.body != "" && c.path != "/off" {
					want = g.deps.Secret.Of(audit.Body, c.body)
				}
				if rec := g.audit.last(t, audit.End); rec.RequestDigest.String() != want || rec.ResponseDigest.String() != want {
					t.Errorf("%s over %s, in chunks %t: %s and %s, want %s", name, proto, chunked, rec.RequestDigest, rec.ResponseDigest, want)
				}
			}
		}
	}
}

// TestABodyThatIsNotWholeHasNoDigest: of a part it would be a false one.
func TestABodyThatIsNotWholeHasNoDigest(t *testing.T) {
	target := raw(t, func(c net.Conn, in *bufio.Reader, r *http.Request) {
		switch r.URL.Path {
		case "/early": // the body is never read
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		case "/cut":
			io.Copy(io.Discard, r.Body)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\npart")
		default:
			io.Copy(io.Discard, r.Body)
		}
	})
	g := newRig(t, nil, strings.ReplaceAll(`
routes:
  - {name: r, path: /*, callers: [fno], max_body: 1MiB, target: {url: "TARGET/"}}
`, "TARGET", target)).http1()

	body, send := io.Pipe()
	go io.WriteString(send, "the beginning")
	req, _ := http.NewRequest("POST", g.URL+"/early", body)
	req.Header.Set("X-Api-Key", g.key)
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(resp.Body)
	resp.Body.Close()
	send.Close()
	if rec := g.audit.last(t, audit.End); rec.RequestDigest != (audit.Sum{}) || rec.ResponseDigest.String() != g.deps.Secret.Of(audit.Body, "ok") {
		t.Errorf("an early answer: %s, %s", rec.RequestDigest, rec.ResponseDigest)
	}

	g.audit.forget()
	req, _ = http.NewRequest("POST", g.URL+"/cut", strings.NewReader("hello"))
	req.Header.Set("X-Api-Key", g.key)
	if resp, err := g.client.Do(req); err == nil {
		io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	rec := g.audit.last(t, audit.End)
	if rec.RequestDigest.String() != g.deps.Secret.Of(audit.Body, "hello") || rec.ResponseDigest != (audit.Sum{}) || rec.Outcome != audit.Truncated {
		t.Errorf("a cut answer: %s, %s, %s", rec.RequestDigest, rec.ResponseDigest, rec.Outcome)
	}

	g.audit.forget()
	if resp, text := g.do("POST", "/x", reader{strings.NewReader(strings.Repeat("x", 1<<20+1))}); resp.StatusCode != 413 {
		t.Fatalf("%s %s", resp.Status, text)
	}
	if rec := g.audit.last(t, audit.End); rec.RequestDigest != (audit.Sum{}) || rec.ResponseDigest != (audit.Sum{}) {
		t.Errorf("a body too long: %s, %s", rec.RequestDigest, rec.ResponseDigest)
	}
}

func TestVariablesAreRecordedAsHMACs(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: r, path: "/customers/{id}/{part}/*", rewrite: "/{id}/{part}/{*}", callers: [fno], target: {url: "TARGET"}}
`)
	g.do("GET", "/customers/47%2011/b/orders", nil)
	want := g.deps.Secret.Variables([]string{"id", "part"}, []string{"47 11", "b"})
	for _, stage := range []string{audit.Begin, audit.End} {
		if rec := g.audit.last(t, stage); rec.Variables != want || rec.Path != "/customers/{id}/{part}/orders" {
			t.Errorf("%s: %s %s, want %s", stage, rec.Path, rec.Variables, want)
		}
	}
	g.audit.forget()
	g.do("GET", "/customers/4711/b/orders", nil, "X-Api-Key", "wrong")
	if rec := g.audit.last(t, audit.End); rec.Variables != "" || rec.Path != "/customers/{id}/{part}/orders" {
		t.Errorf("of somebody who is not let in: %s %s", rec.Path, rec.Variables)
	}
}

func TestALongAnswerIsRecordedWhileItRuns(t *testing.T) {
	next := make(chan string)
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for text := range next {
			io.WriteString(w, text)
			http.NewResponseController(w).Flush()
		}
	}), openRoute)
	g.broker.Router().long = time.Millisecond
	for _, broken := range []bool{false, true} {
		if broken {
			g.audit.fail = func(r *audit.Record) error {
				if r.Stage == audit.Started {
					return errDisk
				}
				return nil
			}
		}
		next = make(chan string)
		go func() { next <- "first" }()
		req, _ := http.NewRequest("GET", g.URL+"/in/x", nil)
		req.Header.Set("X-Api-Key", g.key)
		resp, err := g.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 6)
		io.ReadFull(resp.Body, buf[:5])
		time.Sleep(2 * time.Millisecond)
		next <- "second"
		if broken {
			if n, err := io.ReadFull(resp.Body, buf); err == nil || n > 0 {
				t.Errorf("%q came although it was not recorded", buf[:n])
			}
			close(next)
			resp.Body.Close()
			if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Truncated || rec.Code != "audit_unavailable" {
				t.Errorf("%+v", rec)
			}
			continue
		}
		if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != "second" {
			t.Fatalf("%s, %v", buf, err)
		}
		if rec := g.audit.last(t, audit.Started); rec.Status != 200 || rec.Hop1.BytesOut != 5 || rec.Outcome != "" || rec.Hop2.Address == "" {
			t.Errorf("%+v", rec)
		}
		next <- "third"
		close(next)
		io.ReadAll(resp.Body)
		resp.Body.Close()
		if s := g.audit.stages(); s != "begin response_started end" {
			t.Errorf("recorded: %s", s)
		}
		g.audit.forget()
	}
}

func TestALongWebSocketIsRecordedWhileItRuns(t *testing.T) {
	target := raw(t, func(c net.Conn, in *bufio.Reader, r *http.Request) {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi")
		io.Copy(c, in)
	})
	g := newRig(t, nil, strings.ReplaceAll(socketRoute, "TARGET", target))
	g.broker.Router().long = 20 * time.Millisecond
	c, in, _ := g.webSocket("/ws", "websocket")
	io.WriteString(c, "hello")
	if _, err := io.ReadFull(in, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	if rec := g.audit.last(t, audit.Started); rec.Status != 101 || rec.Outcome != "" {
		t.Errorf("%+v", rec)
	}
	c.Close()
	if rec := g.audit.last(t, audit.End); rec.Hop1.BytesIn != 5 || rec.Hop1.BytesOut != 7 || rec.RequestDigest != (audit.Sum{}) {
		t.Errorf("%+v", rec)
	}

	g.audit.fail = func(r *audit.Record) error {
		if r.Stage == audit.Started {
			return errDisk
		}
		return nil
	}
	g.audit.forget()
	_, in, _ = g.webSocket("/ws", "websocket")
	io.ReadFull(in, make([]byte, 2))
	if n, err := in.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes more came", n)
	}
	if rec := g.audit.last(t, audit.End); rec.Code != "audit_unavailable" || rec.Outcome != audit.Truncated {
		t.Errorf("%+v", rec)
	}
}
