package proxy

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Broker serves calls with the current Router. It is safe for concurrent use.
type Broker struct {
	current  atomic.Pointer[Router]
	stopping atomic.Bool
	running  atomic.Int64
}

// NewBroker returns a broker that serves with r.
func NewBroker(r *Router) *Broker {
	b := &Broker{}
	b.current.Store(r)
	r.plan.Apply(r.deps.Now())
	r.start()
	return b
}

// Swap puts r in the place of the router in force. Running calls end with the
// configuration they began with; connections and limiters of what did not change
// go on.
func (b *Broker) Swap(r *Router) {
	r.plan.Apply(r.deps.Now())
	r.start()
	old := b.current.Swap(r)
	old.Close()
}

// Config returns the hash of the router's configuration.
func (r *Router) Config() string { return r.config }

// Router returns the configuration in force.
func (b *Broker) Router() *Router { return b.current.Load() }

// Running returns the number of calls that run. Those of an upgraded connection are
// among them, of which http.Server knows nothing.
func (b *Broker) Running() int64 { return b.running.Load() }

// Stop makes the broker refuse new calls; running ones go on.
func (b *Broker) Stop() { b.stopping.Store(true) }

// ServeHTTP carries one call.
func (b *Broker) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b.running.Add(1)
	defer b.running.Add(-1)
	c := newCall(b.current.Load(), w, req)
	c.carry(b.stopping.Load())
}

// retryWhenStopping is what a caller is told to wait when the broker stops.
const retryWhenStopping = 5 * time.Second
