package target

import (
	"slices"
	"sync"
	"time"
)

// idle keeps the connections that no call uses. It is safe for concurrent use.
type idle struct {
	limit time.Duration // an unused connection is closed after this
	age   time.Duration // no connection is kept for longer; 0 for no limit

	mu     sync.Mutex
	conns  []*conn // the longest unused first
	timer  *time.Timer
	set    bool // the timer is
	closed bool
}

// mostIdle bounds the connections that one target keeps.
const mostIdle = 1024

// take returns the connection that was used last, nil when none is left that the
// target has not closed.
func (i *idle) take() *conn {
	for {
		i.mu.Lock()
		n := len(i.conns)
		if n == 0 {
			i.mu.Unlock()
			return nil
		}
		c := i.conns[n-1]
		i.conns[n-1] = nil
		i.conns = i.conns[:n-1]
		i.mu.Unlock()
		if !i.old(c) && c.quiet() {
			return c
		}
		c.cut()
	}
}

// keep takes a connection whose answer was read to its end.
func (i *idle) keep(c *conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || i.old(c) || len(i.conns) >= mostIdle {
		go c.Close() // it may wait to say goodbye
		return
	}
	c.since = time.Now()
	i.conns = append(i.conns, c)
	if !i.set && i.limit > 0 {
		i.set = true
		i.wait(i.limit)
	}
}

// old reports whether c must be retired, so that DNS is asked again.
func (i *idle) old(c *conn) bool { return i.age > 0 && time.Since(c.born) >= i.age }

// wait makes the timer fire; i.mu is held.
func (i *idle) wait(d time.Duration) {
	if i.timer == nil {
		i.timer = time.AfterFunc(d, i.expire)
		return
	}
	i.timer.Reset(d)
}

// expire closes the connections that were unused for too long.
func (i *idle) expire() {
	i.mu.Lock()
	n := slices.IndexFunc(i.conns, func(c *conn) bool { return time.Since(c.since) < i.limit })
	if n < 0 {
		n = len(i.conns)
	}
	late := slices.Clone(i.conns[:n])
	i.conns = slices.Delete(i.conns, 0, n)
	if i.set = len(i.conns) > 0; i.set {
		i.wait(i.limit - time.Since(i.conns[0].since))
	}
	i.mu.Unlock()
	for _, c := range late {
		c.Close()
	}
}

// close lets go of the unused connections; those in use are closed after their call.
func (i *idle) close() {
	i.mu.Lock()
	i.closed = true
	if i.timer != nil {
		i.timer.Stop()
	}
	late := i.conns
	i.conns = nil
	i.mu.Unlock()
	for _, c := range late {
		c.Close()
	}
}
