package proxy

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/target"
)

// forward sends the call to the target and its answer to the caller.
func (c *call) forward() error {
	out, err := c.outgoing()
	if err != nil {
		return err
	}
	if err := c.record(audit.Begin); err != nil {
		return err
	}
	c.begun = true
	resp, err := c.way.target.Do(out, &c.hop)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return c.tunnel(resp)
	}
	return c.reply(resp)
}

// outgoing builds the call to the target.
func (c *call) outgoing() (*target.Call, error) {
	in := c.r
	out := &target.Call{Limits: c.route.limits, Repeatable: c.route.idempotent, Interim: c.interim}
	ctx := in.Context()
	if c.upgrades() {
		ctx, c.hangUp = context.WithCancel(ctx)
	}
	out.Request = (&http.Request{
		Method: in.Method, URL: c.address(), Host: c.host(), Header: c.requestHeader(), ContentLength: in.ContentLength,
	}).WithContext(ctx)
	most := c.hold()
	switch {
	case in.ContentLength == 0:
		return out, nil
	case most > 0:
		var err error
		out.Data, err = c.spool(most)
		return out, err
	}
	out.Request.Body = c.body
	if announced := trailer(in.Trailer, c.reserved); len(announced) > 0 && in.ContentLength < 0 {
		out.Request.Header["Trailer"] = []string{strings.Join(slices.Sorted(maps.Keys(announced)), ", ")}
		out.Trailer = func() http.Header { return trailer(in.Trailer, c.reserved) }
	}
	if in.ProtoMajor == 1 {
		c.rc.EnableFullDuplex() // a target may answer while the body is still coming
	}
	return out, nil
}

// What is read of a request body before the target hears of the call.
const (
	shortBody  = 16 << 10 // the head and it are one write
	repeatBody = 64 << 10 // kept so that the call can be sent again
)

// hold returns the longest body that is read whole first; 0 says that it is streamed.
func (c *call) hold() int64 {
	switch n := c.r.ContentLength; {
	case n < 0:
		return c.way.bufferRequest
	case n <= shortBody, n <= repeatBody && c.route.idempotent:
		return n
	}
	return 0
}

// address is the call's URL at the target.
func (c *call) address() *url.URL {
	w := c.way
	path := splice(w.base, c.rest)
	c.base = w.base
	if t := c.route.rewrite; t != nil {
		c.base, path = t.fill(c.match.vars, c.rest)
	}
	query := c.r.URL.RawQuery
	if w.query != "" && query != "" {
		query = w.query + "&" + query
	} else if w.query != "" {
		query = w.query
	}
	u := &url.URL{Scheme: w.scheme, Host: w.host, RawPath: path, RawQuery: query, ForceQuery: c.r.URL.ForceQuery}
	u.Path, _ = url.PathUnescape(path) // path is made of escaped parts
	return u
}

func (c *call) host() string {
	switch c.way.hostPolicy {
	case "caller":
		return c.r.Host
	case "target":
		return "" // the URL's
	}
	return c.way.hostPolicy
}

// buffers are for copying answers.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// reply passes the answer on as it comes. The last bytes (the head, when there is no
// body) wait until the call's end is recorded: a caller that has the whole answer
// can rely on its record. An answer of unknown length ends with a final chunk, which
// net/http writes after this returns.
func (c *call) reply(resp *http.Response) error {
	c.status = resp.StatusCode
	c.answerHeader(resp.Header)
	length := resp.ContentLength
	if noBody(c.r.Method, resp) {
		resp.Body.Close()
		return c.last(nil)
	}
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

// send writes a part of the answer and flushes it.
func (c *call) send(p []byte) error {
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
		c.sent = true
		if c.closes() {
			c.w.Header().Set("Connection", "close")
		}
		c.w.WriteHeader(c.status)
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
	before := c.out
	c.out += int64(len(p)) // the record counts them as sent; an amendment follows if they are not
	if err := c.record(audit.End); err != nil {
		return err
	}
	c.out = before
	// The deadline stays for what net/http has yet to write; newCall clears it.
	c.writeBy(c.route.limits.Idle)
	if err := c.write(p); err != nil {
		c.amend(err)
	}
	if !c.body.done.Load() {
		c.release() // the target has done its part
		c.drain()
	}
	return nil
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

// interim passes an answer of 1xx on (RFC 9110, section 15.2). A caller of HTTP/1.0
// knows none.
func (c *call) interim(status int, h http.Header) {
	if !c.r.ProtoAtLeast(1, 1) {
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
