package target

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// wsaPoll is not in x/sys/windows.
var wsaPoll = windows.NewLazySystemDLL("ws2_32.dll").NewProc("WSAPoll")

// pollRead is POLLRDNORM | POLLRDBAND of winsock2.h.
const pollRead = 0x0300

// silent reports whether nothing more came over the socket, not its end either. It asks the
// system without waiting.
func (c *conn) silent() bool {
	if c.socket == nil {
		return true
	}
	silent := false
	err := c.socket.Control(func(fd uintptr) {
		poll := struct {
			fd              uintptr
			events, revents int16
		}{fd: fd, events: pollRead}
		n, _, _ := wsaPoll.Call(uintptr(unsafe.Pointer(&poll)), 1, 0)
		silent = n == 0
	})
	return silent && err == nil
}
