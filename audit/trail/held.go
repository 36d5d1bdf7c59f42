package trail

import (
	"errors"
	"io/fs"
	"os"
)

// Held reports whether a process writes the log. It leaves a log that was never written,
// or a copy without the lock's file, as it is. It is false also where it cannot be told:
// see MayProbe.
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

// MayProbe reports whether this user may open the lock, so that Held can tell.
func (l Log) MayProbe() bool {
	f, err := os.OpenFile(l.file("lock"), os.O_RDWR, 0)
	if err == nil {
		f.Close()
	}
	return !errors.Is(err, fs.ErrPermission)
}
