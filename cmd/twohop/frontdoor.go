package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"twohop/metrics"
	"twohop/routes"
)

// frontDoor is the HTTP server that callers reach.
func (s *server) frontDoor(l routes.Listener) *http.Server {
	watch := &doorWatch{metrics: s.deps.Metrics, log: s.log}
	return &http.Server{
		Handler:           watch.count(s.broker),
		TLSConfig:         s.doorTLS(),
		ReadHeaderTimeout: l.HeaderTimeout,
		MaxHeaderBytes:    int(l.MaxHeader),
		IdleTimeout:       l.Idle,
		ErrorLog:          slog.NewLogLogger(watch, slog.LevelWarn),
		ConnState:         watch.state,
		ConnContext:       watch.remember,
		BaseContext:       func(net.Listener) context.Context { return s.calls },
		// OPTIONS * is a call like any other: refused, and recorded.
		DisableGeneralOptionsHandler: true,
	}
}

// doorTLS asks for client certificates only while some caller is known by one.
func (s *server) doorTLS() *tls.Config {
	plain := s.certs.TLS()
	asking := plain.Clone()
	asking.ClientAuth = tls.RequestClientCert // callers.Identify verifies it
	keys := &ticketKeys{now: s.now}
	front := plain.Clone()
	front.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if s.broker.Router().WantsCertificates() {
			keys.renew(asking)
			return asking, nil
		}
		return plain, nil
	}
	return front
}

// ticketKeys are the session ticket keys of the config that asks for certificates. They
// are its own, so that a session from before it asked, which has no certificate, is not
// resumed; and they are renewed daily, as crypto/tls does with its own.
type ticketKeys struct {
	now  func() time.Time
	mu   sync.Mutex
	keys [][32]byte // newest first
	made time.Time
}

const (
	ticketDay  = 24 * time.Hour
	ticketDays = 7 // a ticket's longest life, RFC 8446, section 4.6.1
)

func (k *ticketKeys) renew(c *tls.Config) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys != nil && k.now().Sub(k.made) < ticketDay {
		return
	}
	var fresh [32]byte
	rand.Read(fresh[:]) // never fails (crypto/rand, Go 1.24)
	k.keys = append([][32]byte{fresh}, k.keys[:min(len(k.keys), ticketDays-1)]...)
	k.made = k.now()
	c.SetSessionTicketKeys(k.keys)
}

// doorWatch counts what never becomes a call: handshakes that fail and requests that
// are no HTTP. It is also the slog.Handler behind the server's error log.
type doorWatch struct {
	metrics *metrics.Metrics
	log     *slog.Logger
	conns   sync.Map // net.Conn -> *connCount
}

// connCount tells requests that net/http began to read from those it could hand on.
type connCount struct{ begun, handled atomic.Int64 }

type connKey struct{}

func (d *doorWatch) remember(ctx context.Context, c net.Conn) context.Context {
	n, _ := d.conns.LoadOrStore(c, &connCount{})
	return context.WithValue(ctx, connKey{}, n)
}

func (d *doorWatch) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, ok := r.Context().Value(connKey{}).(*connCount); ok {
			n.handled.Add(1)
		}
		next.ServeHTTP(w, r)
	})
}

func (d *doorWatch) state(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		d.metrics.Connections(1)
	case http.StateActive:
		if n, ok := d.conns.Load(c); ok {
			n.(*connCount).begun.Add(1)
		}
	case http.StateClosed, http.StateHijacked:
		d.metrics.Connections(-1)
		if n, ok := d.conns.LoadAndDelete(c); ok {
			if n := n.(*connCount); !isHTTP2(c) && n.begun.Load() > n.handled.Load() {
				d.metrics.Unparsed()
			}
		}
	}
}

// isHTTP2 tells connections whose states do not count requests.
func isHTTP2(c net.Conn) bool {
	t, ok := c.(*tls.Conn)
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

// Enabled, WithAttrs and WithGroup make a doorWatch a slog.Handler. It takes every
// line, because it counts also what the log's level leaves out.
func (d *doorWatch) Enabled(context.Context, slog.Level) bool { return true }
func (d *doorWatch) WithAttrs([]slog.Attr) slog.Handler       { return d }
func (d *doorWatch) WithGroup(string) slog.Handler            { return d }

// Handle takes a line of net/http's error log, which is the only place where it tells
// of a handshake that failed.
func (d *doorWatch) Handle(_ context.Context, r slog.Record) error {
	rest, failed := strings.CutPrefix(r.Message, "http: TLS handshake error from ")
	if !failed {
		d.log.Warn("front door", "message", r.Message)
		return nil
	}
	peer, reason, _ := strings.Cut(rest, ": ")
	cause := handshakeCause(reason)
	d.metrics.HandshakeFailed("caller", cause)
	level := slog.LevelInfo
	if cause == "closed" {
		level = slog.LevelDebug // health checks of load balancers and scanners
	}
	attrs := []any{"peer", peer, "cause", cause, "error", reason}
	if cause == "refused_by_caller" {
		attrs = append(attrs, "hint", "the caller broke off after seeing the certificate: it may lack the root or an intermediate")
	}
	d.log.Log(context.Background(), level, "TLS handshake with a caller failed", attrs...)
	return nil
}

// handshakeCause sorts crypto/tls's words into few causes, for a metric's label.
func handshakeCause(reason string) string {
	for _, c := range []struct{ part, cause string }{
		{"unsupported versions", "version"},
		{"no cipher suite", "suite"},
		{"no ECDHE curve", "suite"},
		{"remote error", "refused_by_caller"},
		{"bad record MAC", "refused_by_caller"}, // a TLS 1.3 caller that hangs up at the certificate
		{"first record does not look like", "not_tls"},
		{"client sent an HTTP request", "not_tls"},
		{"certificate", "client_certificate"},
		{"timeout", "timeout"},
		{"EOF", "closed"},
		{"reset by peer", "closed"},
	} {
		if strings.Contains(reason, c.part) {
			return c.cause
		}
	}
	return "other"
}
