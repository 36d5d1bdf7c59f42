package target

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"math"
	"net"
	"os"
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
	records  *sniffer        // below TLS; nil for plain HTTP
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

// quiet reports whether the target has neither closed an unused connection nor sent
// anything over it, which would be taken for the answer to the next call.
func (c *conn) quiet() bool {
	return !c.over && c.in.Buffered() == 0 && !c.held() && c.silent()
}

// held reports whether more came than was read, of TLS: it is looked for in crypto/tls,
// by a read that may not wait, and below.
func (c *conn) held() bool {
	if c.records == nil {
		return false
	}
	c.raw.SetReadDeadline(past)
	defer c.raw.SetReadDeadline(time.Time{})
	var one [1]byte
	n, err := c.Conn.Read(one[:])
	return n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !c.records.empty()
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

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
