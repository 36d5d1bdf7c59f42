//go:build !windows

package target

import "syscall"

// What the system calls a port that nobody listens on, and an address that is not its own.
const (
	refused        = syscall.ECONNREFUSED
	noLocalAddress = syscall.EADDRNOTAVAIL
)
