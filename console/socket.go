package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Listen opens the Unix socket at path for its owner alone (mode 0600). A socket that
// a broker left behind when it died is replaced; one that still answers is an error.
func Listen(path string) (net.Listener, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("another broker answers on %s; stop it or set another admin.socket", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w (a socket's path may have about 100 bytes; admin.socket sets it)", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Client returns an HTTP client that reaches the broker whose socket is at path,
// whatever the host in the URL.
func Client(path string) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, "unix", path)
			if errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("no broker runs with the socket %s", path)
			}
			return c, err
		},
	}}
}

type userKey struct{}

// WithUser is an http.Server.ConnContext that remembers the OS user at the other end
// of a Unix socket.
func WithUser(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, userKey{}, peerUser(c))
}

// User returns the OS user whom WithUser found, or "unknown".
func User(r *http.Request) string {
	if name, _ := r.Context().Value(userKey{}).(string); name != "" {
		return name
	}
	return "unknown"
}
