package trail

import (
	"errors"
	"os"
)

// Held reports whether a process writes the log. It leaves a log that was never written,
// or a copy without the lock's file, as it is.
func (l Log) Held() bool {
	if _, err := os.Stat(l.file("lock")); err != nil {
		return false
	}
	f, err := l.TryLock()
	if err == nil {
		f.Close()
	}
	return errors.Is(err, ErrHeld)
}
