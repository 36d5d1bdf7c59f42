package sink

import (
	"math"
	"os"
	"slices"
	"testing"
	"time"
)

func TestUnshipped(t *testing.T) {
	w := newLog(t)
	w.add(800)
	dir, end := w.Dir, w.Durable()
	for name, next := range map[string]int64{"siem": 700, "otel": 90, "gone": 3, "whole": end, "beyond": end + 1} {
		if err := (cursor{"twohop/test/log-1", next, time.Now()}).write(dir, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := (cursor{"twohop/other/log-1", 700, time.Now()}).write(dir, "other"); err != nil {
		t.Fatal(err)
	}
	if got := Cursors(dir); !slices.Equal(got, []string{"beyond", "gone", "otel", "other", "siem", "whole"}) {
		t.Errorf("there are cursors of %v", got)
	}
	if err := os.WriteFile(cursorFile(dir, "damaged"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		sinks  []string
		lowest int64
		sink   string
	}{
		{"no sinks", nil, math.MaxInt64, ""},
		{"the slowest counts", []string{"siem", "otel"}, 90, "otel"},
		{"one that is no longer configured does not", []string{"siem"}, 700, "siem"},
		{"one that has never shipped has shipped nothing", []string{"siem", "new"}, 0, "new"},
		{"nor has one whose cursor is damaged", []string{"damaged", "otel"}, 0, "damaged"},
		{"one that has all of it", []string{"whole"}, end, "whole"},
		{"nor has one whose cursor is beyond the end", []string{"siem", "beyond"}, 0, "beyond"},
		{"nor has one whose cursor is of another log", []string{"siem", "other"}, 0, "other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if lowest, sink := Unshipped(w.Log, c.sinks); lowest != c.lowest || sink != c.sink {
				t.Errorf("got %d, %q", lowest, sink)
			}
		})
	}
}

func TestACursorThatCannotBeKeptIsAFailure(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(cursorFile(dir, "test")+"/x", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := (cursor{"o", 1, time.Now()}).write(dir, "test"); err == nil {
		t.Error("no error")
	}
}
