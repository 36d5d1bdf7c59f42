package proxy

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
)

// buffers are for copying answers.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// reply passes the answer on as it comes. The last bytes (the head, when there is no
// body) wait until the call's end is recorded: a caller that has the whole answer
// can rely on its record. An answer of unknown length ends with a final chunk, which
// net/http writes after this returns.
func (c *call) reply(resp *http.Response) error {
	c.status = resp.StatusCode
	c.answerHeader(resp.Header)
	if c.asked != nothing && c.status == http.StatusOK {
		return c.turnContract(resp)
	}
	c.shown()
	if noBody(c.r.Method, resp) {
		resp.Body.Close()
		return c.last(nil)
	}
	c.answer.begin(c.digest(), c.route.evidence.bodies.Body(c.w.Header()))
	return c.pass(resp)
}

// pass sends the body of an answer whose head is ready.
func (c *call) pass(resp *http.Response) error {
	length := resp.ContentLength
	if length < 0 && !c.r.ProtoAtLeast(1, 1) {
		return c.whole(resp)
	}
	if length >= 0 {
		c.w.Header()["Content-Length"] = resp.Header["Content-Length"]
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := resp.Body.Read(*buf)
		if err != nil && err != io.EOF {
			if n > 0 {
				c.send((*buf)[:n])
			}
			return err
		}
		if err == io.EOF || length >= 0 && c.hop.Received == length {
			resp.Body.Close()
			c.trailers(resp)
			return c.last((*buf)[:n])
		}
		if err := c.send((*buf)[:n]); err != nil {
			return err
		}
	}
}

// oldCaller is the longest answer of unknown length for a caller of HTTP/1.0, which has
// no chunks and would take a cut for the end.
const oldCaller = 1 << 20

// whole reads an answer of unknown length and sends it with its length.
func (c *call) whole(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, oldCaller+1))
	if err != nil {
		return err
	}
	if len(data) > oldCaller {
		f := fault.New(fault.TargetBadAnswer, "the answer has no length and is longer than the %d bytes that a caller of HTTP/1.0 can be given", oldCaller)
		f.Fix = "Call with HTTP/1.1."
		return f
	}
	resp.Body.Close()
	c.w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	return c.last(data)
}

// noBody reports whether an answer has no content (RFC 9112, section 6.3).
func noBody(method string, resp *http.Response) bool {
	return method == http.MethodHead || resp.ContentLength == 0 || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
}

// longAnswer is how long an answer runs before a record of its own says so.
const longAnswer = 10 * time.Second

// send writes a part of the answer and flushes it.
func (c *call) send(p []byte) error {
	if c.sent && !c.started && time.Since(c.answering) >= c.long {
		if err := c.record(audit.Started); err != nil {
			return err
		}
	}
	c.answer.see(p)
	c.writeBy(c.route.limits.Idle)
	defer c.rc.SetWriteDeadline(time.Time{}) // HTTP/2 would reset the stream while the target is slow
	return c.write(p)
}

// writeBy cuts a caller that stops reading.
func (c *call) writeBy(limit time.Duration) { c.rc.SetWriteDeadline(time.Now().Add(limit)) }

func (c *call) write(p []byte) error {
	c.writeHead()
	if len(p) == 0 {
		return nil
	}
	n, err := c.w.Write(p)
	c.out += int64(n)
	if err == nil {
		err = c.rc.Flush()
	}
	if err != nil {
		return fault.New(fault.CallerGone, "the caller hung up, or read nothing for %v, before the answer was complete", c.route.limits.Idle).Because(err)
	}
	return nil
}

func (c *call) writeHead() {
	if !c.sent {
		c.sent, c.answering = true, time.Now()
		if c.closes() {
			c.w.Header().Set("Connection", "close")
		}
		c.w.WriteHeader(c.status)
		c.w.Write(nil) // from here on net/http sends no 100
	}
}

// closes reports whether an HTTP/1 connection ends with this answer. What may still come
// of the body must not be read as the next request. Nor must what follows a body in
// chunks, which somebody on the way may have read by its Content-Length: net/http does
// not tell whether there was one too (RFC 9112, section 6.1). The same holds for HTTP/1.0,
// which knows no chunks.
func (c *call) closes() bool {
	return c.r.ProtoMajor == 1 && (!c.body.done.Load() || c.r.ContentLength < 0 || !c.r.ProtoAtLeast(1, 1))
}

// last records the end and then lets the rest of the answer go.
func (c *call) last(p []byte) error {
	c.answer.see(p)
	before := c.out
	c.out += int64(len(p)) // the record counts them as sent; an amendment follows if they are not
	if err := c.record(audit.End); err != nil {
		return err
	}
	c.out = before
	// The deadline stays for what net/http has yet to write; newCall clears it.
	c.writeBy(c.route.limits.Idle)
	p, tail := c.withheld(p)
	if err := c.write(p); err != nil {
		c.amend(err)
	}
	if len(tail) > 0 && c.r.Context().Err() != nil { // it cannot have all
		c.amend(context.Cause(c.r.Context()))
	}
	n, _ := c.w.Write(tail) // into net/http's buffer; what becomes of it there is not told
	c.out += int64(n)
	if !c.body.done.Load() {
		c.release() // the target has done its part
		c.drain()
		c.writeBy(c.route.limits.Idle)
	}
	return nil
}

// lastFrame fits into the buffer of net/http's HTTP/2.
const lastFrame = 2 << 10

// withheld splits off what goes with the end of an HTTP/2 stream. A caller that has as many
// bytes as were announced may reset the stream before its end, and would seem to have hung
// up although it has all.
func (c *call) withheld(p []byte) (now, tail []byte) {
	if c.r.ProtoMajor == 1 || c.w.Header()["Content-Length"] == nil {
		return p, nil
	}
	n := max(0, len(p)-lastFrame)
	return p[:n], p[n:]
}

// amend records that the end which is recorded did not reach the caller.
func (c *call) amend(err error) {
	c.failed = fault.New(fault.CallerGone, "the caller hung up before the last bytes of the answer").Because(err)
	c.status = fault.StatusClientClosed
	if err := c.record(audit.Amend); err != nil {
		c.deps.Log.Error("the end of a call could not be amended", "correlation", c.trace.id, "error", err)
	}
	c.abort()
}

// interim passes an answer of 1xx on (RFC 9110, section 15.2), unless the caller is one
// of HTTP/1.0, which knows none, or net/http may be writing its own 100 to it just now.
func (c *call) interim(status int, h http.Header) {
	if !c.r.ProtoAtLeast(1, 1) || c.continues() {
		return
	}
	c.answerHeader(h)
	c.writeBy(c.route.limits.Idle)
	c.w.WriteHeader(status)
	c.rc.SetWriteDeadline(time.Time{})
	c.clearHeader()
}

// trailers passes the target's trailer on.
func (c *call) trailers(resp *http.Response) {
	if len(resp.Trailer) == 0 {
		return
	}
	for name, values := range trailer(resp.Trailer, c.route.response.names) {
		c.w.Header()[http.TrailerPrefix+name] = values
	}
}
