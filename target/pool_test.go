package target

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counter is an HTTP server that counts its connections.
type counter struct {
	addr         string
	opened, open atomic.Int64
}

func counting(t testing.TB, h http.HandlerFunc) *counter {
	t.Helper()
	c := &counter{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.addr = l.Addr().String()
	s := &http.Server{Handler: h, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			c.opened.Add(1)
			c.open.Add(1)
		case http.StateClosed:
			c.open.Add(-1)
		}
	}}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return c
}

// settles waits until n connections are open.
func (c *counter) settles(t testing.TB, n int64, when string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); c.open.Load() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s %d connections are open, want %d", when, c.open.Load(), n)
		}
	}
}

func TestEqualConfigsShareTheirConnections(t *testing.T) {
	s := counting(t, hello)
	p := NewPool(time.Now)
	first, err := p.Get(plain(s.addr))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := get(t, first); err != nil {
		t.Fatal(err)
	}
	second, err := p.Get(plain(s.addr))
	if err != nil || second != first {
		t.Fatalf("got %p, %v, want the target in use", second, err)
	}
	p.Release(first)
	if _, h, err := get(t, second); err != nil || !h.Reused || p.Len() != 1 {
		t.Errorf("got %v, %+v, %d targets", err, h, p.Len())
	}
	s.settles(t, 1, "in use")
	p.Release(second)
	s.settles(t, 0, "after the last release")
	if p.Len() != 0 {
		t.Errorf("%d targets are left", p.Len())
	}
	p.Release(second) // once too often does nothing
}

func TestAnyDifferenceMakesAnotherTarget(t *testing.T) {
	ca := trusting(t, newAuthority(t, nil).cert)
	base := secure("wms.test:443")
	base.CA = ca
	p := NewPool(time.Now)
	if _, err := p.Get(base); err != nil {
		t.Fatal(err)
	}
	edits := map[string]func(*Config){
		"host":    func(c *Config) { c.Host = "wms.test:444" },
		"version": func(c *Config) { c.MaxVersion = tls.VersionTLS12 },
		"suites":  func(c *Config) { c.Suites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA} },
		"pins":    func(c *Config) { c.Pins = []string{"sha256/" + strings.Repeat("A", 43) + "="} },
		"via":     func(c *Config) { c.Via = "http://proxy:3128" },
		"age":     func(c *Config) { c.Age = time.Hour },
		"authority": func(c *Config) {
			if err := os.WriteFile(ca, []byte(mustRead(t, trusting(t, newAuthority(t, nil).cert))), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, edit := range edits {
		c := base
		edit(&c)
		before := p.Len()
		if _, err := p.Get(c); err != nil || p.Len() != before+1 {
			t.Errorf("%s: %v, %d targets after %d", name, err, p.Len(), before)
		}
	}
}

func mustRead(t *testing.T, name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestAFileThatChangesMeanwhileDoesNotLeakTheTarget changes the authority between Get
// and Release.
func TestAFileThatChangesMeanwhileDoesNotLeakTheTarget(t *testing.T) {
	p := NewPool(time.Now)
	c := secure("wms.test:443")
	c.CA = trusting(t, newAuthority(t, nil).cert)
	x, err := p.Get(c)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(c.CA, nil, 0o600)
	if p.Release(x); p.Len() != 0 {
		t.Error("the target is still held")
	}
}

// TestConnectionsOfARunningCallAreClosedAfterIt releases, and ages, a target while a call
// is running.
func TestConnectionsOfARunningCallAreClosedAfterIt(t *testing.T) {
	s := counting(t, hello)
	for name, end := range map[string]func(*Pool, *Target, *conn){
		"released": func(p *Pool, x *Target, _ *conn) { p.Release(x) },
		"aged":     func(_ *Pool, _ *Target, c *conn) { c.born = c.born.Add(-time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			p := NewPool(time.Now)
			c := plain(s.addr)
			c.Age = time.Minute
			x, err := p.Get(c)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Release(x)
			resp, err := x.Do(&Call{Request: request(t, x, "GET", "/", nil), Limits: patient}, &Hop{})
			if err != nil {
				t.Fatal(err)
			}
			end(p, x, resp.Body.(*answer).x.conn)
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "hello" {
				t.Errorf("the running call ended with %q, %v", body, err)
			}
			resp.Body.Close()
			s.settles(t, 0, "after the call")

			if _, h, err := get(t, x); err != nil || h.Reused { // one that still has the target
				t.Errorf("the next call: %v, %+v", err, h)
			}
		})
	}
}
