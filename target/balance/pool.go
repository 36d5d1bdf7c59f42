package balance

import (
	"math/rand/v2"
	"sync"
	"time"

	"twohop/target"
)

// Pool shares the state of targets, so that a reload of routes.yaml keeps what is known
// of endpoints that did not change. It is safe for concurrent use.
type Pool struct {
	now     func() time.Time
	targets *target.Pool
	events  queue

	mu        sync.Mutex
	clusters  map[string]*cluster
	endpoints map[string]*endpoint
}

// NewPool returns an empty pool; now is the clock for certificates, ages and states.
func NewPool(now func() time.Time) *Pool {
	return &Pool{now: now, targets: target.NewPool(now), events: queue{news: make(chan struct{}, 1)},
		clusters: map[string]*cluster{}, endpoints: map[string]*endpoint{}}
}

// Get returns a group for c. Nothing is dialled before its first call or Start. Each Get
// needs a Release. The error joins *fault.Field values.
func (p *Pool) Get(c Config) (*Group, error) {
	g := &Group{}
	for i := range c.Endpoints {
		t, err := p.targets.Get(c.Endpoints[i].Config)
		if err != nil {
			p.giveBack(g.targets)
			return nil, err
		}
		g.targets = append(g.targets, t)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := c.key()
	if p.clusters[key] == nil {
		cl, err := p.cluster(c)
		if err != nil {
			p.giveBack(g.targets)
			return nil, err
		}
		p.clusters[key] = cl
	}
	g.cluster = p.clusters[key]
	g.cluster.users++
	return g, nil
}

// cluster makes a new one of new endpoints and those that are known; p.mu is held.
func (p *Pool) cluster(c Config) (*cluster, error) {
	cl := &cluster{Config: c, now: p.now, random: rand.Float64}
	cl.circuit = newCircuit(c.Circuit, p.now, func(s State, why string) {
		p.events.add(Event{Time: p.now(), Target: c.Name, State: s, Why: why})
	})
	for i := range c.Endpoints {
		key := c.endpointKey(i)
		e := p.endpoints[key]
		if e == nil {
			checker, err := p.targets.Get(c.Endpoints[i].Config)
			if err != nil {
				for _, e := range p.drop(cl) {
					p.end(e)
				}
				return nil, err
			}
			e = newEndpoint(c, i, checker, p)
			p.endpoints[key] = e
		}
		e.users++
		cl.endpoints = append(cl.endpoints, e)
	}
	return cl, nil
}

// Release gives back what Get returned. With the last group of an endpoint its checks
// end, and when Release returns no check is running.
func (p *Pool) Release(g *Group) {
	p.mu.Lock()
	var over []*endpoint
	if g.cluster.users--; g.cluster.users == 0 {
		for key, c := range p.clusters {
			if c == g.cluster {
				delete(p.clusters, key)
			}
		}
		over = p.drop(g.cluster)
	}
	p.mu.Unlock()
	for _, e := range over {
		p.end(e)
	}
	p.giveBack(g.targets)
}

// drop lets go of a cluster's endpoints and returns those that nobody else has; p.mu is
// held.
func (p *Pool) drop(c *cluster) (over []*endpoint) {
	for _, e := range c.endpoints {
		if e.users--; e.users == 0 {
			for key, known := range p.endpoints {
				if known == e {
					delete(p.endpoints, key)
				}
			}
			over = append(over, e)
		}
	}
	return over
}

func (p *Pool) end(e *endpoint) {
	e.stop()
	p.targets.Release(e.checker)
}

func (p *Pool) giveBack(targets []*target.Target) {
	for _, t := range targets {
		p.targets.Release(t)
	}
}

// Len returns the number of endpoints to which connections are kept; those that are
// reached in the same way count once.
func (p *Pool) Len() int { return p.targets.Len() }
