package console

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// private gives the socket its mode before it has a name: bind takes the mode of the
// socket's own inode, less the umask (net/unix/af_unix.c).
func private(_, _ string, c syscall.RawConn) error {
	var err error
	if outer := c.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), 0o600) }); outer != nil {
		return outer
	}
	return err
}
