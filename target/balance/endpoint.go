package balance

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
	"twohop/target"
)

// endpoint is the state of one endpoint: whether it gets calls and why. Clusters of one
// target share it, so that it survives a reload. It is safe for concurrent use.
type endpoint struct {
	owner   string // name of the target
	address string // host:port
	host    string // for the Host header
	tell    func(Event)
	now     func() time.Time
	users   int // clusters; guarded by the pool

	running atomic.Int64 // calls
	calls   atomic.Int64 // that ended, and say something
	row     atomic.Int64 // failed calls in a row
	plain   atomic.Bool  // gets its full share: there is nothing to look at under mu

	mu       sync.Mutex
	down     bool          // by checks
	until    time.Time     // end of the ejection; zero when there is none
	lasted   time.Duration // the last ejection
	returned time.Time     // from it
	back     time.Time     // since when the share grows again; zero when it is full
	since    time.Time     // of the state
	why      string
	window   window
	failures int64
	ejected  int64 // times
	recent   tally
	last     *fault.Fault // failed call or check
	lastAt   time.Time

	checker *target.Target
	active  *Active // nil for no checks
	checks  checks
}

func newEndpoint(c Config, i int, checker *target.Target, p *Pool) *endpoint {
	e := &endpoint{owner: c.Name, address: c.Endpoints[i].Host, host: c.Endpoints[i].URLHost, tell: p.events.add, now: p.now,
		since: p.now(), checker: checker}
	if c.Active != nil {
		active := *c.Active
		active.Host = e.host
		e.active = &active
	}
	e.checks.ctx, e.checks.cancel = context.WithCancel(context.Background())
	e.plain.Store(true)
	return e
}

// weight returns the endpoint's share of the calls: 0 for none, 1 for the full one.
func (e *endpoint) weight(now time.Time, slowStart time.Duration) float64 {
	if e.plain.Load() {
		return 1
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refresh(now, slowStart)
	switch {
	case e.down || !e.until.IsZero():
		return 0
	case e.back.IsZero():
		return 1
	}
	return max(leastShare, float64(now.Sub(e.back))/float64(slowStart))
}

// leastShare is what an endpoint that has just come back gets.
const leastShare = 0.05

// refresh does what time alone brings; e.mu is held.
func (e *endpoint) refresh(now time.Time, slowStart time.Duration) {
	if !e.until.IsZero() && !now.Before(e.until) {
		e.returned, e.until = e.until, time.Time{}
		e.row.Store(0)
		e.window = window{}
		if !e.down {
			e.change(now, Up, "its ejection is over")
		}
	}
	if !e.back.IsZero() && now.Sub(e.back) >= slowStart {
		e.back = time.Time{}
	}
	e.plain.Store(!e.down && e.until.IsZero() && e.back.IsZero())
}

// change notes a new state and tells of it; e.mu is held.
func (e *endpoint) change(now time.Time, state State, why string) {
	e.since, e.why, e.back = now, why, time.Time{}
	if state == Up {
		e.back = now
	}
	e.plain.Store(false)
	e.tell(Event{Time: now, Target: e.owner, Endpoint: e.address, State: state, Why: why})
}

// failure counts a failed call; e.mu is held.
func (e *endpoint) failure(now time.Time, f *fault.Fault) {
	e.failures++
	e.recent.add(now)
	e.last, e.lastAt = f, now
}

// eject takes the endpoint out for a time that grows when it fails again soon after the
// last one; e.mu is held.
func (e *endpoint) eject(now time.Time, p Passive, why string) {
	last := p.Ejection
	if e.lasted > 0 && now.Sub(e.returned) < e.lasted+p.Window {
		last = min(2*e.lasted, p.MaxEjection)
	}
	e.lasted, e.until = last, now.Add(last)
	e.ejected++
	e.change(now, Ejected, fmt.Sprintf("for %v after %s: %v", last, why, e.last))
}

// state returns what the endpoint is in; e.mu is held.
func (e *endpoint) state() State {
	switch {
	case e.down:
		return Down
	case !e.until.IsZero():
		return Ejected
	case !e.back.IsZero():
		return Warming
	}
	return Up
}
