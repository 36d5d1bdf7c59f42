package console

import "golang.org/x/sys/unix"

// peerID returns the user ID of who opened the socket (SO_PEERCRED, unix(7)).
func peerID(fd int) (uint32, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}
