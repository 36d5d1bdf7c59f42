package durable

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Sync returns once the data written to f is on stable storage. It leaves out
// metadata that is not needed to read the data back (fdatasync, POSIX.1).
func Sync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("durable: fdatasync %s: %w", f.Name(), err)
		}
	}
}
