package balance

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
)

// cluster is a target with all its endpoints. It is safe for concurrent use.
type cluster struct {
	Config
	now       func() time.Time
	random    func() float64
	endpoints []*endpoint
	circuit   *circuit // nil for none
	budget    budget
	turn      atomic.Uint64
	users     int // groups; guarded by the pool

	mu sync.Mutex // one ejection at a time
}

// settle counts a call that ended at e: with f, nil for an answer.
func (c *cluster) settle(e *endpoint, f *fault.Fault) {
	calls := e.calls.Add(1)
	if f == nil {
		if e.row.Load() != 0 {
			e.row.Store(0)
		}
		return
	}
	row, now := e.row.Add(1), c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e.mu.Lock()
	e.failure(now, f)
	why := c.excess(e, now, row, calls)
	e.mu.Unlock()
	if why == "" || !c.room(now) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.down && e.until.IsZero() {
		e.eject(now, c.Passive, why)
	}
}

// excess says in which way an endpoint has failed too often, "" when it has not; e.mu
// is held.
func (c *cluster) excess(e *endpoint, now time.Time, row, calls int64) string {
	p := c.Passive
	bad, all := e.window.add(now, p.Window, calls)
	switch {
	case len(c.endpoints) == 1 || e.down || !e.until.IsZero():
		return ""
	case p.Failures > 0 && row >= int64(p.Failures):
		return fmt.Sprintf("%d failed calls in a row, the last", row)
	case p.Percent > 0 && all >= int64(p.MinCalls) && bad*100 >= int64(p.Percent)*all:
		return fmt.Sprintf("%d of %d calls failed, the last", bad, all)
	}
	return ""
}

// room reports whether one more endpoint may be ejected.
func (c *cluster) room(now time.Time) bool {
	out := 0
	for _, e := range c.endpoints {
		e.mu.Lock()
		e.refresh(now, c.SlowStart)
		if !e.until.IsZero() {
			out++
		}
		e.mu.Unlock()
	}
	return out < max(1, len(c.endpoints)*c.MaxEjected/100)
}
