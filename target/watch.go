package target

import (
	"context"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
)

// phase is how far a call has come; each has a time limit of its own.
type phase int32

const (
	waiting   phase = iota // for the target: a connection, then the answer's head
	receiving              // the next part of the request body from the caller
	sending                // it to the target
	answering              // the answer's body; the request's may still be on its way
	ended
)

// watch cancels a call that stays in one phase for too long.
type watch struct {
	limits Limits
	timer  *time.Timer
	now    atomic.Int32
	cancel context.CancelCauseFunc
}

func (w *watch) start(l Limits, cancel context.CancelCauseFunc) {
	w.limits, w.cancel = l, cancel
	w.timer = time.AfterFunc(l.FirstByte, w.expire)
}

// enter starts the limit of phase p anew. Once the target answers, what moves of the
// request counts as progress of the answer.
func (w *watch) enter(p phase) {
	switch phase(w.now.Load()) {
	case ended:
		return
	case answering:
		p = answering
	}
	w.now.Store(int32(p))
	limit := w.limits.Idle
	if p == waiting {
		limit = w.limits.FirstByte
	}
	w.timer.Reset(limit)
}

func (w *watch) stop() {
	w.now.Store(int32(ended))
	w.timer.Stop()
}

func (w *watch) expire() {
	switch phase(w.now.Load()) {
	case waiting:
		w.cancel(fault.New(fault.TargetFirstByte, "the target did not answer within %v", w.limits.FirstByte))
	case receiving:
		w.cancel(fault.New(fault.BodyTimeout, "no byte of the request body came for %v", w.limits.Idle))
	case sending:
		w.cancel(fault.New(fault.TargetIdle, "the target took no byte of the request for %v", w.limits.Idle))
	default:
		w.cancel(fault.New(fault.TargetIdle, "the target sent no byte for %v", w.limits.Idle))
	}
}
