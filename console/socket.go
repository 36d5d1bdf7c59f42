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

// Listen opens the Unix socket at path for its owner alone (mode 0600), from its first
// moment on Linux; elsewhere the directory, which is made for its owner alone when it
// is missing, covers the moment until the mode is set. A socket that a broker left
// behind when it died is replaced; one at which somebody listens is an error.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := sweep(path); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: private}
	l, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w (a socket's path may have about 100 bytes; admin.socket sets it)", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// sweep removes a socket at which nobody listens. Anything else that is there stays.
func sweep(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s is there and is not a socket; set another admin.socket", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("another broker answers on %s; stop it or set another admin.socket", path)
	case !nobodyListens(err): // its queue is full, or it is another user's
		return fmt.Errorf("another broker may listen on %s (%w); stop it or set another admin.socket", path, err)
	}
	return os.Remove(path)
}

// Client returns an HTTP client that reaches the broker whose socket is at path,
// whatever the host in the URL.
func Client(path string) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, "unix", path)
			if errors.Is(err, os.ErrNotExist) || err != nil && nobodyListens(err) {
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
