package target

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"

	"twohop/internal/fault"
)

// errForbidden marks an address that no route may reach.
var errForbidden = errors.New("link-local, multicast and metadata addresses are refused")

// metadata are the cloud metadata services outside the link-local range: Azure's
// wire server, Alibaba's, and the IPv6 form of EC2's.
var metadata = []netip.Addr{netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("fd00:ec2::254")}

// permit refuses addresses after DNS, so that a name cannot lead there.
func permit(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return errForbidden
	}
	for _, m := range metadata {
		if ip == m {
			return errForbidden
		}
	}
	return nil
}

// tcp opens the connection below TLS, through the proxy if there is one.
func (s *settings) tcp(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Connect)
	defer cancel()
	d := net.Dialer{LocalAddr: s.source, ControlContext: func(_ context.Context, n, a string, c syscall.RawConn) error { return permit(n, a, c) }}
	if s.via == nil {
		c, err := d.DialContext(ctx, "tcp", s.Host)
		if err != nil {
			return nil, s.unreachable(err)
		}
		return c, nil
	}
	if err := permit("", s.Host, nil); errors.Is(err, errForbidden) {
		return nil, s.unreachable(err)
	}
	c, err := d.DialContext(ctx, "tcp", s.via.Host)
	if err != nil {
		return nil, fault.New(fault.ViaRefused, "the proxy on the way to the target cannot be reached").Because(err)
	}
	if err := s.tunnel(ctx, c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// tunnel asks the proxy for a connection to the target (CONNECT, RFC 9110, section 9.3.6).
func (s *settings) tunnel(ctx context.Context, c net.Conn) error {
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	defer c.SetDeadline(time.Time{})
	req := "CONNECT " + s.Host + " HTTP/1.1\r\nHost: " + s.Host + "\r\n"
	if u := s.via.User; u != nil {
		password, _ := u.Password()
		req += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(c, req+"\r\n"); err != nil {
		return fault.New(fault.ViaRefused, "the proxy on the way to the target hung up").Because(err)
	}
	// The client speaks first in TLS and HTTP, so nothing after the head is lost in
	// the reader.
	resp, err := http.ReadResponse(bufio.NewReaderSize(c, 4096), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fault.New(fault.ViaRefused, "the proxy on the way to the target gave no answer to CONNECT").Because(err)
	}
	if resp.StatusCode/100 != 2 {
		return fault.New(fault.ViaRefused, "the proxy on the way to the target answered %d to CONNECT", resp.StatusCode)
	}
	return nil
}

// dial opens a connection ready for HTTP. Every error is a *fault.Fault.
func (t *Target) dial(ctx context.Context) (net.Conn, error) {
	start := time.Now()
	raw, err := t.tcp(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, address: raw.RemoteAddr().String(), connect: time.Since(start)}
	if t.tls == nil {
		return c, nil
	}
	start = time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.Handshake)
	defer cancel()
	seen := &sniffer{Conn: raw}
	wanted := false
	cfg := t.tls.Clone()
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		wanted = true
		return &tls.Certificate{}, nil
	}
	tc := tls.Client(seen, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, t.explain(err, seen, wanted)
	}
	c.Conn, c.handshake = tc, time.Since(start)
	c.secured(tc.ConnectionState())
	return c, nil
}

// unreachable explains a TCP connection that did not come about.
func (s *settings) unreachable(err error) *fault.Fault {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	f := fault.New(fault.TargetUnreachable, "there is no way through the network to the target")
	switch {
	case errors.Is(err, errForbidden):
		f = fault.New(fault.TargetForbidden, "the target's name leads to a link-local, multicast or metadata address")
	case errors.As(err, &dns):
		f = fault.New(fault.TargetName, "the target's host name does not resolve")
	case errors.Is(err, syscall.ECONNREFUSED):
		f = fault.New(fault.TargetRefused, "nothing accepts connections on the target's port")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f = fault.New(fault.TargetConnectTime, "the target did not accept the connection within %v", s.Connect)
	}
	return f.Because(fmt.Errorf("dial: %w", err))
}
