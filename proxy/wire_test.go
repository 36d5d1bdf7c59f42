package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/audit"
)

// raw is a target on a bare socket: it reads one request of each connection and then
// does what serve says.
func raw(t *testing.T, serve func(c net.Conn, in *bufio.Reader, r *http.Request)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(20 * time.Second))
				in := bufio.NewReader(c)
				if r, err := http.ReadRequest(in); err == nil {
					serve(c, in, r)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestInterimAnswersPass(t *testing.T) {
	target := raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: 1\r\n\r\n"+
			"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nok")
	})
	for name, version := range map[string]func(*rig) *rig{"HTTP/1.1": (*rig).http1, "HTTP/2": func(g *rig) *rig { return g }} {
		t.Run(name, func(t *testing.T) {
			g := version(newRig(t, nil, strings.ReplaceAll(openRoute, "TARGET", target)))
			var got []string
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				got = append(got, fmt.Sprint(code, " ", h.Get("Link"), h.Get("X"), h.Get("Connection")))
				return nil
			}})
			req, _ := http.NewRequestWithContext(ctx, "GET", g.URL+"/in/x", nil)
			req.Header.Set("X-Api-Key", g.key)
			resp, err := g.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if d := cmp.Diff([]string{"103 </a.css>", "102 "}, got); d != "" {
				t.Error(d)
			}
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != 200 || string(body) != "ok" || resp.Header.Get("A") != "b" || resp.Header.Get("Link") != "" {
				t.Errorf("then %d %q %v", resp.StatusCode, body, resp.Header)
			}
		})
	}
	t.Run("not to HTTP/1.0", func(t *testing.T) {
		g := newRig(t, nil, strings.ReplaceAll(openRoute, "TARGET", target))
		c := g.dial()
		fmt.Fprintf(c, "GET /in/x HTTP/1.0\r\nHost: h\r\nX-Api-Key: %s\r\n\r\n", g.key)
		if line, _ := bufio.NewReader(c).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.0 200") {
			t.Errorf("got %q", line)
		}
	})
}

func TestTrailersPassBothWays(t *testing.T) {
	var seen http.Header
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		seen = r.Trailer
		w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
		w.Header().Set(http.TrailerPrefix+"Set-Cookie", "a=b")
		w.Header().Set(http.TrailerPrefix+"X-Gone", "1")
		io.WriteString(w, "ok")
		http.NewResponseController(w).Flush()
	}), `
routes:
  - {name: r, path: /in/*, callers: [fno], headers: {set: {X-Own: "1"}}, response_headers: {remove: [X-Gone]}, target: {url: "TARGET", headers: {remove: [X-Off]}}}
`)
	for name, g := range map[string]*rig{"HTTP/2": g, "HTTP/1.1": g} {
		if name == "HTTP/1.1" {
			g.http1()
		}
		req, _ := http.NewRequest("POST", g.URL+"/in/x", io.MultiReader(strings.NewReader("body"), strings.NewReader("!")))
		req.Header.Set("X-Api-Key", g.key)
		req.Trailer = http.Header{"X-Digest": {"abc"}, "X-Api-Key": {"k"}, "X-Own": {"v"}, "X-Off": {"v"}, "X.digest": {"v"}, "X-Forwarded-For": {"1.2.3.4"}, "X_digest": {"z"}}
		resp, err := g.client.Do(req)
		if err != nil {
			t.Fatal(name, err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if d := cmp.Diff(http.Header{"X-Digest": {"abc"}}, seen); d != "" {
			t.Error(name, "to the target:", d)
		}
		if d := cmp.Diff(http.Header{"X-Sum": {"1"}}, resp.Trailer); d != "" {
			t.Error(name, "to the caller:", d)
		}
	}
}

func TestSpelling(t *testing.T) {
	var mu sync.Mutex
	var head []string
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target := "http://" + l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(c)
			mu.Lock()
			for head = nil; ; {
				line, err := in.ReadString('\n')
				if line == "\r\n" || err != nil {
					break
				}
				name, _, _ := strings.Cut(line, ":")
				head = append(head, name)
			}
			mu.Unlock()
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nx-low: 1\r\n\r\n")
			c.Close()
		}
	}()
	g := newRig(t, nil, strings.ReplaceAll(`
targets:
  t: {url: "TARGET", headers: {set: {siteNO: k, x-plain: v}, spell: [X-one, X-TWO]}}
routes:
  - {name: r, path: /in/*, callers: [fno], target: t, headers: {spell: [X-Two]}, response_headers: {spell: [X-LOW]}}
`, "TARGET", target)).http1()
	resp, _ := g.do("POST", "/in/x", nil, "SOAPAction", `""`, "X-One", "1", "X-Two", "2", "X-Three", "3", "Content-Type", "text/xml", "Siteno", "mine")
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"SOAPAction", "siteNO", "x-plain", "X-one", "X-Two", "X-Three", "Content-Type"} {
		n := 0
		for _, name := range head {
			if strings.EqualFold(name, want) {
				n++
				if name != want {
					t.Errorf("the target got %s, want %s", name, want)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s is there %d times in %v", want, n, head)
		}
	}
	if resp.Header.Get("X-Low") != "1" {
		t.Errorf("the caller got %v", resp.Header)
	}
}

// What follows chunks, or anything in HTTP/1.0, might not be a request to others.
func TestConnectionsThatMustEnd(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), "")
	for name, c := range map[string]struct {
		head  string
		close bool
	}{
		"a GET":                {"GET /in/x HTTP/1.1\r\nX-Api-Key: KEY\r\n", false},
		"a POST":               {"POST /in/x HTTP/1.1\r\nX-Api-Key: KEY\r\nContent-Length: 0\r\n", false},
		"chunks":               {"POST /in/x HTTP/1.1\r\nX-Api-Key: KEY\r\nTransfer-Encoding: chunked\r\n", true},
		"chunks and a length":  {"POST /in/x HTTP/1.1\r\nX-Api-Key: KEY\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", true},
		"chunks, refused":      {"POST /in/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", true},
		"HTTP/1.0":             {"GET /in/x HTTP/1.0\r\nX-Api-Key: KEY\r\nConnection: keep-alive\r\n", true},
		"HTTP/1.0, refused":    {"GET /in/x HTTP/1.0\r\nConnection: keep-alive\r\n", true},
		"refused without body": {"GET /in/x HTTP/1.1\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			conn := g.dial()
			body := "0\r\n\r\n"
			if !strings.Contains(c.head, "chunked") {
				body = ""
			}
			io.WriteString(conn, strings.ReplaceAll(c.head, "KEY", g.key)+"Host: h\r\n\r\n"+body)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Close != c.close {
				t.Errorf("%s, %v", resp.Status, resp.Header)
			}
		})
	}
}

