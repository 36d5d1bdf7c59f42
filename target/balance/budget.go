package balance

import (
	"sync"
	"sync/atomic"
	"time"
)

// budget bounds how many calls are sent to a second endpoint, so that a target that
// fails does not get twice the calls.
type budget struct {
	calls   atomic.Int64 // ever
	retries atomic.Int64 // granted, ever
	denied  atomic.Int64

	mu             sync.Mutex
	start          time.Time // of the span that is counted
	callsBefore    int64     // calls when it began
	spent          int64     // in it
	lastCalls      int64     // in the span before
	spentInTheLast int64
}

const (
	budgetSpan  = 10 * time.Second
	budgetShare = 5  // one retry for so many calls
	budgetFloor = 10 // retries in a span that are free
)

// take asks for one retry: one for each five calls of the last ten seconds, and ten more.
func (b *budget) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := b.calls.Load()
	since := now.Sub(b.start)
	if since >= budgetSpan {
		// Nobody looked when the span was over; its calls are taken to be spread evenly.
		b.lastCalls = int64(float64(calls-b.callsBefore) * float64(budgetSpan) / float64(since))
		b.spentInTheLast = 0
		if since < 2*budgetSpan {
			b.spentInTheLast = b.spent
		}
		b.start, b.callsBefore, b.spent, since = now, calls, 0, 0
	}
	left := 1 - float64(since)/float64(budgetSpan) // of the span before, in the last ten seconds
	recent := float64(calls-b.callsBefore) + left*float64(b.lastCalls)
	spent := float64(b.spent) + left*float64(b.spentInTheLast)
	if spent+1 > budgetFloor+recent/budgetShare {
		b.denied.Add(1)
		return false
	}
	b.spent++
	b.retries.Add(1)
	return true
}
