//go:build !windows

package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"twohop/internal/fault"
)

// ValidSocket returns nil when path may be a socket's, or else a *fault.Field for
// admin.socket.
func ValidSocket(path string) error {
	if most := len(unix.RawSockaddrUnix{}.Path) - 1; len(path) > most {
		return &fault.Field{Path: "admin.socket", What: fmt.Sprintf("has %d bytes, and a socket's path may have %d", len(path), most), Fix: "set a shorter one, for example /run/twohop/admin.sock"}
	}
	return nil
}

// Listen opens the Unix socket at path for its owner alone (mode 0600), from its first
// moment on Linux; elsewhere the directory, which is made for its owner alone when it
// is missing, covers the moment until the mode is set. A socket that a broker left
// behind when it died is replaced; one at which somebody listens is an error.
func Listen(path string) (net.Listener, error) {
	if err := ValidSocket(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := sweep(path); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: private}
	l, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
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
	case !errors.Is(err, syscall.ECONNREFUSED): // its queue is full, or it is another user's
		return fmt.Errorf("another broker may listen on %s (%w); stop it or set another admin.socket", path, err)
	}
	return os.Remove(path)
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("no broker runs with the socket %s", path)
	}
	return c, err
}
