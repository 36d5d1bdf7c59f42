//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// caller is one connection of the load that wrk cannot make.
type caller struct {
	net.Conn
	r      *bufio.Reader
	buffer []byte
}

// doorTLS is the same for every proxy, so that all do the same handshake: X25519, P-256
// (ECDSA) and AES-128-GCM. The certificate is the bench's own and proves nothing.
func doorTLS(version uint16) *tls.Config {
	return &tls.Config{MinVersion: version, MaxVersion: version, ServerName: "localhost", InsecureSkipVerify: true,
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// dial connects, with TLS unless c is nil.
func dial(address string, c *tls.Config) (*caller, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if c != nil {
		secure := tls.Client(conn, c)
		if err := secure.Handshake(); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	return &caller{Conn: conn, r: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// get sends a GET of path and reads the whole answer.
func (c *caller) get(path string) (size int64, err error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\n\r\n", path, apiKey); err != nil {
		return 0, err
	}
	return c.answer()
}

// postAsDotNET sends a POST as .NET Framework does: the head alone, then the body when
// "100 Continue" has come or 350 ms have passed. waited tells that they passed.
func (c *caller) postAsDotNET(path string, body []byte) (waited bool, err error) {
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nContent-Type: text/xml; charset=utf-8\r\nX-Api-Key: %s\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		path, apiKey, len(body)); err != nil {
		return false, err
	}
	c.SetReadDeadline(time.Now().Add(350 * time.Millisecond))
	_, err = c.r.Peek(1)
	c.SetReadDeadline(time.Time{})
	if waited = errors.Is(err, os.ErrDeadlineExceeded); !waited {
		if err != nil {
			return false, err
		}
		head, err := http.ReadResponse(c.r, nil)
		if err != nil {
			return false, err
		}
		if head.StatusCode != http.StatusContinue {
			return false, fmt.Errorf("answered %s to a head with Expect", head.Status)
		}
	}
	if _, err := c.Write(body); err != nil {
		return waited, err
	}
	_, err = c.answer()
	return waited, err
}

// answer reads a whole answer, which must be 200, and returns the size of its body.
// ReverseProxy passes the target's 100 on after its own.
func (c *caller) answer() (int64, error) {
	resp, err := http.ReadResponse(c.r, nil)
	for err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(c.r, nil)
	}
	if err != nil {
		return 0, err
	}
	if c.buffer == nil {
		c.buffer = make([]byte, 64<<10)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, c.buffer)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", resp.Status)
	}
	return n, err
}

// session keeps the first TLS session that a server gives, and offers it to every
// connection.
type session struct{ first *tls.ClientSessionState }

func (s *session) Get(string) (*tls.ClientSessionState, bool) { return s.first, s.first != nil }
func (s *session) Put(_ string, c *tls.ClientSessionState) {
	if s.first == nil {
		s.first = c
	}
}
