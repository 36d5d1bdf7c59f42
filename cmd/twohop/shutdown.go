package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"twohop/internal/fault"
)

// shutdown ends in order: readiness goes first, so that a load balancer looks
// elsewhere; then no new connections; running calls and streams get their limit. A
// further signal ends the waiting: calls are cut, and recorded, at once.
func (s *server) shutdown(ctx context.Context) {
	hurry, done := hurried(ctx)
	defer done()
	s.notify(daemon.SdNotifyStopping)
	s.mu.Lock()
	c := s.table.Shutdown
	s.draining.Store(true)
	s.mu.Unlock()
	s.log.Info("stopping", "drain", c.Drain, "limit", c.Limit)
	s.leaving.Store(true)
	select {
	case <-time.After(c.Drain):
	case <-hurry.Done():
	}
	s.broker.Stop()
	s.end(hurry, c.Limit)
}

// leave ends after another process has taken over: no new connections, and those that
// are open end by themselves: with their next answer, when they are idle too long or at
// the limit. To close an idle one would lose the call that is just on its way to it;
// Server.Shutdown does so, and drops requests whose header it has just read, too.
func (s *server) leave(ctx context.Context) {
	hurry, done := hurried(ctx)
	defer done()
	s.mu.Lock()
	c := s.table.Shutdown
	s.mu.Unlock()
	s.leaving.Store(true)
	for _, l := range s.servers {
		l.Listener.Close()
	}
	patience, cancel := context.WithTimeout(hurry, c.Limit)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for s.open.Load()+s.broker.Running() > 0 && patience.Err() == nil {
		<-look.C
	}
	s.end(hurry, 0)
}

// hurried returns a context that is done when a signal tells a broker to stop that is
// stopping already; ctx is done by the first.
func hurried(ctx context.Context) (hurry context.Context, done func()) {
	if ctx.Err() != nil {
		return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	}
	hurry, done = context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(signals)
		for range 2 {
			select {
			case <-signals:
			case <-hurry.Done():
			}
		}
		done()
	}()
	return hurry, done
}

// parting makes a server close each connection with its next answer once the broker is
// leaving, and counts its connections.
func (s *server) parting(srv *http.Server) *http.Server {
	next, state := srv.Handler, srv.ConnState
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.leaving.Load() {
			w.Header()["Connection"] = []string{"close"} // in HTTP/2, GOAWAY
		}
		next.ServeHTTP(w, r)
	})
	srv.ConnState = func(c net.Conn, to http.ConnState) {
		switch to {
		case http.StateNew:
			s.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
		}
		if state != nil {
			state(c, to)
		}
	}
	return srv
}

// end closes the listeners and gives the running calls their limit; what still runs then
// is cut, and recorded.
func (s *server) end(hurry context.Context, limit time.Duration) {
	if !s.shut(hurry, limit) {
		s.log.Warn("calls were cut at the limit, or by a second signal", "limit", limit)
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
			if err := l.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) { // leave has closed the door
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
		s.closeAudit()
	}
	s.shipping.stop()
}
