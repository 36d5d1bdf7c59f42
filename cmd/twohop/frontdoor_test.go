package main

import (
	"bytes"
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

// watched starts a TLS server under a doorWatch.
func watched(t *testing.T) (*httptest.Server, *metrics.Metrics) {
	d := &doorWatch{metrics: metrics.New(), log: slog.New(slog.DiscardHandler)}
	s := httptest.NewUnstartedServer(d.count(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })))
	s.Config.ErrorLog = slog.NewLogLogger(d, slog.LevelWarn)
	s.Config.ConnContext = d.remember
	s.Config.ReadHeaderTimeout = 200 * time.Millisecond
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	hook := s.Config.ConnState
	s.Config.ConnState = func(c net.Conn, st http.ConnState) {
		d.state(c, st)
		if hook != nil {
			hook(c, st)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, d.metrics
}

// await polls until the metrics hold the line.
func await(t *testing.T, m *metrics.Metrics, line string) {
	t.Helper()
	var text string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		rec := httptest.NewRecorder()
		promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if text = rec.Body.String(); strings.Contains(text, line+"\n") {
			return
		}
	}
	t.Errorf("no %s in:\n%s", line, text)
}

func TestFailedHandshakesAreCountedByCause(t *testing.T) {
	s, m := watched(t)
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
	if conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "trusts.nobody.example"}); err == nil {
		conn.Close()
	}
	await(t, m, `twohop_handshake_failures_total{cause="refused_by_caller",hop="caller"} 1`)
}

func TestRequestsThatAreNoHTTPAreCounted(t *testing.T) {
	s, m := watched(t)
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "NONSENSE\r\n\r\n"} {
		c, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text)
		answer, _ := io.ReadAll(c)
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 400")) {
			t.Errorf("%q: %q", text, answer)
		}
		c.Close()
	}
	await(t, m, "twohop_unparsed_requests_total 2")
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
	await(t, m, "twohop_unparsed_requests_total 2")
}
