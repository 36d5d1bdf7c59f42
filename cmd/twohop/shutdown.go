package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
)

// shutdown ends in order: readiness goes first, so that a load balancer looks
// elsewhere; then no new connections; running calls and streams get their limit.
func (s *server) shutdown() {
	s.mu.Lock()
	c := s.table.Shutdown
	s.draining = true
	s.mu.Unlock()
	s.log.Info("stopping", "drain", c.Drain, "limit", c.Limit)
	time.Sleep(c.Drain)
	s.broker.Stop()
	if !s.shut(c.Limit) {
		s.log.Warn("calls were cut at the limit", "limit", c.Limit)
		s.cut(fault.New(fault.ShuttingDown, "the broker stopped, and the call was not over within %v", c.Limit))
		s.shut(cutPatience)
		for _, l := range s.servers {
			l.Server.Close()
		}
	}
	s.log.Info("stopped")
}

// cutPatience is how long calls that were cut have to record their end.
const cutPatience = 5 * time.Second

// shut closes the listeners and waits for the running calls, and reports whether all
// were over within limit.
func (s *server) shut(limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
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
	return !late.Load()
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
