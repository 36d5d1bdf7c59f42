package balance

import (
	"context"
	"sync"
	"time"
)

// State is what an endpoint or a circuit is in.
type State string

const (
	Up      State = "up"
	Warming State = "warming" // up, and its share of the calls still grows
	Ejected State = "ejected" // by calls that failed
	Down    State = "down"    // by checks that failed

	Closed   State = "closed"
	HalfOpen State = "half-open"
	Open     State = "open"
)

// Event is a change of state.
type Event struct {
	Time     time.Time
	Target   string
	Endpoint string // host:port; "" for the circuit of the whole target
	State    State
	Why      string // for the operator: it may hold addresses
}

// queue keeps events until somebody takes them; the oldest go when it is full.
type queue struct {
	mu     sync.Mutex
	events []Event
	news   chan struct{} // holds one
}

// mostEvents is more than all endpoints of a large installation bring in a moment.
const mostEvents = 4096

func (q *queue) add(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == mostEvents {
		q.events = q.events[1:]
	}
	q.events = append(q.events, e)
	select {
	case q.news <- struct{}{}:
	default:
	}
}

func (q *queue) take() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}

// Watch hands every change of state to do, in order, until ctx is done; those that came
// before are handed over still.
func (p *Pool) Watch(ctx context.Context, do func(Event)) {
	for {
		over := false
		select {
		case <-p.events.news:
		case <-ctx.Done():
			over = true
		}
		for _, e := range p.events.take() {
			do(e)
		}
		if over {
			return
		}
	}
}
