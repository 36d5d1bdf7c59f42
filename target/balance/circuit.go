package balance

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"twohop/internal/fault"
)

// circuit refuses calls while a target cannot be reached. The counting is gobreaker's.
//
// While nothing fails, a call costs the load of one atomic: successes matter only
// after a failure, unless a share of them is looked at.
type circuit struct {
	Circuit
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	now     func() time.Time
	tell    func(State, string)
	calm    atomic.Bool // closed, and the last call was good
	refused atomic.Int64
	opened  atomic.Int64
	last    atomic.Pointer[fault.Fault]

	mu    sync.Mutex // guards the rest; taken within gobreaker's own
	state State
	since time.Time
	told  State // the last one told of
}

// permit is a call's leave; nil for a call that nobody counts. It is to be given back once.
type permit func(error)

var (
	errFailed = errors.New("failed")
	errSilent = errors.New("says nothing")
)

// newCircuit returns nil when nothing would ever open it.
func newCircuit(c Circuit, now func() time.Time, tell func(State, string)) *circuit {
	if c.Failures == 0 && c.Percent == 0 {
		return nil
	}
	b := &circuit{Circuit: c, now: now, tell: tell, state: Closed, told: Closed, since: now()}
	settings := gobreaker.Settings{
		MaxRequests:   uint32(c.Probes),
		Timeout:       c.Open,
		ReadyToTrip:   b.excess,
		OnStateChange: b.changed,
		IsExcluded:    func(err error) bool { return err == errSilent },
	}
	if c.Percent > 0 {
		settings.Interval, settings.BucketPeriod = c.Window, c.Window/10
	}
	b.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](settings)
	b.calm.Store(c.Percent == 0)
	return b
}

func (b *circuit) excess(n gobreaker.Counts) bool {
	done := n.TotalSuccesses + n.TotalFailures
	return b.Failures > 0 && n.ConsecutiveFailures >= uint32(b.Failures) ||
		b.Percent > 0 && done >= uint32(b.MinCalls) && n.TotalFailures*100 >= uint32(b.Percent)*done
}

// changed hears of each new state. It tells when the circuit opens and when it closes for
// good, not of each try between: a target may be gone for days.
func (b *circuit) changed(_ string, _, to gobreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = b.now()
	switch to {
	case gobreaker.StateHalfOpen:
		b.state = HalfOpen
		return
	case gobreaker.StateOpen:
		b.state = Open
		b.opened.Add(1)
	case gobreaker.StateClosed:
		b.state = Closed
	}
	if b.state == b.told {
		return
	}
	b.told = b.state
	why := "calls succeed again"
	if b.state == Open {
		why = "calls try again every " + b.Open.String() + ", the last call: " + b.last.Load().Error()
	}
	b.tell(b.state, why)
}

// enter asks for a call. probing tells one of those that try after a while.
func (b *circuit) enter() (p permit, probing bool, refusal *fault.Fault) {
	if b == nil || b.calm.Load() {
		return nil, false, nil
	}
	done, err := b.breaker.Allow()
	state, since := b.look()
	if err == nil {
		return done, state == HalfOpen, nil
	}
	b.refused.Add(1)
	wait := time.Second
	if state == Open {
		wait = max(wait, since.Add(b.Open).Sub(b.now()))
	}
	f := fault.New(fault.TargetCircuitOpen, "the last calls to the target failed, so it is left alone for a moment; why the last one failed: %s", b.last.Load().Cause)
	return nil, false, f.After(wait)
}

func (b *circuit) look() (State, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state, b.since
}

// leave gives p back with the end of the call: f is its fault, nil for an answer that
// counts as good.
func (b *circuit) leave(p permit, v verdict, f *fault.Fault) {
	switch bad := v == unreached || v == failed && b != nil && b.Any; {
	case b == nil:
	case bad:
		b.failed(p, f)
	case p == nil:
	case v == silent:
		p(errSilent)
	default:
		p(nil)
		if state, _ := b.look(); b.Percent == 0 && state == Closed && b.breaker.Counts().ConsecutiveFailures == 0 {
			b.calm.Store(true)
		}
	}
}

func (b *circuit) failed(p permit, f *fault.Fault) {
	b.last.Store(f)
	b.calm.Store(false)
	if p == nil {
		done, err := b.breaker.Allow()
		if err != nil {
			return // it is open already
		}
		p = done
	}
	p(errFailed)
}
