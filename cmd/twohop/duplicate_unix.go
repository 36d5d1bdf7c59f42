//go:build unix

package main

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// duplicate returns a further descriptor of a listening socket. The listener's own File
// would be made blocking when it is handed to a process, and with it the socket, which
// this process goes on to use: an accept would then wait in the kernel, and nothing could
// end it.
func duplicate(l net.Listener) (*os.File, error) {
	c, ok := l.(syscall.Conn)
	if !ok {
		return nil, errors.New("the socket has no descriptor")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	if outer := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); outer != nil {
		return nil, outer
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), l.Addr().String()), nil
}
