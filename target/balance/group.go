package balance

import (
	"context"
	"errors"
	"math/bits"
	"net/http"
	"slices"
	"time"

	"twohop/internal/fault"
	"twohop/target"
)

// Group is a target as one route reaches it: the state of its endpoints, which routes
// share, and the route's own limits for connections. It is safe for concurrent use.
type Group struct {
	*cluster
	targets []*target.Target // one for each endpoint
}

// Do makes the call at one endpoint and, when that fails and no harm can come of it, at
// another; it puts the endpoint's host into the URL. Otherwise it is target.Target.Do.
//
// A call is made again only when nothing of it was sent or it may be repeated, its body
// is there still, its limits leave time, and the budget for such calls is not used up.
func (g *Group) Do(c *target.Call, h *target.Hop) (*http.Response, error) {
	ctx := c.Request.Context()
	p, probing, refusal := g.circuit.enter()
	if refusal != nil {
		return nil, refusal
	}
	if probing && !g.Circuit.Any {
		if err := g.probe(ctx, p, h); err != nil {
			return nil, err
		}
		p = nil
	}
	g.budget.calls.Add(1)
	a := attempt{group: g, start: time.Now(), index: g.pick(0)}
	for {
		resp, f := a.do(c, h)
		e := g.endpoints[a.index]
		h.Endpoint = e.address
		h.Retries += a.retries
		if f == nil {
			v, bad := g.answered(resp.StatusCode)
			g.circuit.leave(p, v, bad)
			resp.Body = newVisit(resp, g.cluster, e, bad)
			return resp, nil
		}
		v := g.judge(a.index, f, c.Limits, time.Since(a.start))
		g.leave(e, v, f)
		a.tried |= 1 << a.index
		next := g.again(ctx, &a, f, c.Limits)
		if next < 0 {
			g.circuit.leave(p, v, f)
			return nil, f
		}
		a.index, a.retries = next, h.Retries+1
		*h = target.Hop{}
	}
}

// most is how many endpoints one call meets.
const most = 3

// again returns the endpoint to which a failed call is sent next, -1 for none.
func (g *Group) again(ctx context.Context, a *attempt, f *fault.Fault, l target.Limits) int {
	spent := time.Since(a.start)
	switch {
	case len(g.endpoints) == 1 || !repeatable(f) || ctx.Err() != nil:
	case l.FirstByte > 0 && spent >= l.FirstByte || l.Total > 0 && spent >= l.Total:
	case bits.OnesCount32(a.tried) == most:
	default:
		i := g.pick(a.tried)
		if i >= 0 && a.withdraw() && g.budget.take(g.now()) {
			return i
		}
	}
	return -1
}

// left returns the limits of a call that has already taken some time.
func left(l target.Limits, spent time.Duration) target.Limits {
	if l.FirstByte > 0 {
		l.FirstByte = max(time.Millisecond, (l.FirstByte - spent).Round(time.Millisecond))
	}
	if l.Total > 0 {
		l.Total = max(time.Millisecond, (l.Total - spent).Round(time.Millisecond))
	}
	return l
}

// judge says what a fault of a call says about endpoint i. What one of our own limits
// brought about is not its fault.
func (g *Group) judge(i int, f *fault.Fault, l target.Limits, spent time.Duration) verdict {
	e, most := g.endpoints[i], g.targets[i].MaxConnections
	switch {
	case f.Code == fault.TargetConnectTime && most > 0 && e.running.Load() > int64(most): // it waited for a free connection
		return silent
	case f.Code == fault.OutcomeUnknown && l.Total > 0 && spent >= l.Total:
		return silent
	}
	return judge(f)
}

// answered judges the head of an answer.
func (g *Group) answered(status int) (verdict, *fault.Fault) {
	if status >= http.StatusBadRequest && slices.Contains(g.Passive.Statuses, status) {
		return failed, fault.New(fault.TargetBadAnswer, "the target answered %d", status)
	}
	return served, nil
}

// leave ends a call at e without an answer.
func (g *Group) leave(e *endpoint, v verdict, f *fault.Fault) {
	e.running.Add(-1)
	if v != silent {
		g.settle(e, f)
	}
}

// probe finds out whether an open circuit may close: by a connection, since nothing else
// opened it, so that no call waits for the answer of another.
func (g *Group) probe(ctx context.Context, p permit, h *target.Hop) error {
	var f *fault.Fault
	var tried uint32
	for i := g.pick(0); i >= 0 && bits.OnesCount32(tried) < most && ctx.Err() == nil; i = g.pick(tried) {
		err := g.targets[i].Check(ctx, target.Check{Kind: target.CheckTLS})
		if err == nil {
			g.circuit.leave(p, served, nil)
			return nil
		}
		f = asFault(err)
		h.Endpoint = g.endpoints[i].address
		tried |= 1 << i
	}
	if ctx.Err() != nil {
		g.circuit.leave(p, silent, nil)
		return hungUp(ctx)
	}
	g.circuit.leave(p, unreached, f)
	return f
}

// hungUp says why a call was cancelled.
func hungUp(ctx context.Context) *fault.Fault {
	var known *fault.Fault
	if errors.As(context.Cause(ctx), &known) {
		return known
	}
	return fault.New(fault.CallerGone, "the caller hung up before the answer was complete").Because(context.Cause(ctx))
}

// Start begins to check the endpoints, until ends, when the exception that allows calls
// ends too; zero is never. It is called when the group's configuration comes into force.
func (g *Group) Start(ends time.Time) {
	for _, e := range g.endpoints {
		e.start(ends)
	}
}
