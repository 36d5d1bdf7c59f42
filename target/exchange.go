package target

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"twohop/internal/fault"
)

// exchange is one call on its way: it watches the phases and knows, when something
// breaks, how far the call had come.
type exchange struct {
	ctx    context.Context
	caller context.Context // done when the caller hung up
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // of the total
	watch  watch
	method string
	h      *Hop
	start  time.Time

	mu        sync.Mutex // guards what the transport's goroutines report
	conn      *conn
	before    int64 // bytes the connection had written for earlier calls
	conns     int
	answered  bool
	uploadErr error
	sent      int64
}

func newExchange(req *http.Request, l Limits, h *Hop) *exchange {
	x := &exchange{caller: req.Context(), method: req.Method, h: h, start: time.Now(), stop: func() {}}
	ctx := x.caller
	if l.Total > 0 {
		ctx, x.stop = context.WithTimeoutCause(ctx, l.Total, fault.New(fault.TotalTime, "the call was not finished within %v", l.Total))
	}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	x.watch.start(l, x.cancel)
	return x
}

func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.conns++
	c := info.Conn.(*conn)
	x.conn, x.before = c, c.written.Load()
	x.h.Address, x.h.Version, x.h.Suite, x.h.Peer, x.h.Resumed = c.address, c.version, c.suite, c.peer, c.resumed
	x.h.Reused, x.h.Retries = info.Reused, x.conns-1
	if !info.Reused {
		x.h.Connect, x.h.Handshake = c.connect, c.handshake
	}
}

func (x *exchange) wroteRequest(httptrace.WroteRequestInfo) { x.watch.enter(waiting) }

func (x *exchange) firstByte() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answered = true
	x.h.FirstByte = time.Since(x.start)
}

// end makes the hop final.
func (x *exchange) end() {
	x.watch.stop()
	x.cancel(nil)
	x.stop()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.h.Sent, x.h.Total = x.sent, time.Since(x.start)
}

// idempotent methods may be repeated (RFC 9110, section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// explain turns the failure of a call before its answer into a fault.
func (x *exchange) explain(err error) *fault.Fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	var known *fault.Fault
	sent := x.conn != nil && x.conn.written.Load() > x.before
	lost := sent && !idempotent(x.method)
	cause := context.Cause(x.ctx)
	switch {
	case x.uploadErr != nil && errors.As(x.uploadErr, &known):
		return known
	case x.caller.Err() != nil:
		return fault.New(fault.CallerGone, "the caller hung up before the target answered").Because(err)
	case errors.As(cause, &known) && known.Code == fault.BodyTimeout:
		return known.Because(err)
	case errors.As(cause, &known) && lost:
		return fault.New(fault.OutcomeUnknown, "the request was sent, and then %s", known.Cause).Because(err)
	case errors.As(cause, &known):
		return known.Because(err)
	case x.uploadErr != nil:
		return fault.New(fault.BodyBroken, "the request body broke off on its way from the caller").Because(x.uploadErr)
	case errors.As(err, &known): // from dial
		return known
	case strings.Contains(err.Error(), "remote error: tls: certificate required"), strings.Contains(err.Error(), "remote error: tls: bad certificate"):
		return fault.New(fault.TargetWantsCert, "the target asked for a client certificate and refused the call without one").Because(err)
	case x.answered:
		return fault.New(fault.TargetBadAnswer, "the head of the target's answer breaks HTTP's rules or is longer than 256 KiB").Because(err)
	case lost:
		return fault.New(fault.OutcomeUnknown, "the request was sent, and the target closed the connection without an answer").Because(err)
	}
	return fault.New(fault.TargetClosed, "the target closed the connection without an answer").Because(err)
}

// upload is the request body on its way to the target.
type upload struct {
	io.ReadCloser
	x *exchange
}

func (u *upload) Read(p []byte) (int, error) {
	u.x.watch.enter(receiving)
	n, err := u.ReadCloser.Read(p)
	u.x.watch.enter(sending)
	u.x.mu.Lock()
	defer u.x.mu.Unlock()
	u.x.sent += int64(n)
	if err != nil && err != io.EOF {
		u.x.uploadErr = err
	}
	return n, err
}

// answer is the body of the target's answer on its way to the caller.
type answer struct {
	io.ReadCloser
	x      *exchange
	want   int64 // announced length, -1 for none
	closed bool
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.x.watch.enter(answering)
	a.x.h.Received += int64(n)
	if err != nil && err != io.EOF {
		err = a.explain(err)
	}
	return n, err
}

func (a *answer) explain(err error) *fault.Fault {
	var known *fault.Fault
	switch {
	case a.x.caller.Err() != nil:
		return fault.New(fault.CallerGone, "the caller hung up before the answer was complete").Because(err)
	case errors.As(context.Cause(a.x.ctx), &known):
		return known.Because(err)
	case a.want >= 0:
		return fault.New(fault.TargetTruncated, "the target announced %d bytes and broke off after %d", a.want, a.x.h.Received).Because(err)
	}
	return fault.New(fault.TargetTruncated, "the target broke off after %d bytes, before the end of its answer", a.x.h.Received).Because(err)
}

// Close ends the exchange; the Hop is final when it returns.
func (a *answer) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	err := a.ReadCloser.Close()
	a.x.end()
	return err
}
