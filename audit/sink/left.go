package sink

import (
	"errors"
	"fmt"
	"os"

	"twohop/audit/trail"
)

// Left returns what the sink called name has not got of a log whose process has ended.
// There is nothing when another process ships it, and when all was delivered. What it
// returns is on stable storage.
func Left(l trail.Log, name string) (left Log, any bool, err error) {
	lock, err := TryLock(l, name)
	if errors.Is(err, trail.ErrHeld) {
		return Log{}, false, nil
	}
	if err != nil {
		return Log{}, false, err
	}
	defer lock.Close()
	segments, err := l.Segments()
	if err != nil || len(segments) == 0 {
		return Log{}, false, err
	}
	end, err := endOf(l)
	if err != nil {
		return Log{}, false, err
	}
	origin, err := originOf(l)
	if err != nil {
		return Log{}, false, err
	}
	if c, err := readCursor(l.Dir, name); err == nil && c.Origin == origin && c.Next == end {
		return Log{}, false, nil
	}
	if err := onDisk(segments[len(segments)-1].Path()); err != nil {
		return Log{}, false, err
	}
	return Log{Log: l, End: func() int64 { return end }, Ended: true}, true, nil
}

// onDisk sees to it that lines are not shipped that a power loss takes back: a process may
// have ended before it had them synced.
func onDisk(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0) // Windows syncs no file that is open for reading alone
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("audit: fsync %s: %w", name, err)
	}
	return nil
}
