package target

import (
	"bufio"
	"net"
)

// sniffer stands below TLS. It remembers the first bytes that a peer sent, to explain a
// handshake that failed: crypto/tls's error does not say what the peer answered. And it
// hands out one record at a time, so that what came with it stays here, where it can be
// seen, and not in crypto/tls, where it cannot.
type sniffer struct {
	net.Conn
	in   *bufio.Reader
	left int // bytes of the record that is being handed out
	head [64]byte
	n    int // bytes in head
}

// sniffed holds two records of the largest size nearly whole.
const sniffed = 32 << 10

func newSniffer(c net.Conn) *sniffer { return &sniffer{Conn: c, in: bufio.NewReaderSize(c, sniffed)} }

func (s *sniffer) Read(p []byte) (int, error) {
	if s.left == 0 {
		h, err := s.in.Peek(recordHeader)
		if len(h) == 0 || err != nil && timedOut(err) {
			return 0, err
		}
		if s.left = len(h); err == nil {
			s.left += int(h[3])<<8 | int(h[4])
		}
	}
	n, err := s.in.Read(p[:min(len(p), s.left)])
	s.left -= n
	if s.n < len(s.head) {
		s.n += copy(s.head[s.n:], p[:n])
	}
	return n, err
}

// empty reports whether nothing is here that crypto/tls has not asked for.
func (s *sniffer) empty() bool { return s.left == 0 && s.in.Buffered() == 0 }

// Records and messages of TLS, RFC 8446, sections 5.1, 4 and 6.
const (
	recordAlert     = 21
	recordHandshake = 22
	serverHello     = 2
	warning         = 1
	recordHeader    = 5 // bytes
	alertRecord     = 7 // bytes
)

// isTLS reports whether what came looks like TLS: a record type of RFC 8446 and a
// major version of 3.
func (s *sniffer) isTLS() bool {
	return s.n < 2 || s.head[0] >= 20 && s.head[0] <= 23 && s.head[1] == 3
}

// answer is what came, without the warnings that old servers put in front of their
// hello ("unrecognized_name").
func (s *sniffer) answer() []byte {
	b := s.head[:s.n]
	for len(b) >= alertRecord && b[0] == recordAlert && b[5] == warning {
		b = b[alertRecord:]
	}
	return b
}

// helloVersion returns the version that a ServerHello chose, 0 when none came.
// A TLS 1.3 server answers 1.2 here (RFC 8446, section 4.1.3).
func (s *sniffer) helloVersion() uint16 {
	b := s.answer()
	if len(b) < 11 || b[0] != recordHandshake || b[5] != serverHello {
		return 0
	}
	return uint16(b[9])<<8 | uint16(b[10])
}

// alert returns the description of an alert that came in place of a hello, and
// whether one did.
func (s *sniffer) alert() (uint8, bool) {
	b := s.answer()
	if len(b) < alertRecord || b[0] != recordAlert {
		return 0, false
	}
	return b[6], true
}
