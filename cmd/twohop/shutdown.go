package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"twohop/internal/fault"
)

// shutdown ends in order: readiness goes first, so that a load balancer looks
// elsewhere; then no new connections; running calls and streams get their limit. A
// further signal ends the waiting: calls are cut, and recorded, at once.
func (s *server) shutdown() {
	hurry, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()
	s.mu.Lock()
	c := s.table.Shutdown
	s.draining = true
	s.mu.Unlock()
	s.log.Info("stopping", "drain", c.Drain, "limit", c.Limit)
	select {
	case <-time.After(c.Drain):
	case <-hurry.Done():
	}
	s.broker.Stop()
	if !s.shut(hurry, c.Limit) {
		s.log.Warn("calls were cut at the limit, or by a second signal", "limit", c.Limit)
		s.cut(fault.New(fault.ShuttingDown, "the broker stopped before the call was over"))
		s.shut(context.Background(), cutPatience)
		for _, l := range s.servers {
			l.Server.Close()
		}
	}
	s.log.Info("stopped")
}

// cutPatience is how long calls that were cut have to record their end.
const cutPatience = 5 * time.Second

// shut closes the listeners and waits for the running calls, and reports whether all
// were over within limit and before ctx was done.
func (s *server) shut(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var doors sync.WaitGroup
	var late atomic.Bool
	for _, l := range s.servers {
		doors.Go(func() {
			if l.Shutdown(ctx) != nil {
				late.Store(true)
			}
		})
	}
	doors.Wait()
	return s.quiet(ctx) && !late.Load()
}

// quiet waits for the calls of upgraded connections, of which http.Server knows
// nothing, and reports whether all were over before ctx was done.
func (s *server) quiet(ctx context.Context) bool {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for s.broker.Running() > 0 {
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// close lets go of everything; calls are over.
func (s *server) close() {
	s.cut(nil)
	for _, l := range s.servers {
		l.Listener.Close()
	}
	if s.certs != nil {
		s.certs.Close()
	}
	if s.broker != nil {
		s.broker.Router().Close()
	}
	if s.audit != nil {
		s.audit.Close()
	}
}
