package target

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"twohop/internal/fault"
)

// throughProxy opens a connection to the target through the CONNECT proxy.
func (s *settings) throughProxy(ctx context.Context, d *net.Dialer) (net.Conn, error) {
	// What an address alone can tell; a name is the proxy's to resolve.
	if err := permit("", s.Host, nil); errors.Is(err, errForbidden) {
		return nil, s.unreachable(err)
	}
	c, err := d.DialContext(ctx, "tcp", s.via.Host)
	if err != nil {
		return nil, s.viaFailed("cannot be reached", err)
	}
	if err := s.tunnel(ctx, c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// longestAnswer is more than any proxy's answer to CONNECT.
const longestAnswer = 64 << 10

// tunnel asks the proxy for a connection to the target (CONNECT, RFC 9110, section 9.3.6).
func (s *settings) tunnel(ctx context.Context, c net.Conn) error {
	deadline, _ := ctx.Deadline()
	c.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(past) })
	defer func() {
		if stop() {
			c.SetDeadline(time.Time{})
		}
	}()
	req := "CONNECT " + s.Host + " HTTP/1.1\r\nHost: " + s.Host + "\r\n"
	if u := s.via.User; u != nil {
		password, _ := u.Password()
		req += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(c, req+"\r\n"); err != nil {
		return s.viaFailed("hung up", err)
	}
	// The client speaks first in TLS and HTTP, so nothing after the head is lost in
	// the reader.
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, longestAnswer)), &http.Request{Method: http.MethodConnect})
	switch {
	case err != nil:
		return s.viaFailed("gave no answer to CONNECT that is HTTP", err)
	case resp.StatusCode == http.StatusProxyAuthRequired:
		return fault.New(fault.ViaRefused, "the proxy on the way to the target wants a credential, or another one (407)")
	case resp.StatusCode/100 != 2:
		return fault.New(fault.ViaRefused, "the proxy on the way to the target answered %d to CONNECT", resp.StatusCode)
	}
	return nil
}

// viaFailed tells a proxy that is slow from one that fails.
func (s *settings) viaFailed(how string, err error) *fault.Fault {
	if timedOut(err) {
		return fault.New(fault.TargetConnectTime, "the proxy on the way to the target made no connection within %v", s.Connect).Because(err)
	}
	return fault.New(fault.ViaRefused, "the proxy on the way to the target %s", how).Because(fault.Unquoted(err))
}
