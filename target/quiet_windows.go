package target

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// wsaPoll is not in x/sys/windows.
var wsaPoll = windows.NewLazySystemDLL("ws2_32.dll").NewProc("WSAPoll")

// pollRead is POLLRDNORM | POLLRDBAND of winsock2.h.
const pollRead = 0x0300

// quiet reports whether the target has neither closed an unused connection nor sent
// anything over it, which would be taken for the answer to the next call. It asks the
// system without waiting.
func (c *conn) quiet() bool {
	if c.over || c.in.Buffered() > 0 {
		return false
	}
	if c.socket == nil {
		return true
	}
	quiet := false
	err := c.socket.Control(func(fd uintptr) {
		poll := struct {
			fd              uintptr
			events, revents int16
		}{fd: fd, events: pollRead}
		n, _, _ := wsaPoll.Call(uintptr(unsafe.Pointer(&poll)), 1, 0)
		quiet = n == 0
	})
	return quiet && err == nil
}
