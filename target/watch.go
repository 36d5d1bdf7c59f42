package target

import (
	"sync"
	"time"

	"twohop/internal/fault"
)

// phase is how far a call has come; each has a time limit of its own.
type phase int

const (
	connecting phase = iota // a connection, new or free
	waiting                 // for the head of the answer
	receiving               // the next part of the request body from the caller
	sending                 // it to the target
	answering               // for the next part of the answer's body
	resting                 // until the caller of Do asks for that part: no limit
	upgraded                // for anything over a connection that changed its protocol
	ended
)

// watch aborts a call that stays in one phase for too long. Phases change for every
// part of a body, so the timer is let run and looks at the time that is due only when
// it fires; a limit is never taken for over while progress is being reported.
type watch struct {
	limits Limits
	abort  func(error)
	end    time.Time // of the whole call; zero for no limit

	mu    sync.Mutex
	phase phase
	due   time.Time // end of the phase's limit; zero for none
	timer *time.Timer
	fires time.Time // when the timer does; zero when it is not set
}

func (w *watch) start(l Limits, abort func(error)) {
	w.limits, w.abort = l, abort
	if l.Total > 0 {
		w.end = time.Now().Add(l.Total)
	}
	w.enter(connecting)
}

// enter starts the limit of phase p anew. Once the target answers, what moves of the
// request counts as progress of the answer.
func (w *watch) enter(p phase) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.phase == ended, w.phase == resting && p < answering:
		return
	case w.phase == answering && p < answering:
		p = answering
	}
	w.phase, w.due = p, w.end
	limit := w.limits.Idle
	switch p {
	case connecting, waiting:
		limit = w.limits.FirstByte
	case resting:
		limit = 0
	}
	if limit > 0 {
		if due := time.Now().Add(limit); w.end.IsZero() || due.Before(w.end) {
			w.due = due
		}
	}
	if !w.due.IsZero() {
		w.set()
	}
}

// set makes the timer fire when the limit is over, or earlier; w.mu is held.
func (w *watch) set() {
	if !w.fires.IsZero() && !w.due.Before(w.fires) {
		return // it will fire before, and be set again
	}
	w.fires = w.due
	if w.timer == nil {
		w.timer = time.AfterFunc(time.Until(w.due), w.expire)
		return
	}
	w.timer.Reset(time.Until(w.due))
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase = ended
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fires = time.Time{}
	switch {
	case w.phase == ended || w.due.IsZero():
	case time.Now().Before(w.due):
		w.set()
	default:
		w.abort(w.late())
	}
}

// late says whose limit is over.
func (w *watch) late() *fault.Fault {
	if !w.end.IsZero() && !time.Now().Before(w.end) {
		return fault.New(fault.TotalTime, "the call was not finished within %v", w.limits.Total)
	}
	switch w.phase {
	case connecting:
		return fault.New(fault.TargetConnectTime, "no connection to the target came about, or became free, within %v; nothing was sent", w.limits.FirstByte)
	case waiting:
		return fault.New(fault.TargetFirstByte, "the target did not answer within %v", w.limits.FirstByte)
	case receiving:
		return fault.New(fault.BodyTimeout, "no byte of the request body came for %v", w.limits.Idle)
	case sending:
		return fault.New(fault.TargetIdle, "the target took no byte of the request for %v", w.limits.Idle)
	case upgraded:
		return fault.New(fault.TargetIdle, "nothing moved either way over the upgraded connection for %v", w.limits.Idle)
	}
	return fault.New(fault.TargetIdle, "the target sent no byte of its answer for %v", w.limits.Idle)
}
