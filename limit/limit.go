// Package limit bounds how much a caller may call: a rate with a burst
// (golang.org/x/time/rate) and a number of calls at the same time.
package limit

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Config is what a limiter allows.
type Config struct {
	PerSecond  float64 // calls per second; 0 for no limit
	Burst      int     // calls at once; 0 for one second's worth, at least 1
	Concurrent int     // calls at the same time; 0 for no limit
}

func (c Config) burst() int {
	if c.Burst > 0 {
		return c.Burst
	}
	return max(1, int(math.Ceil(c.PerSecond)))
}

// Limiter is the state of one caller on one route. It is safe for concurrent use.
type Limiter struct {
	tokens  *rate.Limiter
	limited atomic.Bool
	most    atomic.Int64
	running atomic.Int64
}

// Verdict is what a limiter says of a call.
type Verdict int

const (
	Allowed  Verdict = iota
	OverRate         // the rate is used up
	Busy             // too many calls are running
)

// Acquire asks for one call. When it is Allowed the caller must Release it after
// the call; otherwise wait is how long to wait before the next try, 0 when unknown.
func (l *Limiter) Acquire(now time.Time) (v Verdict, wait time.Duration) {
	for {
		running, most := l.running.Load(), l.most.Load()
		if most > 0 && running >= most {
			return Busy, 0
		}
		if l.running.CompareAndSwap(running, running+1) {
			break
		}
	}
	if !l.limited.Load() {
		return Allowed, 0
	}
	r := l.tokens.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		l.running.Add(-1)
		return OverRate, wait
	}
	return Allowed, 0
}

// Release ends a call that was Allowed.
func (l *Limiter) Release() { l.running.Add(-1) }

func (l *Limiter) set(c Config, now time.Time) {
	l.most.Store(int64(c.Concurrent))
	l.limited.Store(c.PerSecond > 0)
	if c.PerSecond > 0 {
		l.tokens.SetLimitAt(now, rate.Limit(c.PerSecond))
		l.tokens.SetBurstAt(now, c.burst())
	}
}

// Key names a limiter: a route, or one operation of its service, and a caller unless the
// callers share one.
type Key struct{ Route, Operation, Caller string }

// Store keeps limiters over reloads, so that a new configuration does not hand out
// fresh tokens. It is safe for concurrent use.
type Store struct {
	mu       sync.Mutex
	limiters map[Key]*Limiter
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{limiters: map[Key]*Limiter{}} }

// Plan is the limiters of one configuration. Nothing changes until it is applied.
type Plan struct {
	store *Store
	want  map[Key]Config
	found map[Key]*Limiter
}

// Plan begins a configuration.
func (s *Store) Plan() *Plan {
	return &Plan{s, map[Key]Config{}, map[Key]*Limiter{}}
}

// Limiter returns the limiter for k, which c governs once the plan is applied; its
// tokens and running calls are those of the configuration before.
func (p *Plan) Limiter(k Key, c Config) *Limiter {
	p.want[k] = c
	if l := p.found[k]; l != nil {
		return l
	}
	p.store.mu.Lock()
	l := p.store.limiters[k]
	p.store.mu.Unlock()
	if l == nil {
		l = &Limiter{tokens: rate.NewLimiter(rate.Limit(c.PerSecond), c.burst())}
	}
	p.found[k] = l
	return l
}

// Apply puts the plan in force: limits change, and limiters that it does not name
// are let go.
func (p *Plan) Apply(now time.Time) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	p.store.limiters = p.found
	for k, c := range p.want {
		p.found[k].set(c, now)
	}
}
