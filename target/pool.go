package target

import (
	"sync"
	"time"
)

// Pool shares targets: equal configs get one Target, so that a reload of routes.yaml
// keeps the connections of what did not change. It is safe for concurrent use.
type Pool struct {
	now    func() time.Time
	mu     sync.Mutex
	shared map[string]*lease
}

type lease struct {
	t     *Target
	users int
}

// NewPool returns an empty pool; now is the clock for certificates and ages.
func NewPool(now func() time.Time) *Pool {
	return &Pool{now: now, shared: map[string]*lease{}}
}

// Get returns the target for c, a new one or the one in use. Each Get needs a
// Release. The error joins *fault.Field values.
func (p *Pool) Get(c Config) (*Target, error) {
	key := c.Key()
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.shared[key]; l != nil {
		l.users++
		return l.t, nil
	}
	t, err := New(c, p.now)
	if err != nil {
		return nil, err
	}
	t.key = key // not asked again: the files may have changed meanwhile
	p.shared[key] = &lease{t, 1}
	return t, nil
}

// Release gives back what Get returned; the last one closes unused connections.
func (p *Pool) Release(t *Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.shared[t.key]
	if l == nil {
		return
	}
	if l.users--; l.users == 0 {
		delete(p.shared, t.key)
		t.Close()
	}
}

// Len returns the number of targets in use.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.shared)
}
