package legacy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
)

// resetListener hands out connections that reset themselves when the hello offers a version above the given one.
type resetListener struct {
	net.Listener
	above uint16
}

func (l *resetListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &resetConn{Conn: conn, above: l.above, in: bufio.NewReader(conn)}, nil
}

// resetConn looks at the ClientHello in its first Read, which is the handshake's and has the handshake's deadline, so
// that a slow client holds up nobody else.
type resetConn struct {
	net.Conn
	above  uint16
	in     *bufio.Reader // as greedy as crypto/tls, so that a refusal in plain text is not cut by unread input
	judged bool
	seen   bytes.Buffer // read for the judgement, still to be given to the reader
}

func (c *resetConn) Read(p []byte) (int, error) {
	if !c.judged {
		c.judged = true
		// What is no ClientHello, or ends too early, is left for crypto/tls to refuse.
		offered, err := readHello(io.TeeReader(c.in, &c.seen))
		if err == nil && offered > c.above {
			if tcp, ok := c.Conn.(*net.TCPConn); ok {
				tcp.SetLinger(0) // makes Close send RST instead of FIN
			}
			c.Conn.Close()
			return 0, fmt.Errorf("legacy: hello offers version %#04x: reset", offered)
		}
	}
	if c.seen.Len() > 0 {
		return c.seen.Read(p)
	}
	return c.in.Read(p)
}
