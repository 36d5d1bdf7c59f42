//go:build linux

package peers

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"
)

// socket is a listening socket on its way to another process.
type socket struct {
	addr string
	file *os.File
}

// handover opens a listening loopback socket that a program can inherit.
func handover(t testing.TB) socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	defer l.Close() // the file below is a descriptor of its own
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	return socket{l.Addr().String(), file}
}

// given lets go of our descriptor once the program has its own. os/exec has made the
// socket blocking, which an event loop does not expect: that is undone first.
func (s socket) given(t testing.TB) {
	t.Helper()
	if err := syscall.SetNonblock(int(s.file.Fd()), true); err != nil {
		t.Fatalf("peers: %v", err)
	}
	s.file.Close()
}

// answering dials and returns a connection on which one HTTP request was answered.
func answering(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := dialTo(addr)(ctx)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: ready\r\n\r\n")); err == nil {
		_, err = http.ReadResponse(bufio.NewReader(conn), nil)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// SocketActivate returns the path of systemd-socket-activate(1), which starts a program
// as systemd does, with sockets that it has opened.
func SocketActivate(t testing.TB) string { return need(t, "systemd-socket-activate") }
