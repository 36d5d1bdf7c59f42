package target

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twohop/internal/fault"
)

// watched starts a watch in a bubble of its own clock.
func watched(l Limits) (*watch, context.Context) {
	ctx, cancel := context.WithCancelCause(context.Background())
	w := &watch{}
	w.start(l, func(err error) { cancel(err) })
	return w, ctx
}

func TestEachPhaseHasItsLimit(t *testing.T) {
	limits := Limits{FirstByte: 55 * time.Second, Idle: 60 * time.Second}
	for name, c := range map[string]struct {
		phases []phase
		after  time.Duration // 0 for never
		code   fault.Code
	}{
		"a connection":                    {nil, 55 * time.Second, fault.TargetConnectTime},
		"the answer":                      {[]phase{waiting}, 55 * time.Second, fault.TargetFirstByte},
		"the caller's body":               {[]phase{waiting, receiving}, 60 * time.Second, fault.BodyTimeout},
		"the target's reading":            {[]phase{receiving, sending}, 60 * time.Second, fault.TargetIdle},
		"the answer after the body":       {[]phase{receiving, sending, waiting}, 55 * time.Second, fault.TargetFirstByte},
		"the answer's body":               {[]phase{waiting, answering}, 60 * time.Second, fault.TargetIdle},
		"the rest of a body, answering":   {[]phase{receiving, answering, receiving}, 60 * time.Second, fault.TargetIdle},
		"a slow reader":                   {[]phase{waiting, answering, resting}, 0, ""},
		"a slow reader, the body goes on": {[]phase{answering, resting, receiving, sending}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, ctx := watched(limits)
				defer w.stop()
				for _, p := range c.phases {
					time.Sleep(50 * time.Second)
					w.enter(p)
				}
				if c.after == 0 {
					time.Sleep(time.Hour)
					if ctx.Err() != nil {
						t.Errorf("cancelled: %v", context.Cause(ctx))
					}
					return
				}
				time.Sleep(c.after - time.Nanosecond)
				synctest.Wait()
				if ctx.Err() != nil {
					t.Errorf("cancelled too early: %v", context.Cause(ctx))
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				isFault(t, context.Cause(ctx), c.code)
			})
		})
	}
}

func TestProgressPutsTheLimitOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ctx := watched(Limits{FirstByte: time.Minute, Idle: time.Second})
		for range 1000 {
			w.enter(answering)
			time.Sleep(999 * time.Millisecond)
		}
		if ctx.Err() != nil {
			t.Errorf("cancelled: %v", context.Cause(ctx))
		}
		w.stop()
		w.enter(answering)
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Errorf("cancelled after the end: %v", context.Cause(ctx))
		}
	})
}

func TestNoLimitIsNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ctx := watched(Limits{})
		w.enter(waiting)
		w.enter(answering)
		time.Sleep(1000 * time.Hour)
		if ctx.Err() != nil {
			t.Errorf("cancelled: %v", context.Cause(ctx))
		}
		w.stop()
	})
}

// TestPhasesFromTwoSides is for the race detector: the transport's goroutines report
// beside the one that reads the answer, and the end.
func TestPhasesFromTwoSides(t *testing.T) {
	for range 100 {
		w, ctx := watched(Limits{FirstByte: time.Millisecond, Idle: time.Millisecond})
		var sides sync.WaitGroup
		for _, p := range []phase{receiving, sending, waiting, answering, resting} {
			sides.Go(func() {
				for range 20 {
					w.enter(p)
				}
			})
		}
		sides.Go(w.stop)
		sides.Wait()
		before := ctx.Err()
		time.Sleep(2 * time.Millisecond)
		if ctx.Err() != before {
			t.Fatal("cancelled after stop")
		}
	}
}