// A connection that is cut is cut at once, whatever of the body is still to come.
func TestACutDoesNotWaitForTheCaller(t *testing.T) {
	for name, framing := range map[string]string{"chunks": "Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
		"a short body": "Content-Length: 100000\r\n\r\nfirst", "a long body": "Content-Length: 1000000\r\n\r\nfirst"} {
		for how, end := range map[string]func(net.Conn){"the target hangs up": func(net.Conn) {}, "the target falls silent": func(c net.Conn) { io.Copy(io.Discard, c) }} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				g := newRig(t, nil, strings.ReplaceAll(`
routes:
  - {name: r, path: /in/*, callers: [fno], timeout: {idle: 1s}, target: {url: "TARGET"}}
`, "TARGET", raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\npart")
					end(c)
				})))
				c := g.dial() // its deadline is 20 s
				fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\n%s", g.key, framing)
				begun := time.Now()
				io.ReadAll(c)
				if took := time.Since(begun); took > 15*time.Second {
					t.Errorf("it took %v", took)
				}
				if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Truncated {
					t.Errorf("recorded: %s %s", rec.Outcome, rec.Code)
				}
			})
		}
	}
}

// net/http's own 100 and the target's interim answers come from two goroutines.
func TestInterimAnswersAndExpect(t *testing.T) {
	g := newRig(t, nil, strings.ReplaceAll(openRoute, "TARGET", raw(t, func(c net.Conn, in *bufio.Reader, r *http.Request) {
		for range 20 {
			io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")
		}
		io.Copy(io.Discard, r.Body)
		io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})))
	for range 30 {
		c := g.dial()
		fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n", g.key)
		in := bufio.NewReader(c)
		for sent := false; ; {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal("garbled:", err)
			}
			if resp.StatusCode == 100 && !sent {
				sent = true
				go io.WriteString(c, strings.Repeat("x", 100_000))
			}
			if resp.StatusCode >= 200 {
				break
			}
		}
		c.Close()
	}
}

// The end of an answer in chunks comes after the rest of the body was waited for.
func TestTheLastChunkHasItsOwnLimit(t *testing.T) {
	t.Parallel() // it waits for drainPause
	g := newRig(t, nil, strings.ReplaceAll(`
routes:
  - {name: r, path: /in/*, callers: [fno], timeout: {idle: 1s}, target: {url: "TARGET"}}
`, "TARGET", raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n\r\n")
	})))
	c := g.dial()
	fmt.Fprintf(c, "POST /in/x HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\nContent-Length: 1000000\r\n\r\nfirst", g.key)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "part" {
		t.Errorf("%q, %v", body, err)
	}
}
