package balance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
)

// checks is the part of an endpoint that looks at it from time to time.
type checks struct {
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
	done   sync.WaitGroup
	ends   atomic.Pointer[time.Time] // of the exception; zero for never
	failed atomic.Int64
	made   atomic.Int64
}

// start begins the checks, once, and says how long they are allowed.
func (e *endpoint) start(ends time.Time) {
	e.checks.ends.Store(&ends)
	if e.active != nil {
		e.checks.once.Do(func() { e.checks.done.Go(e.check) })
	}
}

// stop ends the checks and waits for the one that is being made.
func (e *endpoint) stop() {
	e.checks.cancel()
	e.checks.done.Wait()
}

// check looks at the endpoint until stop. The pauses vary a little, so that brokers and
// endpoints do not fall into step.
func (e *endpoint) check() {
	var bad, good int
	pause := time.Duration(rand.Float64() * float64(min(e.active.Interval, time.Second)))
	for {
		select {
		case <-e.checks.ctx.Done():
			return
		case <-time.After(pause):
		}
		if e.permitted() {
			if f := e.once(); f == nil {
				good, bad = good+1, 0
			} else if e.checks.ctx.Err() == nil {
				good, bad = 0, bad+1
				e.checkFailed(f)
			}
			e.conclude(good, bad)
		}
		pause = time.Duration(float64(e.active.Interval) * (0.9 + 0.2*rand.Float64()))
	}
}

// permitted reports whether the exception, if there is one, still holds.
func (e *endpoint) permitted() bool {
	ends := *e.checks.ends.Load()
	return ends.IsZero() || e.now().Before(ends)
}

func (e *endpoint) once() *fault.Fault {
	ctx, cancel := context.WithTimeout(e.checks.ctx, e.active.Timeout)
	defer cancel()
	e.checks.made.Add(1)
	if err := e.checker.Check(ctx, e.active.Check); err != nil {
		return asFault(err)
	}
	return nil
}

func (e *endpoint) checkFailed(f *fault.Fault) {
	e.checks.failed.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last, e.lastAt = f, e.now()
}

// conclude changes the state after so many checks of one kind in a row.
func (e *endpoint) conclude(good, bad int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch now := e.now(); {
	case !e.down && bad >= e.active.UnhealthyAfter:
		e.down = true
		e.change(now, Down, fmt.Sprintf("after %d failed checks in a row, the last: %v", bad, e.last))
	case e.down && good >= e.active.HealthyAfter:
		e.down, e.until = false, time.Time{}
		e.row.Store(0)
		e.change(now, Up, fmt.Sprintf("after %d good checks in a row", good))
	}
}
