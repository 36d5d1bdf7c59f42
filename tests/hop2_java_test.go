//go:build linux

package tests

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"twohop/tests/peers"
)

func javaSaw(t *testing.T, a Answer) (j peers.JavaAnswer) {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %.300s", a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &j); err != nil {
		t.Fatalf("%v in %q", err, a.Body)
	}
	return j
}

// javaRoutes has a route for each suite to one Java server.
func javaRoutes(s peers.Server) string {
	return exception("tls1.0, rc4, 3des, rsa_key_exchange", s.Addr) + fill(`
targets:
  rc4: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, suites: [TLS_RSA_WITH_RC4_128_SHA], pins: ["PIN"]}}
  3des: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, suites: [TLS_RSA_WITH_3DES_EDE_CBC_SHA], pins: ["PIN"]}}
  spool: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}, buffer_request: 64KiB}
routes:
  - {name: rc4, path: /rc4/*, callers: [erp], target: rc4}
  - {name: 3des, path: /3des/*, callers: [erp], target: 3des}
  - {name: spool, path: /spool/*, callers: [erp], target: spool}
`, "ADDR", s.Addr, "PIN", s.SPKIPin)
}

func TestJavaOnTLS10(t *testing.T) {
	t.Parallel()
	b := Start(t, javaRoutes(peers.Java(t, peers.JavaOptions{})))
	for route, suite := range map[string]string{"rc4": "TLS_RSA_WITH_RC4_128_SHA", "3des": "TLS_RSA_WITH_3DES_EDE_CBC_SHA"} {
		t.Run(suite, func(t *testing.T) {
			first := b.Call("GET", "/"+route+"/stock?item=1&x=%2F", "")
			if j := javaSaw(t, first); j.Method != "GET" || j.Path != "/stock?item=1&x=%2F" || j.Served != 1 {
				t.Errorf("the target saw %+v", j)
			}

			body := strings.Repeat("0123456789abcdef", 5<<16) // 5 MiB
			second := b.Call("POST", "/"+route+"/orders", body)
			j := javaSaw(t, second)
			if want := fmt.Sprintf("%x", sha256.Sum256([]byte(body))); j.Length != 5<<20 || j.SHA256 != want {
				t.Errorf("%d bytes arrived with the digest %s, want %s", j.Length, j.SHA256, want)
			}
			if j.Served != 2 {
				t.Errorf("the connection was not kept: the call was number %d on it", j.Served)
			}
			r := b.End(second.Correlation())
			if r.ProxyTLS.Version != "TLS 1.0" || r.ProxyTLS.Cipher != suite || !r.Unmapped.Reused || r.Traffic.In != 5<<20 {
				t.Errorf("the record says %+v, reused %v, %d bytes", r.ProxyTLS, r.Unmapped.Reused, r.Traffic.In)
			}
		})
	}
}

func TestJavaSeesOneWellFormedRequest(t *testing.T) {
	t.Parallel()
	b := Start(t, javaRoutes(peers.Java(t, peers.JavaOptions{})))
	a := b.Call("POST", "/rc4/orders", "<a/>", `SOAPAction: "urn:a b"`, "Content-Type: text/xml; charset=utf-8", "Expect: 100-continue",
		"Connection: X-Private, keep-alive", "X-Private: 1", "Authorization: Basic c2VjcmV0", "X-Forwarded-For: 10.0.0.1", "User-Agent:", "X-Mine: yes")
	headers := javaSaw(t, a).Headers
	for _, want := range []string{`SOAPAction: "urn:a b"`, "Content-Type: text/xml; charset=utf-8", "Content-Length: 4", "X-Mine: yes"} {
		if !slices.Contains(headers, want) {
			t.Errorf("no %q in %q", want, headers)
		}
	}
	for _, line := range headers {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		if slices.Contains([]string{"x-api-key", "authorization", "expect", "x-private", "connection", "x-forwarded-for", "via", "accept-encoding", "transfer-encoding"}, name) {
			t.Errorf("the target got %q", line)
		}
	}
}

func TestJavaOverHTTP10(t *testing.T) {
	t.Parallel()
	b := Start(t, javaRoutes(peers.Java(t, peers.JavaOptions{Mode: peers.JavaHTTP10})))
	c := b.Client()
	for range 2 {
		a := b.Do(c, b.Request("POST", "/rc4/old", strings.NewReader("hello")))
		if j := javaSaw(t, a); j.Length != 5 || j.Served != 1 {
			t.Errorf("the target saw %+v", j)
		}
		if a.Proto != "HTTP/1.1" {
			t.Errorf("the caller got %s", a.Proto)
		}
		if r := b.End(a.Correlation()); r.Unmapped.Outcome != "answered" || r.Traffic.Out != int64(len(a.Body)) {
			t.Errorf("the record says %+v", r)
		}
	}
}

// TestTargetsThatAnswer411 sends what has no length to a server that wants one.
func TestTargetsThatAnswer411(t *testing.T) {
	t.Parallel()
	b := Start(t, javaRoutes(peers.Java(t, peers.JavaOptions{Mode: peers.JavaRefuseChunked})))
	chunked := func(path string, size int) Answer {
		return b.Do(b.Client(), b.Request("POST", path, io.MultiReader(strings.NewReader(strings.Repeat("x", size)))))
	}
	t.Run("its 411 reaches the caller when the body is streamed", func(t *testing.T) {
		if a := chunked("/rc4/x", 5); a.StatusCode != http.StatusLengthRequired || !strings.Contains(a.Body, "length required") {
			t.Errorf("got %s, %s", a.Status, a.Body)
		}
	})
	t.Run("with buffer_request it gets a length", func(t *testing.T) {
		j := javaSaw(t, chunked("/spool/x", 64<<10))
		if j.Length != 64<<10 || !slices.Contains(j.Headers, "Content-Length: 65536") {
			t.Errorf("the target saw %+v", j)
		}
	})
	t.Run("beyond buffer_request the caller gets 413", func(t *testing.T) {
		if p := chunked("/spool/x", 64<<10+1).Problem(t); p.Code != "body_too_large" || p.Status != 413 {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("a body with a length needs no buffer", func(t *testing.T) {
		if j := javaSaw(t, b.Call("POST", "/rc4/x", "hello")); j.Length != 5 {
			t.Errorf("the target saw %+v", j)
		}
	})
}
