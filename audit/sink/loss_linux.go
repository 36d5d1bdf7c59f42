package sink

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// noticeLoss makes a connection fail when what was sent stays unacknowledged
// (TCP_USER_TIMEOUT, tcp(7)); the system's own limit is about a quarter of an hour.
func noticeLoss(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(writeWithin.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}

// unacknowledged returns the bytes that were written and that the other system has not
// acknowledged (SIOCOUTQ, tcp(7)).
func (c *counted) unacknowledged() (n int64) {
	raw, err := c.SyscallConn()
	if err != nil {
		return c.written.Load() // closed
	}
	err = raw.Control(func(fd uintptr) {
		bytes, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		if n = int64(bytes); err != nil {
			n = c.written.Load()
		}
	})
	if err != nil {
		return c.written.Load()
	}
	return n
}
