//go:build unix

package trail

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the lock, which ends with the process or when f is closed.
func lockFile(f *os.File) (held bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
