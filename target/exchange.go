package target

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"twohop/internal/fault"
)

// exchange is one call on its way: it watches the phases and knows, when something
// breaks, how far the call had come.
type exchange struct {
	ctx        context.Context
	caller     context.Context // done when the caller hung up
	cancel     context.CancelCauseFunc
	stop       context.CancelFunc // of the total; nil for none
	watch      watch
	trace      httptrace.ClientTrace
	upload     upload
	answer     answer
	connected  *generation
	repeatable bool // repeating the call does no harm
	h          *Hop
	start      time.Time

	mu        sync.Mutex // guards what the transport's goroutines report, and h from them
	conn      *conn
	before    int64 // bytes the connection had written for earlier calls
	conns     int
	answered  bool // the first byte of an answer came
	uploadErr error
	sent      int64
	reading   bool // the transport waits for the request body
	over      bool // Do gave up or the hop is final: nothing is reported any more
}

func newExchange(req *http.Request, g *generation, l Limits, h *Hop) *exchange {
	x := &exchange{caller: req.Context(), connected: g, repeatable: repeatable(req), h: h, start: time.Now()}
	ctx := x.caller
	if l.Total > 0 {
		ctx, x.stop = context.WithTimeoutCause(ctx, l.Total, fault.New(fault.TotalTime, "the call was not finished within %v", l.Total))
	}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	x.watch.start(l, x.cancel)
	x.trace = httptrace.ClientTrace{GotConn: x.gotConn, WroteRequest: x.wroteRequest, GotFirstResponseByte: x.firstByte}
	return x
}

// prepare returns req as the transport gets it, observed.
func (x *exchange) prepare(req *http.Request) *http.Request {
	req = req.WithContext(httptrace.WithClientTrace(x.ctx, &x.trace))
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	x.upload = upload{req.Body, x}
	req.Body = &x.upload
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			x.mu.Lock()
			x.sent = 0
			x.mu.Unlock()
			return &upload{body, x}, err
		}
	}
	return req
}

// roundTrip is the transport's, but it comes back when the call is cancelled even
// while the caller's body is silent: the transport waits for the body's Read.
func (x *exchange) roundTrip(req *http.Request) (*http.Response, error) {
	if x.upload.x == nil {
		return x.connected.transport.RoundTrip(req)
	}
	type outcome struct {
		resp *http.Response
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		resp, err := x.connected.transport.RoundTrip(req)
		done <- outcome{resp, err}
	}()
	select {
	case o := <-done:
		return o.resp, o.err
	case <-x.ctx.Done():
	}
	x.mu.Lock()
	x.over = true
	reading := x.reading
	x.mu.Unlock()
	if !reading { // nor will it be, so the transport is about to come back
		o := <-done
		return o.resp, o.err
	}
	return nil, context.Cause(x.ctx) // the cancelled context closes what may still come
}

func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	x.conns++
	c := info.Conn.(*conn)
	x.conn, x.before = c, c.written.Load()
	h := x.h
	h.Address, h.Version, h.Suite, h.Resumed = c.address, c.version, c.suite, c.resumed
	h.Peer, h.Issuer, h.Serial = c.peer, c.issuer, c.serial
	h.Reused, h.Retries = info.Reused, x.conns-1
	h.Connect, h.Handshake = 0, 0
	if !info.Reused {
		h.Connect, h.Handshake = c.connect, c.handshake
	}
	x.watch.enter(waiting)
}

func (x *exchange) wroteRequest(httptrace.WroteRequestInfo) { x.watch.enter(waiting) }

func (x *exchange) firstByte() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	x.answered = true
	x.h.FirstByte = time.Since(x.start)
}

// end makes the hop final.
func (x *exchange) end() {
	x.watch.stop()
	x.cancel(nil)
	if x.stop != nil {
		x.stop()
	}
	x.connected.leave()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	x.h.Sent, x.h.Total = x.sent, time.Since(x.start)
}

// repeatable reports whether a request may be sent again: by its method (RFC 9110,
// section 9.2.2), or by the headers with which net/http is told so.
func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	_, key := req.Header["Idempotency-Key"]
	_, xkey := req.Header["X-Idempotency-Key"]
	return key || xkey
}

// upload is the request body on its way to the target.
type upload struct {
	io.ReadCloser
	x *exchange
}

// errOver ends an upload of a call that was given up.
var errOver = errors.New("the call is over")

func (u *upload) Read(p []byte) (int, error) {
	x := u.x
	x.mu.Lock()
	if x.over {
		x.mu.Unlock()
		return 0, errOver
	}
	x.reading = true
	x.mu.Unlock()
	x.watch.enter(receiving)
	n, err := u.ReadCloser.Read(p)
	x.watch.enter(sending)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reading = false
	x.sent += int64(n)
	if err != nil && err != io.EOF {
		x.uploadErr = err
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
	a.x.watch.enter(answering)
	n, err := a.ReadCloser.Read(p)
	a.x.watch.enter(resting)
	a.x.h.Received += int64(n)
	if err != nil && err != io.EOF {
		err = a.explain(err)
	}
	return n, err
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
