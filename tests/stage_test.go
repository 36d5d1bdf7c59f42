//go:build linux

package tests

import (
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"twohop/internal/legacy"
)

// filepathOf writes text to a file of the test and returns its path.
func filepathOf(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// listenerCounting is a port that accepts connections, counts them and says nothing.
func listenerCounting(t *testing.T) (addr string, count *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().String(), count
}

// plainTarget starts the JSON service of internal/legacy without TLS.
func plainTarget(t *testing.T) *legacy.Server {
	t.Helper()
	s, err := legacy.PlainJSON("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// oldTarget starts the same on TLS 1.0, and the section that a route to it needs.
func oldTarget(t *testing.T) (s *legacy.Server, exceptions, target string) {
	t.Helper()
	s, err := legacy.ResetsModern("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, exception("tls1.0, rsa_key_exchange", s.Addr()),
		fill(`{url: "https://ADDR/", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}`, "ADDR", s.Addr(), "PIN", s.SPKIPin())
}
