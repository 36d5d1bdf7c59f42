//go:build unix

package target

import "golang.org/x/sys/unix"

// quiet reports whether the target has neither closed an unused connection nor sent
// anything over it, which would be taken for the answer to the next call. It asks the
// kernel without waiting.
func (c *conn) quiet() bool {
	if c.over || c.in.Buffered() > 0 {
		return false
	}
	if c.socket == nil {
		return true
	}
	var one [1]byte
	quiet := false
	err := c.socket.Read(func(fd uintptr) bool {
		_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK)
		quiet = err == unix.EAGAIN
		return true
	})
	return quiet && err == nil
}
