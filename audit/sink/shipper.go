package sink

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"twohop/audit/trail"
)

const (
	tick       = time.Second     // how often the cursor moves, at most
	patience   = 3 * time.Second // to ship the last lines when told to stop
	downAfter  = 5 * time.Second // an outage counts: a receiver that restarts is none
	alarmAfter = time.Minute
)

// Shipper ships one log to one receiver. Its Status may be asked for by anybody.
type Shipper struct {
	name     string
	receiver Receiver
	log      Log
	origin   string // of log, in its checkpoints too
	changed  func(Change)

	fresh   bool      // it had no cursor: nothing was ever shipped
	stored  time.Time // when the cursor was written
	written int64     // what it says; -1 for none
	told    State     // of an outage

	mu    sync.Mutex
	next  int64 // first line that is not delivered
	ages  ages
	since time.Time // when the outage began; zero for none
	count Status    // its Up and its counters
}

// New returns a shipper of log for the sink called name. Run calls changed, which may take
// its time.
func New(name string, r Receiver, log Log, changed func(Change)) *Shipper {
	return &Shipper{name: name, receiver: r, log: log, changed: changed, written: -1}
}

// Run ships until ctx is done, and then, for a few seconds at most, what the log has by
// then; a log that has Ended is shipped to its end. It returns nil when all of that was
// delivered. While another shipper is at work on the same log for the same sink, in any
// process, it waits.
func (s *Shipper) Run(ctx context.Context) error {
	hard, cancel := later(ctx, patience)
	defer cancel()
	var lock *os.File
	defer func() { lock.Close() }() // of nil: an error that nobody needs
	for tries := 0; ; tries++ {
		last, delivered := ctx.Err() != nil, s.next
		var err error
		if lock == nil {
			lock, err = s.begin(ctx)
		}
		if err == nil {
			err = s.session(ctx, hard)
		}
		if err == nil || last || hard.Err() != nil {
			return err
		}
		if s.next > delivered {
			tries = 0
		}
		s.failed(err)
		select {
		case <-ctx.Done(): // once more
		case <-time.After(pause(tries, err)):
		}
	}
}

// begin waits until no other shipper has the cursor, and takes it up.
func (s *Shipper) begin(ctx context.Context) (*os.File, error) {
	for {
		lock, err := TryLock(s.log.Log, s.name)
		if err == nil {
			if err = s.resume(); err == nil {
				return lock, nil
			}
			lock.Close()
		}
		if !errors.Is(err, trail.ErrHeld) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(tick):
		}
	}
}

// later returns a context that is done some time after ctx.
func later(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	end, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(d):
			cancel()
		case <-end.Done():
		}
	})
	return end, func() { stop(); cancel() }
}

// resume takes up the cursor. Where it does not fit the log, lines are sent twice
// rather than never.
func (s *Shipper) resume() (err error) {
	if s.origin, err = originOf(s.log.Log); err != nil {
		return err
	}
	c, err := readCursor(s.log.Dir, s.name)
	if errors.Is(err, errNoCursor) {
		s.fresh = true
		return nil
	}
	if err == nil {
		err = c.usable(s.origin, s.log.End())
	}
	if err != nil {
		s.tell(Change{State: Restarted, Why: err.Error()})
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.written = c.Next, c.Next
	return nil
}
