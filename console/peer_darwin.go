package console

import "golang.org/x/sys/unix"

// peerID returns the user ID of who opened the socket (LOCAL_PEERCRED, unix(4)).
func peerID(fd int) (uint32, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}
