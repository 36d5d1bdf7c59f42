package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"twohop/audit/trail"
	"twohop/internal/durable"
)

// cursor is the file that says where a sink has got to in a log.
type cursor struct {
	Origin string    `json:"origin"`
	Next   int64     `json:"next"` // index of the first line that may not have been delivered
	Time   time.Time `json:"time"` // when it was written
}

// cursorFile returns the name of the file; sink is a name of routes.yaml, which holds
// nothing that a file name cannot.
func cursorFile(dir, sink string) string { return filepath.Join(dir, "cursor-"+sink+".json") }

// TryLock takes the lock of a sink's cursor in l, which lasts until the file is closed. It
// returns trail.ErrHeld while a shipper has it.
func TryLock(l trail.Log, sink string) (*os.File, error) {
	return trail.TryLock(filepath.Join(l.Dir, "cursor-"+sink+".lock"))
}

// originOf returns the name of a log, which all its segments have.
func originOf(l trail.Log) (string, error) {
	segments, err := l.Segments()
	if err != nil {
		return "", err
	}
	for _, s := range segments {
		for line, err := range s.Lines() {
			if err != nil {
				return "", err
			}
			return fieldsOf(line.Text).Log, nil
		}
	}
	return "", fmt.Errorf("audit: %s has no lines", l.Dir)
}

// endOf returns the index of the line after the last one.
func endOf(l trail.Log) (end int64, err error) {
	segments, err := l.Segments()
	if err != nil || len(segments) == 0 {
		return 0, err
	}
	last := segments[len(segments)-1]
	end = last.First()
	for _, err := range last.Lines() {
		if err != nil {
			return 0, err
		}
		end++
	}
	return end, nil
}

var errNoCursor = errors.New("there is no cursor")

// readCursor returns errNoCursor where nothing was ever shipped.
func readCursor(dir, sink string) (c cursor, err error) {
	file := cursorFile(dir, sink)
	data, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, errNoCursor
	case err != nil:
		return c, fmt.Errorf("audit: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil || c.Next < 0 {
		return cursor{}, fmt.Errorf("audit: %s is damaged", file)
	}
	return c, nil
}

func (c cursor) write(dir, sink string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := durable.WriteFile(cursorFile(dir, sink), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("audit: the cursor of the sink %s cannot be kept: %w", sink, err)
	}
	return nil
}

// usable returns why the cursor cannot be that of a log, nil when it can. end is the line
// after the log's last.
func (c cursor) usable(origin string, end int64) error {
	switch {
	case c.Origin != origin:
		return fmt.Errorf("the cursor is of the log %s", c.Origin)
	case c.Next > end:
		return fmt.Errorf("the cursor is at line %d and the log has %d", c.Next, end)
	}
	return nil
}

// Unshipped returns the index of the first line of l that one of sinks may not have
// delivered, and which; math.MaxInt64 and "" when there are no sinks. A sink without a
// cursor of use has delivered nothing.
func Unshipped(l trail.Log, sinks []string) (lowest int64, sink string) {
	lowest = math.MaxInt64
	if len(sinks) == 0 {
		return lowest, ""
	}
	origin, err := originOf(l)
	var end int64
	if err == nil {
		end, err = endOf(l)
	}
	for _, name := range sinks {
		c, failed := readCursor(l.Dir, name)
		if err != nil || failed != nil || c.usable(origin, end) != nil {
			c.Next = 0
		}
		if c.Next < lowest {
			lowest, sink = c.Next, name
		}
	}
	return lowest, sink
}

// Cursors returns the names of the sinks that have a cursor in dir, whether they are
// still configured or not.
func Cursors(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // one that cannot be read cannot be pruned either
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			if name, ok = strings.CutPrefix(name, "cursor-"); ok {
				names = append(names, name)
			}
		}
	}
	return names
}
