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
	issuer, serial     string // of the leaf
	resumed            bool
	asked              bool // for a client certificate
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

func (c *conn) secured(cs tls.ConnectionState) {
	c.version, c.suite, c.resumed = cs.Version, cs.CipherSuite, cs.DidResume
	if len(cs.PeerCertificates) > 0 {
		leaf := cs.PeerCertificates[0]
		sum := sha256.Sum256(leaf.Raw)
		c.peer = hex.EncodeToString(sum[:])
		c.issuer, c.serial = leaf.Issuer.String(), leaf.SerialNumber.Text(16)
	}
}
