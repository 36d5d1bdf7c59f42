package audit

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twohop/audit/trail"
)

// aged returns a log with several segments, and a clock that is a year later.
func aged(t *testing.T, c Config) (*Log, *atomic.Int64) {
	t.Helper()
	clock := new(atomic.Int64)
	clock.Store(at.UnixNano())
	c.Dir = t.TempDir() + "/audit"
	c.Options = trail.Options{SegmentBytes: 4 << 10, Now: func() time.Time { return time.Unix(0, clock.Load()) }}
	c.Report = func(err error) { t.Error(err) }
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		clock.Add(int64(time.Hour))
		if err := l.Append(sample()); err != nil {
			t.Fatal(err)
		}
	}
	clock.Add(int64(365 * 24 * time.Hour))
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		keys, err := trail.PublicKeys(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := trail.Verify(l.Trail(), keys, nil); err != nil || len(r.Problems) > 0 {
			t.Errorf("afterwards %+v, %v", r, err)
		}
	})
	return l, clock
}

func segments(t *testing.T, l *Log) []trail.Segment {
	t.Helper()
	s, err := l.Trail().Segments()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRetentionRemovesWholeSegmentsAndRecordsIt(t *testing.T) {
	l, clock := aged(t, Config{})
	before := segments(t, l)
	n, err := l.Prune(time.Unix(0, clock.Load()).Add(-100*24*time.Hour), "alice")
	after := segments(t, l)
	last := before[len(before)-1] // a year old too, and sealed by the record of the pruning
	if err != nil || len(before) < 5 || len(after) != 2 || after[0].First() != last.First() || n != last.First() {
		t.Fatalf("%d lines, %v; %d segments are left of %d", n, err, len(after), len(before))
	}
	said := ""
	for line := range after[1].Lines() {
		if strings.Contains(string(line.Text), `"kind":"pruned"`) {
			said = string(line.Text)
		}
	}
	if !strings.Contains(said, `"user":"alice"`) {
		t.Errorf("the record is %s", said)
	}
	if n, err := l.Prune(time.Unix(0, clock.Load()).Add(-100*24*time.Hour), "alice"); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestWhatIsNotShippedStays(t *testing.T) {
	var held atomic.Int64
	l, clock := aged(t, Config{Held: func(trail.Log) int64 { return held.Load() }})
	s := segments(t, l)
	for i, at := range []int64{0, s[2].First() - 1, s[2].First()} {
		held.Store(at)
		if _, err := l.Prune(time.Unix(0, clock.Load()), "alice"); err != nil {
			t.Fatal(err)
		}
		if got := segments(t, l)[0].First(); got != []int64{0, s[1].First(), s[2].First()}[i] {
			t.Errorf("with line %d held the first is %d", at, got)
		}
	}
}

// TestNothingIsRemovedThatCannotBeRecorded: the record comes first.
func TestNothingIsRemovedThatCannotBeRecorded(t *testing.T) {
	l, clock := aged(t, Config{})
	n := len(segments(t, l))
	write := func([]byte) error { return os.ErrPermission }
	if _, err := prune(l.trail, time.Unix(0, clock.Load()), -1, "alice", write, l.sign); err == nil {
		t.Error("no error")
	}
	if now := len(segments(t, l)); now != n {
		t.Errorf("%d segments of %d are left", now, n)
	}
}

// TestALogThatNobodyWritesIsPrunedToo: what a predecessor left.
func TestALogThatNobodyWritesIsPrunedToo(t *testing.T) {
	l, clock := aged(t, Config{})
	second, err := Open(l.config)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		clock.Add(int64(time.Hour))
		if err := second.Append(sample()); err != nil {
			t.Fatal(err)
		}
	}
	clock.Add(int64(365 * 24 * time.Hour))
	n := len(segments(t, second))
	if _, err := l.Prune(time.Unix(0, clock.Load()), "alice"); err != nil {
		t.Fatal(err)
	}
	if now := len(segments(t, second)); now != n {
		t.Errorf("of a log that a process writes %d of %d segments are left", now, n)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Prune(time.Unix(0, clock.Load()), "alice"); err != nil {
		t.Fatal(err)
	}
	if now := len(segments(t, second)); now >= n {
		t.Errorf("%d of %d segments are left", now, n)
	}
	keys, err := trail.PublicKeys(l.config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := trail.Verify(second.Trail(), keys, nil); err != nil || len(r.Problems) > 0 || r.Pruned == 0 {
		t.Errorf("afterwards %+v, %v", r, err)
	}
}
