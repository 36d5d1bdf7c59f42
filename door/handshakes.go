package door

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"strings"
	"sync"

	"twohop/audit"
)

// hellos holds what callers offered whose handshakes are under way, by their addresses:
// net/http tells of one that failed by nothing else.
type hellos struct {
	mu sync.Mutex
	of map[netip.AddrPort]*tls.ClientHelloInfo
}

// Hello is for tls.Config.GetConfigForClient: it remembers what the caller offers, until
// the handshake is over.
func (d *Door) Hello(hello *tls.ClientHelloInfo) {
	c := of(hello.Conn)
	if c == nil {
		return
	}
	kept := &tls.ClientHelloInfo{ServerName: hello.ServerName, SupportedVersions: hello.SupportedVersions, CipherSuites: hello.CipherSuites}
	d.hellos.mu.Lock()
	defer d.hellos.mu.Unlock()
	if c.helloed = true; d.hellos.of == nil {
		d.hellos.of = map[netip.AddrPort]*tls.ClientHelloInfo{}
	}
	d.hellos.of[peerOf(c)] = kept
}

// take returns what the caller offered, nil when no hello came, and forgets it.
func (h *hellos) take(peer netip.AddrPort) *tls.ClientHelloInfo {
	h.mu.Lock()
	defer h.mu.Unlock()
	hello := h.of[peer]
	delete(h.of, peer)
	return hello
}

// drop forgets what c offered.
func (h *hellos) drop(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.helloed {
		c.helloed = false
		delete(h.of, peerOf(c))
	}
}

// ErrorLog returns the handler behind http.Server.ErrorLog, the only place where
// net/http tells of a handshake that failed. Each is counted; of those from one network
// with one cause, the first in a minute is logged.
func (d *Door) ErrorLog() slog.Handler { return errorLog{d} }

// errorLog takes every line, because it counts also what the log's level leaves out.
type errorLog struct{ door *Door }

func (errorLog) Enabled(context.Context, slog.Level) bool { return true }
func (h errorLog) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h errorLog) WithGroup(string) slog.Handler          { return h }

func (h errorLog) Handle(_ context.Context, r slog.Record) error {
	d := h.door
	rest, failed := strings.CutPrefix(r.Message, "http: TLS handshake error from ")
	if !failed {
		d.Log.Warn("front door", "message", r.Message)
		return nil
	}
	peer, reason, _ := strings.Cut(rest, ": ")
	cause := handshakeCause(reason)
	d.Metrics.HandshakeFailed("caller", cause)
	address, _ := netip.ParseAddrPort(peer) // it is net's own text
	address = netip.AddrPortFrom(address.Addr().Unmap().WithZone(""), address.Port())
	hello := d.hellos.take(address)
	if cause == "closed" && hello == nil {
		return nil // health checks of load balancers and scanners
	}
	network := d.Network.of(address.Addr())
	lost := &audit.Handshake{Time: d.Now(), Address: address.Addr(), Network: network, Cause: cause, Reason: reason}
	if hello != nil {
		lost.SNI, lost.Versions, lost.Suites = hello.ServerName, hello.SupportedVersions, hello.CipherSuites
	}
	d.Refused(lost)
	if cause == "closed" || !d.report.note(network.String(), "handshake_"+cause) {
		return nil
	}
	attrs := []any{"peer", peer, "cause", cause, "error", reason}
	if cause == "refused_by_caller" {
		attrs = append(attrs, "hint", "the caller broke off after seeing the certificate: it may lack the root or an intermediate")
	}
	d.Log.Info("TLS handshake with a caller failed", attrs...)
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
		{"use of closed network connection", "made_room"},
	} {
		if strings.Contains(reason, c.part) {
			return c.cause
		}
	}
	return "other"
}
