package target

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"sync/atomic"
	"time"
)

// conn is a connection to a target, ready for HTTP. It counts what was written, to
// tell a call that never left from one whose outcome is unknown, and keeps what the
// audit record says about the hop.
type conn struct {
	net.Conn
	written atomic.Int64

	address            string // of the peer
	connect, handshake time.Duration
	version, suite     uint16 // 0 for plain HTTP
	peer               string // SHA-256 of the leaf, hex
	resumed            bool
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

func (c *conn) secured(cs tls.ConnectionState) {
	c.version, c.suite, c.resumed = cs.Version, cs.CipherSuite, cs.DidResume
	if len(cs.PeerCertificates) > 0 {
		sum := sha256.Sum256(cs.PeerCertificates[0].Raw)
		c.peer = hex.EncodeToString(sum[:])
	}
}

// sniffer remembers the first bytes that a peer sent, to explain a handshake that
// failed: crypto/tls's error does not say what the peer answered.
type sniffer struct {
	net.Conn
	head [16]byte
	n    int // bytes in head
}

func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if s.n < len(s.head) {
		s.n += copy(s.head[s.n:], p[:n])
	}
	return n, err
}

// TLS record and handshake types, RFC 8446, sections 5.1 and 4.
const (
	recordAlert     = 21
	recordHandshake = 22
	serverHello     = 2
)

// isTLS reports whether what came looks like TLS: a record type of RFC 8446 and a
// major version of 3.
func (s *sniffer) isTLS() bool {
	return s.n < 2 || s.head[0] >= 20 && s.head[0] <= 23 && s.head[1] == 3
}

// helloVersion returns the version that a ServerHello chose, 0 when none came.
// A TLS 1.3 server answers 1.2 here (RFC 8446, section 4.1.3).
func (s *sniffer) helloVersion() uint16 {
	if s.n < 11 || s.head[0] != recordHandshake || s.head[5] != serverHello {
		return 0
	}
	return uint16(s.head[9])<<8 | uint16(s.head[10])
}

// alert returns the description of an alert that came first, and whether one did.
func (s *sniffer) alert() (uint8, bool) {
	if s.n < 7 || s.head[0] != recordAlert {
		return 0, false
	}
	return s.head[6], true
}
