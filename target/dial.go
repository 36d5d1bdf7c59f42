package target

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"twohop/internal/fault"
)

// tcp opens the connection below TLS, through the proxy if there is one.
func (s *settings) tcp(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Connect)
	defer cancel()
	d := net.Dialer{LocalAddr: s.source, Control: permit}
	if s.via != nil {
		return s.throughProxy(ctx, &d)
	}
	c, err := d.DialContext(ctx, "tcp", s.Host)
	if err != nil {
		return nil, s.unreachable(err)
	}
	return c, nil
}

// dial opens a connection ready for HTTP. Every error is a *fault.Fault.
func (t *Target) dial(parent context.Context) (*conn, error) {
	start := time.Now()
	raw, err := t.tcp(parent)
	if err != nil {
		return nil, err
	}
	c := newConn(raw)
	c.connect = time.Since(start)
	if t.tls == nil {
		return c, nil
	}
	start = time.Now()
	ctx, cancel := context.WithTimeout(parent, t.Handshake)
	defer cancel()
	seen := newSniffer(raw)
	wanted := false
	cfg := t.tls.Clone()
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		wanted = true
		return &tls.Certificate{}, nil
	}
	tc := tls.Client(seen, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, t.explain(parent, err, seen, wanted)
	}
	c.Conn, c.records, c.handshake, c.asked = tc, seen, time.Since(start), wanted
	c.secured(tc.ConnectionState())
	return c, nil
}

// unreachable explains a TCP connection to the target that did not come about.
func (s *settings) unreachable(err error) *fault.Fault {
	var dns *net.DNSError
	f := fault.New(fault.TargetUnreachable, "there is no way through the network to the target")
	switch {
	case errors.Is(err, errForbidden):
		f = fault.New(fault.TargetForbidden, "the target's name leads to a link-local, multicast or metadata address")
	case errors.As(err, &dns) && dns.IsTimeout:
		f = fault.New(fault.TargetConnectTime, "the target's host name was not resolved within %v: no name server answered", s.Connect)
	case dns != nil && !dns.IsNotFound:
		f = fault.New(fault.TargetName, "the target's host name could not be resolved: no name server answered")
	case dns != nil:
		f = fault.New(fault.TargetName, "the target's host name does not resolve")
	case errors.Is(err, refused):
		f = fault.New(fault.TargetRefused, "nothing accepts connections on the target's port")
	case timedOut(err):
		f = fault.New(fault.TargetConnectTime, "the target did not accept the connection within %v", s.Connect)
	case errors.Is(err, noLocalAddress):
		f = fault.New(fault.TargetUnreachable, "the broker has no address or port to call the target from")
		f.Fix = "An admin checks that the target's `source_address` is an address of the broker's machine, and that its ports are not used up."
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		f = fault.New(fault.Internal, "the broker has no file descriptor left for a connection to the target")
	}
	return f.Because(fmt.Errorf("dial: %w", err))
}

// timedOut reports whether the time for a connection was over. A cancelled call is not
// among it.
func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
