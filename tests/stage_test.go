//go:build linux

package tests

import (
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
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
