//go:build linux

package tests

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Answer is an answer of the broker with its body read.
type Answer struct {
	*http.Response
	Body string
}

// Problem is a refusal as the broker writes it (RFC 9457).
type Problem struct {
	Type, Title, Detail, Fix, Code, Hop, Route string
	Status                                     int
	CorrelationID                              string `json:"correlationId"`
	RetryAfter                                 int    `json:"retryAfterSeconds"`
}

// Problem reads the body as a refusal.
func (a Answer) Problem(t testing.TB) (p Problem) {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("%s with Content-Type %q: %.300s", a.Status, got, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	if p.Status != a.StatusCode || p.CorrelationID != a.Header.Get("X-Correlation-Id") || p.CorrelationID == "" || p.Fix == "" {
		t.Errorf("%s with X-Correlation-Id %q says %+v", a.Status, a.Header.Get("X-Correlation-Id"), p)
	}
	return p
}

// Correlation is the call's id in the log and the audit records.
func (a Answer) Correlation() string { return a.Header.Get("X-Correlation-Id") }

// TLS is a configuration for a caller of the broker.
func (b *Broker) TLS() *tls.Config {
	b.t.Helper()
	pem, err := os.ReadFile(b.CA)
	if err != nil {
		b.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		b.t.Fatalf("%s holds no certificate", b.CA)
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// Client is an HTTP/1.1 caller that follows no redirect and keeps its connections.
func (b *Broker) Client() *http.Client {
	b.t.Helper()
	tr := &http.Transport{TLSClientConfig: b.TLS(), DisableCompression: true}
	b.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Dial opens a TLS connection for a caller that writes its own HTTP/1.1.
func (b *Broker) Dial() *tls.Conn {
	b.t.Helper()
	c, err := tls.Dial("tcp", b.Addr, b.TLS())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// Request makes a request for path with erp's key and header lines "Name: value"; an
// empty value takes the field away.
func (b *Broker) Request(method, path string, body io.Reader, header ...string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", b.Key)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	return req
}

// Do makes a call that must be answered.
func (b *Broker) Do(c *http.Client, req *http.Request) Answer {
	b.t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	return Answer{resp, readAll(b.t, resp)}
}

// Call makes one call on a connection of its own.
func (b *Broker) Call(method, path, body string, header ...string) Answer {
	b.t.Helper()
	return b.Do(b.Client(), b.Request(method, path, strings.NewReader(body), header...))
}

// Get is a Call that must succeed; it returns the body.
func (b *Broker) Get(path string) string {
	b.t.Helper()
	a := b.Call("GET", path, "")
	if a.StatusCode != http.StatusOK {
		b.t.Fatalf("GET %s: %s %s", path, a.Status, a.Body)
	}
	return a.Body
}

func readAll(t testing.TB, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return string(body)
}

// Metric returns the value of a series, as /metrics writes its name and labels; a
// series that is not there is 0.
func (b *Broker) Metric(series string) float64 {
	b.t.Helper()
	return valueIn(b.Metrics(), series)
}

// valueIn is the value of a series in the text of /metrics.
func valueIn(metrics, series string) float64 {
	for line := range strings.Lines(metrics) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			v, _ := strconv.ParseFloat(strings.TrimSpace(value), 64) // written by Prometheus's library
			return v
		}
	}
	return 0
}

// fill replaces words of a configuration: pairs of word and text.
func fill(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

// exception is an exceptions section with one entry, OLD, that ends in some months.
func exception(allows string, targets ...string) string {
	return exceptionUntil(time.Now().AddDate(0, 4, 0), allows, targets...)
}

func exceptionUntil(day time.Time, allows string, targets ...string) string {
	return fmt.Sprintf(`exceptions:
  OLD: {allows: [%s], targets: ["%s"], owner: it@contoso.example, approved_by: ciso@contoso.example, ticket: CHG-1, reason: old, expires: %s}
`, allows, strings.Join(targets, `", "`), day.UTC().Format(time.DateOnly))
}
