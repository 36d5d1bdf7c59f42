package target

import "golang.org/x/sys/windows"

// What the system calls a port that nobody listens on, and an address that is not its
// own: Winsock's numbers, which are not those of package syscall.
const (
	refused        = windows.WSAECONNREFUSED
	noLocalAddress = windows.WSAEADDRNOTAVAIL
)
