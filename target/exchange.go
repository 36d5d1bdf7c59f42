package target

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"
)

// exchange is one call on its way. The goroutine of Do writes the request and reads the
// answer; a body that is streamed has one of its own, so that the target may answer
// before it is whole. The exchange knows, when something breaks, how far the call had
// come.
type exchange struct {
	t      *Target
	call   *Call
	h      *Hop
	start  time.Time
	watch  watch
	answer answer
	stop   func() bool // ends the watch over the caller's context
	slot   bool        // one of the target's is taken

	mu        sync.Mutex // guards the rest
	conn      *conn
	before    int64                   // bytes the connection had written for earlier calls
	dialing   context.CancelCauseFunc // nil when no connection is waited for
	cause     error                   // why the call was given up; the first counts
	answered  bool                    // the first byte of an answer came
	uploading bool                    // a body is being streamed, or could not be
	uploadErr error                   // why reading the body failed
	sent      int64
	over      bool // the hop is final: nothing is reported any more
}

func (x *exchange) begin() {
	x.watch.start(x.call.Limits, x.abort)
	ctx := x.call.Request.Context()
	x.stop = context.AfterFunc(ctx, func() { x.abort(context.Cause(ctx)) })
}

// abort gives the call up: whatever waits for a connection, or on one, comes back.
func (x *exchange) abort(cause error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over || x.cause != nil {
		return
	}
	x.cause = cause
	if x.dialing != nil {
		x.dialing(cause)
	}
	if x.conn != nil {
		x.conn.cut()
	}
}

// run sends the call and reads the head of its answer.
func (x *exchange) run() (*http.Response, error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	if c := x.t.idle.take(); c != nil {
		resp, err := x.try(c)
		if err == nil || !x.again() {
			return resp, err
		}
		x.h.Retries++
		x.watch.enter(connecting)
	}
	c, err := x.dial()
	if err != nil {
		return nil, err
	}
	return x.try(c)
}

// try is send; a connection that failed is cut before anything is judged, so that
// nothing more is written to it.
func (x *exchange) try(c *conn) (*http.Response, error) {
	resp, err := x.send(c)
	if err != nil {
		c.cut()
	}
	return resp, err
}

// enter takes one of the target's slots.
func (x *exchange) enter() error {
	if x.t.slots == nil {
		return nil
	}
	ctx, done := x.connecting()
	defer done()
	select {
	case x.t.slots <- struct{}{}:
		x.slot = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (x *exchange) dial() (*conn, error) {
	ctx, done := x.connecting()
	defer done()
	return x.t.dial(ctx)
}

// connecting returns the context of waiting for a connection; abort cancels it.
func (x *exchange) connecting() (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(x.call.Request.Context())
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.dialing = cancel; x.cause != nil {
		cancel(x.cause)
	}
	return ctx, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.dialing = nil
		cancel(nil)
	}
}

// send carries the call over one connection, up to the head of the answer.
func (x *exchange) send(c *conn) (*http.Response, error) {
	if err := x.use(c); err != nil {
		return nil, err
	}
	c.out = appendHead(c.out[:0], x.call)
	if x.call.uploads() {
		go x.upload(c)
		return x.read(c)
	}
	c.out = append(c.out, x.call.Data...)
	if _, err := c.Write(c.out); err != nil {
		return nil, err
	}
	return x.read(c)
}

// use makes c the call's connection.
func (x *exchange) use(c *conn) error {
	h := x.h
	h.Address, h.Version, h.Suite, h.Resumed = c.address, c.version, c.suite, c.resumed
	h.Peer, h.Issuer, h.Serial = c.peer, c.issuer, c.serial
	h.Connect, h.Handshake = c.connect, c.handshake
	if h.Reused = !c.since.IsZero(); h.Reused {
		h.Connect, h.Handshake = 0, 0
	}
	x.watch.enter(waiting)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conn, x.before, x.uploading = c, c.written.Load(), x.call.uploads()
	if x.sent = 0; !x.uploading {
		x.sent = int64(len(x.call.Data))
	}
	if x.cause != nil {
		c.cut()
	}
	return x.cause
}

// again reports whether a call that failed on a kept connection may be sent over a new
// one.
func (x *exchange) again() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	sent := x.conn.written.Load() > x.before
	again := x.cause == nil && !x.answered && !x.call.streams() && (!sent || x.repeatable())
	if again {
		x.conn = nil // who still uploads to it reports no more
	}
	return again
}

// errStatus is of an answer whose status is none (RFC 9110, section 15).
var errStatus = errors.New("the status of the answer is below 100")

// maxHead bounds the head of an answer, with the interim ones before it.
const maxHead = 256 << 10

// read reads the head of the answer.
func (x *exchange) read(c *conn) (*http.Response, error) {
	c.allowed = maxHead
	for {
		if _, err := c.in.Peek(1); err != nil {
			return nil, err
		}
		x.firstByte()
		resp, err := http.ReadResponse(c.in, x.call.Request)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode < 100 {
			return nil, errStatus
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			c.allowed = math.MaxInt64
			return resp, nil
		}
		if x.call.Interim != nil {
			x.call.Interim(resp.StatusCode, resp.Header)
		}
	}
}

func (x *exchange) firstByte() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.answered {
		x.answered = true
		x.h.FirstByte = time.Since(x.start)
	}
}

// end makes the hop final. A connection whose answer was whole may serve again.
func (x *exchange) end(whole bool) {
	x.watch.stop()
	x.stop()
	x.mu.Lock()
	c := x.conn
	again := whole && x.cause == nil && !x.uploading && !x.answer.last
	x.over, x.conn = true, nil
	x.h.Sent, x.h.Total = x.sent, time.Since(x.start)
	x.mu.Unlock()
	switch {
	case c == nil:
	case again && !c.over && c.in.Buffered() == 0: // more than was announced would be taken for the next answer
		x.t.idle.keep(c)
	case whole:
		go c.Close() // it says goodbye, and could wait for that
	default:
		c.cut()
	}
	if x.slot {
		<-x.t.slots
	}
}

// repeatable reports whether the call may be sent twice (RFC 9110, section 9.2.2).
func (x *exchange) repeatable() bool {
	switch x.call.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return x.call.Repeatable
}
