package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"twohop/audit"
	"twohop/callers"
	"twohop/internal/fault"
	"twohop/limit"
	"twohop/target"
	"twohop/translate/address"
)

// call is one call on its way through the broker.
type call struct {
	*Router
	w     http.ResponseWriter
	rc    *http.ResponseController
	r     *http.Request
	start time.Time // by the clock that ends exceptions
	began time.Time // by the one that never jumps
	trace trace
	soap  soapVersion

	errand   errand    // on a JSON route
	envelope *envelope // its request; nil before it is translated

	unclear error // the header names the operation in two ways
	body    *callerBody

	who       callers.Identity
	whoErr    error // a credential was shown and fits nobody
	route     *route
	way       *way
	match     match
	head      string // escaped path before what a prefix leaves
	rest      string // escaped path that a prefix leaves
	base      string // escaped path at the target before rest
	hop       target.Hop
	hangUp    func() // ends the call to the target; nil unless the caller wants another protocol
	admitted  bool   // by the limiter
	begun     bool   // the begin record is written
	ended     bool   // the end record is written
	counted   bool   // or the refusal was counted in its place
	operation string // of a SOAP service, "" when it is not known
	sent      bool   // the head of an answer is on its way
	started   bool   // the record of a long answer is written
	status    int
	out       int64 // body bytes to the caller
	failed    *fault.Fault

	asked    asked            // a contract, on a route to a SOAP service
	origin   *url.URL         // of that contract at the target
	message  *address.Message // what its beginning says; nil when it was not looked at
	occupied *limit.Limiter   // of the operation
	grown    int              // bytes by which addresses in the message became longer

	variables audit.Variables
	answer    watched
	answering time.Time     // since when the answer runs
	header    http.Header   // of the answer, as far as it may be recorded; nil for none
	kept      [2]audit.Kept // the request and the answer
	stored    bool          // kept is final
}

func newCall(router *Router, w http.ResponseWriter, r *http.Request) *call {
	c := &call{Router: router, w: w, rc: http.NewResponseController(w), r: r, start: router.deps.Now(), began: time.Now(), trace: newTrace(r.Header.Get("traceparent"))}
	c.match.method = r.Method
	c.soap, c.match.action, c.unclear = readSOAP(r.Header)
	c.body = newCallerBody(r)
	if r.ProtoMajor == 1 {
		c.rc.SetWriteDeadline(time.Time{}) // of the call before on this connection
	}
	return c
}

// carry takes the call through the pipeline. Audit is outermost: whatever happens,
// the call's end is recorded, and before the caller has the last byte.
func (c *call) carry(stopping bool) {
	c.w.Header()["X-Correlation-Id"] = []string{c.trace.id}
	defer c.recover()
	if stopping {
		c.fail(fault.New(fault.ShuttingDown, "the broker is stopping and takes no new calls").After(retryWhenStopping))
	} else if err := c.pipeline(); err != nil {
		c.fail(err)
	}
	c.measure()
	c.forget()
}

// pipeline is the way of a call, in order.
func (c *call) pipeline() error {
	c.identify()
	if err := c.dispatch(); err != nil {
		return err
	}
	if err := c.recordable(); err != nil {
		return err
	}
	if err := c.limit(); err != nil {
		return err
	}
	defer c.release()
	if c.route.pass != nil {
		if err := c.dispatchMessage(); err != nil {
			return err
		}
	}
	if err := c.limitOperation(); err != nil {
		return err
	}
	return c.forward()
}

// identify finds out who calls. Whether it matters is the route's to say.
func (c *call) identify() {
	c.who, c.whoErr = c.callers.Identify(c.r.Header.Get(callers.Header), c.r.TLS)
}

// limit asks for one call on the route.
func (c *call) limit() error {
	switch verdict, wait := c.way.limiter.Acquire(c.start); verdict {
	case limit.OverRate:
		return fault.New(fault.RateLimited, "the rate of this route for this caller is used up").After(wait)
	case limit.Busy:
		return fault.New(fault.TooManyConcurrent, "as many calls as this route allows at a time are running").After(time.Second)
	}
	c.admitted = true
	if m := c.route.metrics; m != nil {
		m.InFlight.Inc()
	}
	return nil
}

// release ends what limit admitted.
func (c *call) release() {
	if !c.admitted {
		return
	}
	c.admitted = false
	c.way.limiter.Release()
	if c.occupied != nil {
		c.occupied.Release()
	}
	if m := c.route.metrics; m != nil {
		m.InFlight.Dec()
	}
}

// fail ends a call that did not come to an answer: the caller gets the fault, or a
// cut connection when part of an answer is out already.
func (c *call) fail(err error) {
	var f *fault.Fault
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "the broker failed").Because(err)
	}
	c.failed = f
	if f.Code == fault.CallerGone {
		c.status = fault.StatusClientClosed
	}
	if c.sent || f.Code == fault.CallerGone {
		c.log(f)
		c.record(audit.End) // an error leaves nothing better to do than to cut too
		c.abort()
	}
	c.refuse(f)
}

// abort cuts the connection, so that nobody takes a part for the whole.
func (c *call) abort() {
	c.measure()
	c.cut()
}

// cut makes net/http close the connection without reading on: it would wait, without a
// limit, for what is left of a short body.
func (c *call) cut() {
	if c.r.ProtoMajor == 1 && !c.body.done.Load() {
		c.rc.SetReadDeadline(time.Unix(1, 0))
		c.body.settle() // or net/http would lift the deadline
	}
	panic(http.ErrAbortHandler)
}

// recover records a call that panicked, and lets net/http cut the connection.
func (c *call) recover() {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		c.deps.Log.Error("the broker panicked", "correlation", c.trace.id, "panic", p, "stack", string(debug.Stack()))
		c.failed = fault.New(fault.Internal, "the broker failed")
		stage := audit.End
		if c.ended {
			stage = audit.Amend
		}
		c.record(stage)
		c.measure()
	}
	c.cut()
}
