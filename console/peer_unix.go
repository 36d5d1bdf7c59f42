//go:build !windows

package console

import (
	"net"
	"os/user"
	"strconv"
)

// peerUser asks the kernel who opened the socket.
func peerUser(c net.Conn) string {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return ""
	}
	var id uint32
	if raw.Control(func(fd uintptr) { id, err = peerID(int(fd)) }) != nil || err != nil {
		return ""
	}
	uid := strconv.FormatUint(uint64(id), 10)
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return "uid " + uid
}
