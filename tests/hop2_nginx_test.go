//go:build linux

package tests

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/tests/peers"
)

const nginxLarge = 24 << 20

func nginxRoutes(s peers.NginxServer) string {
	return fill(`
targets:
  secure: {url: "https://ADDR/", tls: {ca: "CA"}}
  plain: {url: "http://PLAIN/base?fixed=1"}
routes:
  - {name: secure, path: /secure/*, methods: [GET, POST, HEAD], callers: [erp], target: secure}
  - {name: plain, path: /plain/*, callers: [erp], target: plain}
  - {name: exact, path: /exact, callers: [erp], target: plain}
  - {name: rewritten, path: "/items/{item}/*", callers: [erp], target: secure, rewrite: "/v1/{item}/of/{*}"}
  - {name: as-caller, path: /as-caller, callers: [erp], target: {url: "http://PLAIN/", host: caller}}
  - {name: as-named, path: /as-named, callers: [erp], target: {url: "http://PLAIN/", host: wms.contoso.example}}
`, "ADDR", s.Addr, "PLAIN", s.PlainAddr, "CA", s.CertPEM)
}

func TestNginx(t *testing.T) {
	t.Parallel()
	s := peers.Nginx(t, peers.NginxOptions{LargeSize: nginxLarge})
	b := NewWithChain(t, nginxRoutes(s))
	b.Start()
	door := strings.TrimPrefix(b.URL, "https://")

	t.Run("paths are rewritten and queries kept", func(t *testing.T) {
		for path, uri := range map[string]string{
			"/secure/a%20b/c?d=%2F&e=f+g": "/a%20b/c?d=%2F&e=f+g",
			"/secure/":                    "/",
			"/plain/x?y=1":                "/base/x?fixed=1&y=1",
			"/exact?y=1":                  "/base?fixed=1&y=1",
			"/items/M8%2525/a/b?q":        "/v1/M8%2525/of/a/b?q",
		} {
			if body := b.Get(path); !strings.Contains(body, "\nuri "+uri+"\n") {
				t.Errorf("%s: no %q in\n%s", path, uri, body)
			}
		}
	})
	t.Run("the Host header follows the target's policy", func(t *testing.T) {
		for path, host := range map[string]string{"/secure/": s.Addr, "/as-caller": door, "/as-named": "wms.contoso.example"} {
			if body := b.Get(path); !strings.Contains(body, "\nhost "+host+"\n") {
				t.Errorf("%s: no %q in\n%s", path, host, body)
			}
		}
	})
	t.Run("a redirect to itself leads back through the broker", func(t *testing.T) {
		a := b.Call("GET", "/secure/moved", "")
		if got := a.Header.Get("Location"); a.StatusCode != http.StatusFound || got != b.URL+"/secure/echo" {
			t.Errorf("%s, Location %q", a.Status, got)
		}
		r := peers.Curl(t, "--cacert", b.CA, "--location", "-H", "X-Api-Key: "+b.Key, b.URL+"/secure/moved")
		if r.ExitCode != 0 || !strings.Contains(r.Stdout, "\nuri /echo\n") {
			t.Errorf("curl --location: %+v", r)
		}
		for _, client := range dotnet[:2] {
			m := peers.Mono(t, peers.MonoCall{Client: client, URL: b.URL + "/secure/moved", CA: b.CA, Header: []string{"X-Api-Key: " + b.Key}})[0]
			if m.Status != 200 || !strings.Contains(m.Body, "\nuri /echo\n") {
				t.Error(client, "got", said(m))
			}
		}
	})
	t.Run("an answer in chunks arrives whole", func(t *testing.T) {
		a := b.Call("GET", "/secure/chunked", "")
		if a.Body != "one GET two\n" || a.ContentLength != -1 {
			t.Errorf("got %q with length %d", a.Body, a.ContentLength)
		}
	})
	t.Run("a large file arrives unchanged", func(t *testing.T) {
		a := b.Call("GET", "/secure/large", "")
		want := sha256.Sum256(make([]byte, nginxLarge))
		if got := sha256.Sum256([]byte(a.Body)); got != want || a.ContentLength != nginxLarge {
			t.Errorf("%d bytes, announced %d", len(a.Body), a.ContentLength)
		}
		if r := b.End(a.Correlation()); r.Traffic.Out != nginxLarge || r.Unmapped.Verified != "ca" || r.ProxyTLS.Version != "TLS 1.2" {
			t.Errorf("the record says %+v", r)
		}
	})
	t.Run("HEAD has the length and no body", func(t *testing.T) {
		if a := b.Call("HEAD", "/secure/large", ""); a.StatusCode != 200 || a.ContentLength != nginxLarge || a.Body != "" {
			t.Errorf("got %s, length %d", a.Status, a.ContentLength)
		}
	})
	t.Run("the target's own 503 passes with its Retry-After", func(t *testing.T) {
		a := b.Call("GET", "/secure/busy", "")
		if a.StatusCode != 503 || a.Header.Get("Retry-After") != "7" || a.Body != "busy\n" {
			t.Errorf("got %s, Retry-After %q, %q", a.Status, a.Header.Get("Retry-After"), a.Body)
		}
		if r := b.End(a.Correlation()); r.Unmapped.Outcome != "answered" || r.ProxyResponse.Code != 503 || r.StatusCode != "" {
			t.Errorf("the record says %+v", r)
		}
	})
	t.Run("plain HTTP is recorded as such", func(t *testing.T) {
		a := b.Call("GET", "/plain/", "")
		if r := b.End(a.Correlation()); r.ProxyTLS.Version != "" || fmt.Sprintf("%s:%d", r.Proxy.IP, r.Proxy.Port) != s.PlainAddr {
			t.Errorf("the record says %+v, %+v", r.ProxyTLS, r.Proxy)
		}
	})
}

// TestATargetThatClosesFirst keeps connections longer than the target does.
func TestATargetThatClosesFirst(t *testing.T) {
	t.Parallel()
	const patience = time.Second
	s := peers.Nginx(t, peers.NginxOptions{KeepAlive: patience})
	b := Start(t, fill(`
routes:
  - {name: n, path: /n/*, callers: [erp], target: {url: "http://PLAIN/", connections: {idle: 60s}}}
`, "PLAIN", s.PlainAddr))
	c := b.Client()
	post := func() string {
		a := b.Do(c, b.Request("POST", "/n/", strings.NewReader("x")))
		if a.StatusCode != http.StatusOK {
			t.Fatalf("got %s, %s", a.Status, a.Body)
		}
		return a.Header.Get("X-Connection")
	}
	first := post()
	if second := post(); second != first {
		t.Errorf("connections %s and %s, want one", first, second)
	}
	time.Sleep(patience * 3 / 2) // nothing but time makes nginx close
	if third := post(); third == first {
		t.Error("the target did not close its connection: the test shows nothing")
	}
}
