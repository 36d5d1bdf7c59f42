//go:build linux

package tests

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"twohop/tests/peers"
)

// connectProxy is a forward proxy that knows CONNECT alone and asks for a credential.
type connectProxy struct {
	addr    string
	tunnels atomic.Int64
	target  atomic.Value // of the latest tunnel
}

func startProxy(t *testing.T, user, password string) *connectProxy {
	t.Helper()
	p := &connectProxy{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
		if u, pw, _ := r.BasicAuth(); r.Method != http.MethodConnect || u != user || pw != password {
			w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		to, err := net.Dial("tcp", r.RequestURI)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		p.target.Store(r.RequestURI)
		p.tunnels.Add(1)
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			io.Copy(to, from)
			to.Close()
		}()
		io.Copy(from, to)
		from.Close()
	}))
	t.Cleanup(s.Close)
	p.addr = s.Listener.Addr().String()
	return p
}

func TestTargetsBehindAConnectProxy(t *testing.T) {
	t.Parallel()
	s := peers.OpenSSL(t, peers.OpenSSLOptions{Files: map[string]string{"stock": "42"}})
	web := peers.Nginx(t, peers.NginxOptions{})
	proxy := startProxy(t, "svc-twohop", "pa55-of-the-proxy")
	b := New(t, exception("tls1.0, http", s.Addr, web.PlainAddr)+fill(`
targets:
  tls: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}, via: "${file:via}"}
  plain: {url: "http://WEB/", exception: OLD, via: "${file:via}"}
  refused: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}, via: "${file:wrong}"}
  gone: {url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}, via: "http://127.0.0.1:1"}
routes:
  - {name: tls, path: /tls/*, callers: [erp], target: tls}
  - {name: plain, path: /plain/*, callers: [erp], target: plain}
  - {name: refused, path: /refused/*, callers: [erp], target: refused}
  - {name: gone, path: /gone/*, callers: [erp], target: gone}
`, "ADDR", s.Addr, "PIN", s.SPKIPin, "WEB", web.PlainAddr))
	b.WriteFile("via", "http://svc-twohop:pa55-of-the-proxy@"+proxy.addr)
	b.WriteFile("wrong", "http://svc-twohop:another-pa55@"+proxy.addr)
	b.Secret("pa55-of-the-proxy", "another-pa55")
	b.Start()

	t.Run("TLS 1.0 through the tunnel", func(t *testing.T) {
		if body := b.Get("/tls/stock"); body != "42" {
			t.Errorf("got %q", body)
		}
		if proxy.target.Load() != s.Addr {
			t.Errorf("the tunnel led to %v, want %s", proxy.target.Load(), s.Addr)
		}
	})
	t.Run("plain HTTP through the tunnel", func(t *testing.T) {
		before := proxy.tunnels.Load()
		if body := b.Get("/plain/x"); !strings.Contains(body, "uri /x\n") || proxy.tunnels.Load() != before+1 {
			t.Errorf("got %q through %d tunnels", body, proxy.tunnels.Load()-before)
		}
	})
	for _, route := range []string{"refused", "gone"} {
		t.Run("a proxy that is "+route, func(t *testing.T) {
			p := b.Call("GET", "/"+route+"/stock", "").Problem(t)
			if p.Code != "via_proxy_refused" || p.Status != 502 || p.Hop != "target" {
				t.Errorf("got %+v", p)
			}
		})
	}
}
