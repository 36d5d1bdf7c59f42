package balance

import "time"

// window counts the failed calls among all since the first one that failed, for at most
// its span; then it begins anew.
type window struct {
	start    time.Time
	calls    int64 // of the endpoint when it began
	failures int64
}

// add counts a failed call, the latest of calls, and returns the counts of the window.
func (w *window) add(now time.Time, span time.Duration, calls int64) (failed, all int64) {
	if w.start.IsZero() || now.Sub(w.start) >= span {
		*w = window{start: now, calls: calls - 1}
	}
	w.failures++
	return w.failures, calls - w.calls
}

// tally counts what happened in this minute and the last.
type tally struct {
	minute        int64
	current, last int64
}

func (t *tally) add(now time.Time) {
	t.count(now)
	t.current++
}

func (t *tally) count(now time.Time) int64 {
	switch m := now.Unix() / 60; {
	case m == t.minute:
	case m == t.minute+1:
		t.minute, t.current, t.last = m, 0, t.current
	default:
		t.minute, t.current, t.last = m, 0, 0
	}
	return t.current + t.last
}
