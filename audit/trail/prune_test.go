package trail

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestPrunedSegmentsBreakNothing(t *testing.T) {
	f := filled(t, 600, true)
	kept := f.verify()
	w := f.open()
	before := f.segments()
	middle := before[3].head()
	expired, end, err := w.Expired(time.UnixMilli(middle.Time).Add(time.Millisecond), -1)
	if err != nil || len(expired) != 3 || end != before[3].first {
		t.Fatalf("%d segments have expired up to %d, %v", len(expired), end, err)
	}
	for _, below := range []int64{before[1].first, before[2].first - 1} {
		if held, end, err := w.Expired(f.clock.t.Add(time.Hour), below); err != nil || len(held) != 1 || end != before[1].first {
			t.Errorf("with line %d held back: %d segments, up to %d, %v", below, len(held), end, err)
		}
	}
	if err := w.Append(w.Pruned(end, "root")); err != nil {
		t.Fatal(err)
	}
	if err := w.Remove(expired); err != nil {
		t.Fatal(err)
	}
	f.write(w, 100)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := f.verify(kept.Last)
	if len(r.Problems) > 0 || r.Pruned != end || r.Proven != kept.Signed || r.Keys != kept.Keys+r.Segments-(kept.Segments-3) {
		t.Errorf("got %+v", r)
	}
	for _, s := range expired {
		for _, ext := range []string{zstdExt, leavesExt} {
			if _, err := os.Stat(s.Beside(ext)); err == nil {
				t.Errorf("%s is still there", s.Beside(ext))
			}
		}
	}
	t.Run("a segment beyond what was pruned is missed", func(t *testing.T) {
		remove(t, f.segments()[0].Path())
		if r := f.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "no record says") {
			t.Errorf("got %v", r.Problems)
		}
	})
}

func TestTheLastSegmentNeverExpires(t *testing.T) {
	f := filled(t, 300, true)
	s := f.segments()
	expired, end, err := f.log().Expired(f.clock.t.Add(1000*time.Hour), -1)
	if err != nil || len(expired) != len(s)-1 || end != s[len(s)-1].first {
		t.Errorf("%d of %d, up to %d, %v", len(expired), len(s), end, err)
	}
	if expired, _, err := f.log().Expired(f.clock.t.Add(-1000*time.Hour), -1); err != nil || len(expired) != 0 {
		t.Errorf("%d have expired, %v", len(expired), err)
	}
}
