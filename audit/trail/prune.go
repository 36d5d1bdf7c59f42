package trail

import (
	"fmt"
	"os"
	"strings"
	"time"

	"twohop/internal/durable"
)

// Expired returns the complete segments at the beginning of the log whose lines are all
// older than a time, and the index of the line after them. A line from below is held
// back, for whoever has not read it yet; a negative one holds nothing.
func (l Log) Expired(before time.Time, below int64) ([]Segment, int64, error) {
	segments, err := l.Segments()
	if err != nil {
		return nil, 0, err
	}
	for i := range segments {
		if i == len(segments)-1 || below >= 0 && segments[i+1].first > below {
			return segments[:i], segments[i].first, nil
		}
		next := segments[i+1].head() // written after the last line of this one
		if next == nil || !time.UnixMilli(next.Time).Before(before) {
			return segments[:i], segments[i].first, nil
		}
	}
	return nil, 0, nil
}

// Pruned returns the line that must be on stable storage, and signed for, before the lines
// below end are removed: without it Verify finds them missing. user is who asked. It is
// safe for concurrent use.
func (w *Writer) Pruned(end int64, user string) []byte {
	return w.entry(w.o.Now(), fmt.Sprintf("the lines before line %d are removed for %s", end, user), own{Kind: kindPruned, Before: end, User: user})
}

// Remove deletes the files of segments, but for their seals.
func (l Log) Remove(segments []Segment) error {
	entries, err := os.ReadDir(l.Dir)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	for _, s := range segments {
		for _, e := range entries {
			if name := e.Name(); strings.HasPrefix(name, base(s.first)) && name != base(s.first)+sealExt {
				if err := os.Remove(l.file(name)); err != nil {
					return fmt.Errorf("audit: %w", err)
				}
			}
		}
	}
	return durable.SyncDir(l.Dir)
}
