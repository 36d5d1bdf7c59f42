package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"twohop/internal/fault"
)

// Report is what a server was seen to speak.
type Report struct {
	Host     string // host:port
	Plain    bool   // it speaks plain HTTP on this port
	Versions []VersionReport
	Chain    []Certificate
	Trust    string // "" when the chain is verified by the system's roots, else why not
	Pin      string // of the leaf's key
}

// VersionReport says how a server took one TLS version.
type VersionReport struct {
	Version uint16
	Suites  []uint16 // as it chose them, one after the other; empty for 1.3, where it cannot be asked
	Refusal string   // how it refuses the version; "" when it takes it
}

// Probe looks at the server at host:port: which versions and suites it takes and
// which certificate it shows. It completes no handshake and sends nothing over one;
// name is the SNI, "" for the host. The error is a *fault.Fault when there is no
// connection at all.
func Probe(ctx context.Context, host, name, via string, now func() time.Time) (*Report, error) {
	s, err := Config{Scheme: "https", Host: host, ServerName: name, Via: via, Connect: 10 * time.Second}.read(now)
	if err != nil {
		return nil, err
	}
	c, err := s.tcp(ctx)
	if err != nil {
		return nil, err
	}
	c.Close()
	r := &Report{Host: host}
	for _, v := range allVersions {
		found, chain := s.suitesOf(ctx, v)
		r.Versions = append(r.Versions, found)
		if found.Refusal == "" {
			r.describe(chain, s.verify, now())
		}
	}
	if !r.speaksTLS() {
		r.Plain = s.speaksHTTP(ctx)
	}
	return r, nil
}

// suitesOf finds the suites that the server takes with version v: it offers all of
// them, takes away the chosen one and asks again.
func (s *settings) suitesOf(ctx context.Context, v uint16) (VersionReport, []*x509.Certificate) {
	const patience = 5 * time.Second // per hello; some servers fall silent instead of refusing
	found := VersionReport{Version: v}
	var chain []*x509.Certificate
	for offer := allSuites(v); len(offer) > 0; {
		ctx, cancel := context.WithTimeout(ctx, patience)
		r := s.ask(ctx, v, offer)
		cancel()
		if r.err != nil {
			if chain == nil {
				found.Refusal = refusal(r)
			}
			break
		}
		chain = r.chain
		if v == tls.VersionTLS13 || !slices.Contains(offer, r.suite) {
			break // crypto/tls always offers all suites of 1.3
		}
		found.Suites = append(found.Suites, r.suite)
		offer = slices.DeleteFunc(offer, func(id uint16) bool { return id == r.suite })
	}
	return found, chain
}

// refusal says in a few words how a server refused a hello.
func refusal(r reply) string {
	var f *fault.Fault
	if errors.As(r.err, &f) {
		return f.Cause
	}
	if r.seen == nil {
		return "no connection"
	}
	alert, alerted := r.seen.alert()
	switch chosen := r.seen.helloVersion(); {
	case errors.Is(r.err, context.DeadlineExceeded):
		return "falls silent"
	case !r.seen.isTLS():
		return "answers with something that is not TLS"
	case chosen != 0:
		return fmt.Sprintf("answers with %s: %v", tls.VersionName(chosen), r.err)
	case alerted && alert == alertProtocolVersion:
		return "refuses the version"
	case alerted && alert == alertHandshakeFailure:
		return "refuses all suites, or the version"
	case alerted:
		return fmt.Sprintf("refuses with alert %d", alert)
	}
	return "closes or resets the connection"
}

func (r *Report) speaksTLS() bool {
	return slices.ContainsFunc(r.Versions, func(v VersionReport) bool { return v.Refusal == "" })
}

// speaksHTTP asks for OPTIONS *, which has no side effects (RFC 9110, section 9.3.7).
func (s *settings) speaksHTTP(ctx context.Context) bool {
	c, err := s.tcp(ctx)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	host, _, _ := net.SplitHostPort(s.Host)
	io.WriteString(c, "OPTIONS * HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
	head := make([]byte, 5)
	_, err = io.ReadFull(c, head)
	return err == nil && string(head) == "HTTP/"
}
