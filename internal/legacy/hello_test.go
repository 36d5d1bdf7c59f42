package legacy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// recorded is a connection that gives what it was made with and keeps what is written.
type recorded struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (c *recorded) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *recorded) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *recorded) Close() error                     { return nil }
func (c *recorded) SetWriteDeadline(time.Time) error { return nil }

// hello is what a crypto/tls client sends first.
func hello(oldest, newest uint16) []byte {
	conn := &recorded{in: bytes.NewReader(nil)}
	tls.Client(conn, &tls.Config{MinVersion: oldest, MaxVersion: newest, ServerName: HostName,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}).Handshake()
	return conn.out.Bytes()
}

// reRecord cuts the message of a one-record hello into records of n bytes.
func reRecord(hello []byte, n int) []byte {
	var out []byte
	for message := hello[recordHeader:]; len(message) > 0; {
		piece := message[:min(n, len(message))]
		message = message[len(piece):]
		out = append(append(out, 22, 3, 1, byte(len(piece)>>8), byte(len(piece))), piece...)
	}
	return out
}

// bare is a hello without extensions, of the version given.
func bare(version uint16, extensions ...byte) []byte {
	body := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0, 0x0a, 1, 0)
	body = append(body, extensions...)
	message := append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	return append([]byte{22, 3, 0, byte(len(message) >> 8), byte(len(message))}, message...)
}

func TestReadHello(t *testing.T) {
	for name, c := range map[string]struct {
		wire []byte
		want uint16
	}{
		"TLS 1.0 from crypto/tls":              {hello(tls.VersionTLS10, tls.VersionTLS10), tls.VersionTLS10},
		"TLS 1.0 to 1.2 from crypto/tls":       {hello(tls.VersionTLS10, tls.VersionTLS12), tls.VersionTLS12},
		"TLS 1.3 from crypto/tls":              {hello(tls.VersionTLS10, tls.VersionTLS13), tls.VersionTLS13},
		"TLS 1.3 in several records":           {reRecord(hello(tls.VersionTLS10, tls.VersionTLS13), 100), tls.VersionTLS13},
		"the first record ends in the header":  {reRecord(bare(tls.VersionTLS11), 3), tls.VersionTLS11},
		"more records than a client sends":     {reRecord(hello(tls.VersionTLS10, tls.VersionTLS10), 1), 0},
		"SSL 3.0 without extensions":           {bare(0x0300), 0x0300},
		"TLS 1.0 without extensions":           {bare(0x0301), 0x0301},
		"empty extensions":                     {bare(0x0302, 0, 0), 0x0302},
		"only GREASE above TLS 1.0":            {bare(0x0301, 0, 9, 0, 43, 0, 5, 4, 0x3a, 0x3a, 3, 1), 0x0301},
		"supported_versions hides TLS 1.3":     {bare(0x0301, 0, 9, 0, 43, 0, 5, 4, 3, 1, 3, 4), 0x0304},
		"supported_versions below the version": {bare(0x0303, 0, 7, 0, 43, 0, 3, 2, 3, 1), 0x0303},
		"supported_versions after another":     {bare(0x0301, 0, 11, 0, 23, 0, 0, 0, 43, 0, 3, 2, 3, 3), 0x0303},
		"a length beyond the extensions":       {bare(0x0301, 0, 9, 0, 43, 0, 5), 0},
		"bytes after the extensions":           {bare(0x0301, 0, 0, 1), 0},
		"half an extension's type":             {bare(0x0301, 0, 1, 0), 0},
		"an odd number of bytes of versions":   {bare(0x0301, 0, 6, 0, 43, 0, 2, 1, 3), 0},
		"plain HTTP":                           {[]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0},
		"an SSL 2.0 hello":                     {[]byte{0x80, 0x1f, 1, 3, 1, 0, 6, 0, 0, 0, 16}, 0},
		"an alert":                             {[]byte{21, 3, 1, 0, 2, 2, 70}, 0},
		"another handshake message":            {[]byte{22, 3, 1, 0, 4, 14, 0, 0, 0}, 0},
		"an empty record":                      {[]byte{22, 3, 1, 0, 0}, 0},
		"a message of 16 MiB":                  {[]byte{22, 3, 1, 0, 4, 1, 255, 255, 255}, 0},
		"an empty message":                     {[]byte{22, 3, 1, 0, 4, 1, 0, 0, 0}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readHello(bytes.NewReader(c.wire))
			if got != c.want || (err != nil) != (c.want == 0) {
				t.Errorf("got %#04x, %v; want %#04x", got, err, c.want)
			}
		})
	}
}

func TestACutHelloIsUnexpectedEOF(t *testing.T) {
	whole := hello(tls.VersionTLS12, tls.VersionTLS13)
	for n := range whole {
		if got, err := readHello(bytes.NewReader(whole[:n])); got != 0 || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: got %#04x, %v", n, len(whole), got, err)
		}
	}
}

func TestReadHelloReadsNothingBeyond(t *testing.T) {
	r := bytes.NewReader(append(hello(tls.VersionTLS10, tls.VersionTLS10), "next"...))
	if _, err := readHello(r); err != nil || r.Len() != len("next") {
		t.Errorf("%v, %d bytes left", err, r.Len())
	}
}

// FuzzReadHello holds the parser against crypto/tls's: where both understand a hello and crypto/tls sees a version
// above TLS 1.0 offered, so does readHello.
func FuzzReadHello(f *testing.F) {
	f.Add(hello(tls.VersionTLS10, tls.VersionTLS10))
	f.Add(hello(tls.VersionTLS10, tls.VersionTLS13))
	f.Add(reRecord(hello(tls.VersionTLS12, tls.VersionTLS12), 50))
	f.Add(bare(0x0300))
	f.Add(bare(0x0301, 0, 9, 0, 43, 0, 5, 4, 0x3a, 0x3a, 3, 4))
	stop := errors.New("seen")
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		offered, err := readHello(r)
		if used := len(wire) - r.Len(); used > maxHello+maxRecord+maxHelloRecords*recordHeader {
			t.Fatalf("read %d bytes", used)
		}
		if err != nil {
			if offered != 0 {
				t.Fatalf("version %#04x with error %v", offered, err)
			}
			return
		}
		var theirs uint16
		tls.Server(&recorded{in: bytes.NewReader(wire)}, &tls.Config{
			MinVersion: tls.VersionTLS10,
			GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
				for _, v := range info.SupportedVersions {
					if !grease(v) {
						theirs = max(theirs, v)
					}
				}
				return nil, stop
			},
		}).Handshake()
		if theirs > tls.VersionTLS10 && offered < theirs {
			t.Fatalf("crypto/tls sees %#04x offered, readHello %#04x", theirs, offered)
		}
	})
}
