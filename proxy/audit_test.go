package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"twohop/audit"
)

func TestTheCallIsRecordedBeforeItIsMadeAndBeforeItsEnd(t *testing.T) {
	var g *rig
	var atTarget string
	g = newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atTarget = g.audit.stages()
		io.WriteString(w, "answer")
	}), openRoute)
	_, body := g.do("POST", "/in/items/42?secret=1", strings.NewReader("hello"), "SOAPAction", `"urn:get"`)
	if atTarget != "begin" || body != "answer" {
		t.Errorf("when the target was called: %q", atTarget)
	}
	if s := g.audit.stages(); s != "begin end" {
		t.Fatalf("when the caller had the answer: %q", s)
	}
	rec := g.audit.last(t, "end")
	if rec.Caller != "fno" || rec.CallerBy != "api_key" || rec.Route != "r" || rec.Target != "r" || rec.Path != "/in/items/42" || rec.Status != 200 ||
		rec.Outcome != audit.Answered || rec.Hop1.BytesIn != 5 || rec.Hop1.BytesOut != 6 || rec.Hop2.BytesOut != 5 || rec.Hop2.BytesIn != 6 ||
		rec.Hop2.Status != 200 || rec.Hop1.Version != "TLS 1.3" || rec.SOAPAction != "urn:get" || rec.Hop2.Address == "" {
		t.Errorf("%+v", rec)
	}
}

func TestVariablesOfThePathAreNotRecorded(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), `
routes:
  - {name: r, path: "/customers/{id}/*", rewrite: "/{id}/{*}", callers: [fno], target: {url: "TARGET"}}
`)
	g.do("GET", "/customers/4711/orders", nil)
	if rec := g.audit.last(t, "end"); rec.Path != "/customers/{id}/orders" {
		t.Error(rec.Path)
	}
}

func TestACallThatCannotBeRecordedIsNotMade(t *testing.T) {
	var reached atomic.Int64
	g := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }), openRoute)
	g.audit.fail = func(*audit.Record) error { return errDisk }
	resp, body := g.do("POST", "/in/x", strings.NewReader("hello"))
	if resp.StatusCode != 503 || code(t, body) != "audit_unavailable" || reached.Load() != 0 {
		t.Errorf("%d %s, the target was called %d times", resp.StatusCode, body, reached.Load())
	}
}

// If the end cannot be recorded, the caller must not be able to take the answer for
// whole.
func TestAnAnswerWhoseEndCannotBeRecordedIsNotCompleted(t *testing.T) {
	g := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/length":
			w.Header().Set("Content-Length", "100000")
			io.WriteString(w, strings.Repeat("x", 100_000))
		case "/base/chunked":
			io.WriteString(w, strings.Repeat("x", 100_000))
			http.NewResponseController(w).Flush()
		case "/base/empty":
			w.WriteHeader(204)
		}
	}), openRoute)
	g.audit.fail = func(r *audit.Record) error {
		if r.Stage == audit.End && r.Outcome == audit.Answered {
			return errDisk
		}
		return nil
	}
	for _, path := range []string{"/in/length", "/in/chunked", "/in/empty"} {
		for _, proto := range []string{"h2", "http/1.1"} {
			if proto == "http/1.1" {
				g.http1()
			}
			req, _ := http.NewRequest("GET", g.URL+path, nil)
			req.Header.Set("X-Api-Key", g.key)
			resp, err := g.client.Do(req)
			status := 0
			if err == nil {
				status = resp.StatusCode
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if path == "/in/empty" {
				if status != 503 {
					t.Errorf("%s %s: status %d, err %v; want 503", proto, path, status, err)
				}
			} else if err == nil {
				t.Errorf("%s %s: the caller has a whole answer that is not recorded", proto, path)
			}
		}
	}
}

func TestAPanicIsRecorded(t *testing.T) {
	g := newRig(t, http.HandlerFunc(seen), openRoute)
	g.audit.fail = func(r *audit.Record) error {
		if r.Stage == audit.Begin {
			panic("bug")
		}
		return nil
	}
	req, _ := http.NewRequest("GET", g.URL+"/in/x", nil)
	req.Header.Set("X-Api-Key", g.key)
	if resp, err := g.client.Do(req); err == nil {
		resp.Body.Close()
		t.Error("the caller got an answer:", resp.Status)
	}
	if rec := g.audit.last(t, "end"); rec.Outcome != audit.Broken || rec.Code != "internal_error" {
		t.Errorf("recorded as %s %s", rec.Outcome, rec.Code)
	}
}

func TestSecretsStayOutOfTheLogAndTheRecords(t *testing.T) {
	t.Setenv("WMS_PASSWORD", "hunter2-secret")
	g := newRig(t, nil, `
routes:
  - {name: r, path: /in, callers: [fno], target: {url: "http://127.0.0.1:1/", headers: {set: {Authorization: "${env:WMS_PASSWORD}"}}}}
`)
	g.do("GET", "/in?token=query-secret", nil, "Authorization", "Bearer bearer-secret", "Cookie", "c=cookie-secret")
	text := g.log.String()
	for _, rec := range g.audit.records {
		text += strings.Join([]string{rec.Path, rec.Cause, rec.Code, rec.Credential, rec.SOAPAction, rec.Host}, " ")
	}
	for _, secret := range []string{g.key, "hunter2", "query-secret", "bearer-secret", "cookie-secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in: %s", secret, text)
		}
	}
}

// TestAnAnswerThatHoldsTheRequestIsNotLogged calls targets that answer with what they were
// sent, as no HTTP: what net/http says of it quotes it.
func TestAnAnswerThatHoldsTheRequestIsNotLogged(t *testing.T) {
	for name, before := range map[string]string{"as its status line": "", "as its status": "HTTP/1.1 ", "as a field": "HTTP/1.1 200 OK\r\n", "as a length": "HTTP/1.1 200 OK\r\nContent-Length: ",
		"as a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "as a trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"} {
		t.Run(name, func(t *testing.T) {
			target := raw(t, func(c net.Conn, _ *bufio.Reader, r *http.Request) {
				fmt.Fprintf(c, "%s%s %s HTTP/1.1\r\nX-Secret %s\r\n\r\n", before, r.Method, r.RequestURI, r.Header.Get("X-Secret"))
			})
			g := newRig(t, nil, strings.ReplaceAll(`
routes:
  - {name: r, path: "/in/{x}", callers: [fno], target: {url: "TARGET/"}, rewrite: "/{x}"}
`, "TARGET", target)).http1()
			req, _ := http.NewRequest("GET", g.URL+"/in/path-secret?q=query-secret", nil)
			req.Header.Set("X-Api-Key", g.key)
			req.Header.Set("X-Secret", "field-secret")
			if resp, err := g.client.Do(req); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			rec := g.audit.last(t, audit.End)
			log := g.log.String()
			if !strings.Contains(log, "call failed") || !strings.Contains(log, "error=") {
				t.Error("the log says too little: " + log)
			}
			if text := log + fmt.Sprint(rec); strings.Contains(text, "-secret") {
				t.Error("it is in: " + text)
			}
		})
	}
}
