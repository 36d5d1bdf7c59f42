package balance

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"twohop/internal/fault"
	"twohop/target"
)

// attempt is a call at one endpoint, after others.
type attempt struct {
	group   *Group
	start   time.Time // of the call
	tried   uint32    // endpoints before this one, by bit
	retries int       // of connections and endpoints so far
	index   int       // of the endpoint
	body    *upload   // nil when there is none, or it can be sent again
}

// do makes the call. With one endpoint there is nothing to prepare.
func (a *attempt) do(c *target.Call, h *target.Hop) (*http.Response, *fault.Fault) {
	g, e := a.group, a.group.endpoints[a.index]
	e.running.Add(1)
	if len(g.endpoints) > 1 {
		c = a.addressed(c, e.host)
	}
	resp, err := g.targets[a.index].Do(c, h)
	if err != nil {
		return nil, asFault(err)
	}
	return resp, nil
}

// addressed returns a copy of c for the endpoint with a host, with the time that is left
// and a body that is not lost as long as nobody reads it.
func (a *attempt) addressed(c *target.Call, host string) *target.Call {
	out, req, u := *c, *c.Request, *c.Request.URL
	u.Host = host
	out.Request, req.URL = &req, &u
	if a.tried != 0 {
		out.Limits = left(c.Limits, time.Since(a.start))
	}
	if a.body = nil; c.Data == nil && req.Body != nil && req.Body != http.NoBody {
		a.body = &upload{ReadCloser: req.Body}
		req.Body = a.body
	}
	return &out
}

// withdraw reports whether the body is whole, and keeps it from this attempt.
func (a *attempt) withdraw() bool {
	return a.body == nil || a.body.state.CompareAndSwap(fresh, withdrawn)
}

// States of an upload.
const (
	fresh int32 = iota
	begun
	withdrawn
)

// upload is a request body that is kept for another attempt until its first Read.
type upload struct {
	io.ReadCloser
	state atomic.Int32
}

var errWithdrawn = errors.New("the call goes to another endpoint")

func (u *upload) Read(p []byte) (int, error) {
	if u.state.CompareAndSwap(fresh, begun) || u.state.Load() == begun {
		return u.ReadCloser.Read(p)
	}
	return 0, errWithdrawn
}

// visit is the answer's body; its end is the call's.
type visit struct {
	io.ReadCloser
	cluster  *cluster
	endpoint *endpoint
	bad      *fault.Fault // why the call failed
	silent   bool         // it says nothing about the endpoint
	closed   bool
}

// newVisit takes the body of resp; after a change of protocol it can be written too.
func newVisit(resp *http.Response, c *cluster, e *endpoint, bad *fault.Fault) io.ReadCloser {
	v := &visit{ReadCloser: resp.Body, cluster: c, endpoint: e, bad: bad}
	if w, ok := resp.Body.(io.Writer); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		return struct {
			*visit
			io.Writer
		}{v, w}
	}
	return v
}

func (v *visit) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		if f := asFault(err); judge(f) == silent {
			v.silent = true
		} else {
			v.bad = f
		}
	}
	return n, err
}

// Close ends the call; what was read decides what it says about the endpoint.
func (v *visit) Close() error {
	if v.closed {
		return nil
	}
	v.closed = true
	err := v.ReadCloser.Close()
	v.endpoint.running.Add(-1)
	if !v.silent || v.bad != nil {
		v.cluster.settle(v.endpoint, v.bad)
	}
	return err
}
