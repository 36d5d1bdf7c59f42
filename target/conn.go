package target

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"math"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is a connection to a target, ready for HTTP. It counts what was written, to
// tell a call that never left from one whose outcome is unknown, and keeps what the
// audit record says about the hop.
type conn struct {
	net.Conn // TLS where the target has it
	raw      net.Conn
	socket   syscall.RawConn // nil where raw has none
	in       *bufio.Reader   // reads the conn
	out      []byte          // the head of a request, built here
	written  atomic.Int64
	allowed  int64 // bytes that may still be read, so that a head has an end
	over     bool  // a read failed or came to the end
	born     time.Time
	since    time.Time // when it was kept; zero before its first call was over

	address            string // of the peer
	connect, handshake time.Duration
	version, suite     uint16 // 0 for plain HTTP
	peer               string // SHA-256 of the leaf, hex
	issuer, serial     string // of the leaf
	resumed            bool
	asked              bool // for a client certificate
}

// readBuffer holds a usual answer whole, so that its head and body are one read.
const readBuffer = 16 << 10

func newConn(raw net.Conn) *conn {
	c := &conn{Conn: raw, raw: raw, allowed: math.MaxInt64, born: time.Now(), address: raw.RemoteAddr().String()}
	c.in = bufio.NewReaderSize(c, readBuffer)
	if s, ok := raw.(syscall.Conn); ok {
		c.socket, _ = s.SyscallConn() // without it no kept connection is looked at
	}
	return c
}

var errLongHead = errors.New("the head of the answer is longer than 256 KiB")

func (c *conn) Read(p []byte) (int, error) {
	if c.allowed <= 0 {
		return 0, errLongHead
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.allowed)])
	c.allowed -= int64(n)
	c.over = c.over || err != nil
	return n, err
}

// Write counts before it writes: the peer may have read and hung up before Write returns,
// and a call that has left must not be taken for one that has not.
func (c *conn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n - len(p)))
	return n, err
}

// send writes the head in c.out and data after it, in one piece when it is short.
func (c *conn) send(data []byte) error {
	if len(data) <= shortBody {
		c.out, data = append(c.out, data...), nil
	}
	_, err := c.Write(c.out)
	if err == nil && data != nil {
		_, err = c.Write(data)
	}
	return err
}

// shortBody is copied behind its head.
const shortBody = 16 << 10

// cut ends the connection at once, from any goroutine: whoever reads or writes it
// comes back. Close would say goodbye first, and could wait for that.
func (c *conn) cut() { c.raw.Close() }

func (c *conn) secured(cs tls.ConnectionState) {
	c.version, c.suite, c.resumed = cs.Version, cs.CipherSuite, cs.DidResume
	if len(cs.PeerCertificates) > 0 {
		leaf := cs.PeerCertificates[0]
		sum := sha256.Sum256(leaf.Raw)
		c.peer = hex.EncodeToString(sum[:])
		c.issuer, c.serial = leaf.Issuer.String(), leaf.SerialNumber.Text(16)
	}
}
