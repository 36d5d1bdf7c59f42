package target

import "net"

// sniffer remembers the first bytes that a peer sent, to explain a handshake that
// failed: crypto/tls's error does not say what the peer answered.
type sniffer struct {
	net.Conn
	head [64]byte
	n    int // bytes in head
}

func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if s.n < len(s.head) {
		s.n += copy(s.head[s.n:], p[:n])
	}
	return n, err
}

// Records and messages of TLS, RFC 8446, sections 5.1, 4 and 6.
const (
	recordAlert     = 21
	recordHandshake = 22
	serverHello     = 2
	warning         = 1
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
