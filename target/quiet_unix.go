//go:build unix

package target

import "golang.org/x/sys/unix"

// silent reports whether nothing more came over the socket, not its end either. It asks the
// kernel without waiting.
func (c *conn) silent() bool {
	if c.socket == nil {
		return true
	}
	var one [1]byte
	silent := false
	err := c.socket.Read(func(fd uintptr) bool {
		_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK)
		silent = err == unix.EAGAIN
		return true
	})
	return silent && err == nil
}
