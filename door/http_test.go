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
		Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler), Now: time.Now}
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
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
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
