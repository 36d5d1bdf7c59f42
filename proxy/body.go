package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
)

// callerBody is the request body: bounded and counted. The transport may still read
// it while the call is being refused.
type callerBody struct {
	io.ReadCloser
	one  sync.Mutex   // one reader at a time: an HTTP/2 body wakes only one when it is cut
	want int64        // Content-Length, -1 when chunked
	max  atomic.Int64 // 0 until the route is known
	read atomic.Int64
	done atomic.Bool // read to its end, or there is none

	ahead []byte  // was read to tell the operation; comes first
	watch watched // sees what is passed on; not what is discarded
}

func newCallerBody(r *http.Request) *callerBody {
	b := &callerBody{ReadCloser: r.Body, want: r.ContentLength}
	b.done.Store(r.ContentLength == 0)
	return b
}

func (b *callerBody) Read(p []byte) (int, error) {
	n, err := b.take(p, true)
	if most := b.max.Load(); b.read.Load() > most {
		return 0, tooLarge(most)
	}
	return n, err
}

// take reads without the bound; pass says that the bytes within it are passed on.
func (b *callerBody) take(p []byte, pass bool) (int, error) {
	b.one.Lock()
	defer b.one.Unlock()
	if len(b.ahead) > 0 { // observe has seen it
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		return n, nil
	}
	n, err := b.ReadCloser.Read(p)
	read := b.read.Add(int64(n))
	if pass && read <= b.max.Load() {
		b.watch.see(p[:n]) // before anybody may know that it was the last
	}
	if err == io.EOF || read == b.want {
		b.done.Store(true)
	}
	return n, err
}

// settle waits until nobody reads.
func (b *callerBody) settle() {
	b.one.Lock()
	defer b.one.Unlock()
}

// Close does nothing: the transport closes bodies that it did not send, and a refusal
// still has to drain them. net/http closes the body after the call.
func (b *callerBody) Close() error { return nil }

// What is read of a request body that nobody wants, so that its sender gets the
// answer instead of a reset: .NET sends the whole body before it reads.
const (
	drainBytes  = 64 << 20
	drainTime   = 20 * time.Second
	drainPause  = 10 * time.Second // a busy .NET encrypts a whole body before it sends a byte
	streamPause = time.Second      // of HTTP/2
	smallBody   = 256 << 10        // read first, so that the connection can be kept
	smallTime   = 3 * time.Second
	drainBuffer = 32 << 10
)

// settle prepares an answer while the request body may still be coming. A short body
// is read first, so that the connection can be kept; otherwise the answer goes out at
// once, and settle reports that the rest must be drained.
func (c *call) settle() (unread bool) {
	if c.body.done.Load() {
		return false
	}
	if c.r.ProtoMajor == 1 {
		c.rc.EnableFullDuplex() // or net/http reads on its own terms; HTTP/1 always has it
	}
	expects := c.r.Header.Get("Expect") != ""
	if n := c.r.ContentLength; !expects && n > 0 && n <= smallBody {
		c.discard(smallBody, smallTime)
		if c.body.done.Load() {
			c.rc.SetReadDeadline(time.Time{})
			return false
		}
	}
	return true
}

// continues reports whether net/http still has to answer Expect: 100-continue: it does so
// in the first Read of the body, which another goroutine may have begun.
func (c *call) continues() bool {
	return c.r.ProtoMajor == 1 && c.r.Header.Get("Expect") != "" && !c.body.done.Load() && c.body.read.Load() == 0
}

// drain sends the answer and reads on until the caller has sent everything, hangs up,
// or a bound is reached. A caller of HTTP/2 may have stopped at the head of a refusal, and
// wait for the end of the stream, so that one is not waited for long; another, curl 7.88,
// loses the answer when the stream ends before it has sent everything.
func (c *call) drain() {
	c.rc.Flush()
	c.discard(drainBytes, drainTime)
}

// discard reads the body away, up to most bytes and limit in all.
func (c *call) discard(most int64, limit time.Duration) {
	buf := make([]byte, drainBuffer)
	end, pause := time.Now().Add(limit), drainPause
	if c.r.ProtoMajor != 1 {
		pause = streamPause
	}
	for n := int64(0); n < most && !c.body.done.Load(); {
		deadline := time.Now().Add(pause)
		if deadline.After(end) {
			deadline = end
		}
		c.rc.SetReadDeadline(deadline)
		got, err := c.body.take(buf, false)
		n += int64(got)
		if err != nil {
			return
		}
	}
}

// spool reads a body whole, in time: for a target that takes no chunks, or so that
// the call can be sent again.
func (c *call) spool(most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(punctual{c}, most+1))
	c.rc.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		return nil, bodyFault(err)
	case int64(len(data)) > most:
		return nil, tooLarge(most)
	}
	return data, nil
}

// bodyFault says why a body could not be read.
func bodyFault(err error) error {
	var known *fault.Fault
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.BodyTimeout, "the request body did not come within the route's idle and total limits").Because(fault.Unquoted(err))
	}
	return fault.New(fault.BodyBroken, "the request body broke off on its way from the caller").Because(fault.Unquoted(err))
}

// punctual reads the caller's body under the route's limits.
type punctual struct{ c *call }

func (p punctual) Read(b []byte) (int, error) {
	limits := p.c.route.limits
	end := time.Now().Add(limits.Idle)
	if whole := p.c.began.Add(limits.Total); limits.Total > 0 && whole.Before(end) {
		end = whole
	}
	p.c.rc.SetReadDeadline(end)
	return p.c.body.Read(b)
}
