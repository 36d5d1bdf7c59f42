package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/goleak"

	"twohop/audit"
	"twohop/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wide is a door that lets in all that a test sends.
func wide() Config {
	return Config{Connections: 1000, Calls: 1000, Unread: 1 << 20, MaxHeader: 8 << 10,
		Network: Network{Connections: 1000, Calls: 1000, Handshakes: 1000, Burst: 1000, IPv4: 24, IPv6: 64},
		Busy: func(r *http.Request, _ bool) *http.Request {
			return r.WithContext(context.WithValue(r.Context(), busyKey{}, true))
		},
		Refused: func(*audit.Handshake) {}, Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

type busyKey struct{}

// serve starts a TLS server behind a door. Calls to /slow run until let is closed.
func serve(t *testing.T, c Config) (s *httptest.Server, let chan struct{}) {
	d := New(c)
	let = make(chan struct{})
	s = httptest.NewUnstartedServer(d.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Context().Value(busyKey{}) != nil:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/slow":
			w.WriteHeader(http.StatusOK)
			http.NewResponseController(w).Flush()
			<-let
		}
		io.WriteString(w, "ok")
	})))
	s.Listener = d.Listener(s.Listener)
	s.Config.ErrorLog = slog.NewLogLogger(d.ErrorLog(), slog.LevelWarn)
	s.Config.ConnContext = d.Remember
	s.Config.MaxHeaderBytes = int(c.MaxHeader)
	s.Config.ReadHeaderTimeout = 3 * time.Second
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) { d.Hello(h); return nil, nil }, MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	hook := s.Config.ConnState
	s.Config.ConnState = func(c net.Conn, st http.ConnState) {
		d.State(c, st)
		if hook != nil {
			hook(c, st)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, let
}

// await polls until the metrics hold the line.
func await(t *testing.T, m *metrics.Metrics, line string) {
	t.Helper()
	var text string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		rec := httptest.NewRecorder()
		promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if text = rec.Body.String(); strings.Contains(text, line+"\n") {
			return
		}
	}
	t.Errorf("no %s in:\n%s", line, text)
}

func TestFailedHandshakesAreCountedByCause(t *testing.T) {
	c := wide()
	m := c.Metrics
	s, _ := serve(t, c)
	addr := s.Listener.Addr().String()
	dial := func(c *tls.Config) {
		c.InsecureSkipVerify = true
		if conn, err := tls.Dial("tcp", addr, c); err == nil {
			conn.Close()
		}
	}
	dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	await(t, m, `twohop_handshake_failures_total{cause="version",hop="caller"} 1`)
	dial(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}})
	await(t, m, `twohop_handshake_failures_total{cause="suite",hop="caller"} 1`)
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(raw, "\x00\x01 this is not TLS")
	await(t, m, `twohop_handshake_failures_total{cause="not_tls",hop="caller"} 1`)
	raw.Close()
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	await(t, m, `twohop_handshake_failures_total{cause="timeout",hop="caller"} 1`)
	if conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "trusts.nobody.example", MaxVersion: tls.VersionTLS12}); err == nil {
		conn.Close()
	}
	await(t, m, `twohop_handshake_failures_total{cause="refused_by_caller",hop="caller"} 1`)
}

// What a handshake that failed is told with, and that nothing is kept of those that are over.
func TestAFailedHandshakeTellsWhatWasOffered(t *testing.T) {
	c := wide()
	told := make(chan *audit.Handshake, 10)
	c.Refused = func(h *audit.Handshake) { told <- h }
	d := New(c)
	s := httptest.NewUnstartedServer(d.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	s.Listener = d.Listener(s.Listener)
	s.Config.ErrorLog = slog.NewLogLogger(d.ErrorLog(), slog.LevelWarn)
	s.Config.ConnContext = d.Remember
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) { d.Hello(h); return nil, nil }}
	hook := s.Config.ConnState
	s.Config.ConnState = func(c net.Conn, st http.ConnState) {
		d.State(c, st)
		if hook != nil {
			hook(c, st)
		}
	}
	s.StartTLS()
	defer s.Close()
	address := s.Listener.Addr().String()
	offer := &tls.Config{InsecureSkipVerify: true, ServerName: "old.example", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", address, offer); err == nil {
		conn.Close()
		t.Fatal("TLS 1.1 is taken")
	}
	h := <-told
	if h.Cause != "version" || h.SNI != "old.example" || len(h.Versions) != 2 || h.Versions[0] != tls.VersionTLS11 || len(h.Suites) == 0 || h.Network.String() != "127.0.0.0/24" || h.Address.String() != "127.0.0.1" {
		t.Errorf("got %+v", h)
	}
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	raw.Close() // as a health check does
	if raw, err = net.Dial("tcp", address); err != nil {
		t.Fatal(err)
	}
	io.WriteString(raw, "GET / HTTP/1.1\r\n\r\n")
	if h := <-told; h.Cause != "not_tls" || h.SNI != "" {
		t.Errorf("got %+v", h)
	}
	raw.Close()
	for _, protocol := range []string{"h2", "http/1.1"} { // one that is used, and one that never sends a request
		idle, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		idle.Close()
	}
	s.Client().CloseIdleConnections()
	await(t, c.Metrics, "twohop_connections 0")
	d.hellos.mu.Lock()
	defer d.hellos.mu.Unlock()
	if len(d.hellos.of) != 0 || len(told) != 0 {
		t.Errorf("%d hellos are kept and %d failures told", len(d.hellos.of), len(told))
	}
}

func TestRequestsThatAreNoHTTPAreCounted(t *testing.T) {
	c := wide()
	m := c.Metrics
	s, _ := serve(t, c)
	for text, status := range map[string]string{
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": "HTTP/1.1 400",
		"NONSENSE\r\n\r\n": "HTTP/1.1 400",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 16<<10) + "\r\n\r\n": "HTTP/1.1 431",
		"GET / HTTP/1.1\r\nHost: ": "", // and no more
	} {
		c, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text)
		answer, _ := io.ReadAll(c)
		if !bytes.HasPrefix(answer, []byte(status)) {
			t.Errorf("%q: %q", text, answer)
		}
		c.Close()
	}
	hangs, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(hangs, "GET / HT")
	hangs.NetConn().(*net.TCPConn).SetLinger(0)
	hangs.NetConn().Close()
	counts := []string{`{reason="malformed"} 2`, `{reason="too_large"} 1`, `{reason="timeout"} 1`, `{reason="broken_off"} 1`}
	for _, c := range counts {
		await(t, m, "twohop_unparsed_requests_total"+c)
	}
	for range 3 { // over HTTP/2 and HTTP/1.1, whole calls do not count
		resp, err := s.Client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	s.Client().CloseIdleConnections()
	await(t, m, "twohop_connections 0")
	for _, c := range counts {
		await(t, m, "twohop_unparsed_requests_total"+c)
	}
}
