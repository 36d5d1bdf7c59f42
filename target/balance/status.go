package balance

import (
	"cmp"
	"slices"
	"time"
)

// Status is how a target is.
type Status struct {
	Target    string           `json:"target"`
	Balance   Policy           `json:"balance"`
	Circuit   CircuitStatus    `json:"circuit"`
	Retries   int64            `json:"retries"`       // calls sent to another endpoint
	Denied    int64            `json:"retriesDenied"` // that were not, for want of budget
	Endpoints []EndpointStatus `json:"endpoints"`
}

// CircuitStatus is how a target's circuit breaker is.
type CircuitStatus struct {
	State   State     `json:"state"` // "" when the target has none
	Since   time.Time `json:"since,omitzero"`
	Opened  int64     `json:"opened"`  // times
	Refused int64     `json:"refused"` // calls
}

// EndpointStatus is how an endpoint is.
type EndpointStatus struct {
	Endpoint     string    `json:"endpoint"` // host:port
	State        State     `json:"state"`
	Why          string    `json:"why,omitempty"`
	Since        time.Time `json:"since"`
	Until        time.Time `json:"until,omitzero"` // end of the ejection
	InFlight     int64     `json:"inFlight"`
	Calls        int64     `json:"calls"`          // that ended
	Failures     int64     `json:"failures"`       // of them
	Recent       int64     `json:"recentFailures"` // in this minute and the last
	Ejections    int64     `json:"ejections"`
	Checks       int64     `json:"checks"`
	ChecksFailed int64     `json:"checksFailed"`
	Last         string    `json:"lastFailure,omitempty"` // of a call or a check
	LastAt       time.Time `json:"lastFailureAt,omitzero"`
}

// Status returns how the group's target is.
func (g *Group) Status() Status { return g.cluster.status() }

// Status returns how all targets are, by name.
func (p *Pool) Status() []Status {
	p.mu.Lock()
	var all []*cluster
	for _, c := range p.clusters {
		all = append(all, c)
	}
	p.mu.Unlock()
	list := make([]Status, len(all))
	for i, c := range all {
		list[i] = c.status()
	}
	slices.SortFunc(list, func(a, b Status) int { return cmp.Compare(a.Target, b.Target) })
	return list
}

func (c *cluster) status() Status {
	s := Status{Target: c.Name, Balance: c.Policy, Circuit: c.circuit.status(), Retries: c.budget.retries.Load(), Denied: c.budget.denied.Load()}
	for _, e := range c.endpoints {
		s.Endpoints = append(s.Endpoints, e.status(c.now(), c.SlowStart))
	}
	return s
}

func (b *circuit) status() CircuitStatus {
	if b == nil {
		return CircuitStatus{}
	}
	state, since := b.look()
	if state == Open && b.now().Sub(since) >= b.Open {
		state = HalfOpen // the next call will find it so
	}
	return CircuitStatus{state, since, b.opened.Load(), b.refused.Load()}
}

func (e *endpoint) status(now time.Time, slowStart time.Duration) EndpointStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refresh(now, slowStart)
	s := EndpointStatus{Endpoint: e.address, State: e.state(), Why: e.why, Since: e.since, Until: e.until, InFlight: e.running.Load(),
		Calls: e.calls.Load(), Failures: e.failures, Recent: e.recent.count(now), Ejections: e.ejected,
		Checks: e.checks.made.Load(), ChecksFailed: e.checks.failed.Load(), LastAt: e.lastAt}
	if e.last != nil {
		s.Last = e.last.Error()
	}
	return s
}
