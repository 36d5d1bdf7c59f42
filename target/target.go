package target

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Target is a service that calls go to. It is safe for concurrent use.
type Target struct {
	*settings
	key       string // in its pool
	current   atomic.Pointer[generation]
	diagnosis diagnosis
}

// Hop is what is known of one call's second hop: filled from the connection that
// was really used, final when the answer's body is closed.
type Hop struct {
	Address   string // of the peer, host:port; the proxy's when there is one
	Version   uint16 // TLS version, 0 for plain HTTP or no connection
	Suite     uint16
	Peer      string // SHA-256 of the peer's certificate, hex
	Issuer    string // of that certificate, RFC 4514
	Serial    string // of that certificate, hex
	Resumed   bool   // TLS session resumption
	Reused    bool   // the connection had served another call
	Retries   int    // further connections tried by the same call
	Connect   time.Duration
	Handshake time.Duration
	FirstByte time.Duration // from the call to the answer's first byte
	Total     time.Duration // from the call to the end of the answer
	Sent      int64         // bytes of the request body
	Received  int64         // bytes of the answer's body
	Status    int           // the target's status; 0 when no answer came
}

// Limits bounds one call in time; a zero one is no limit.
type Limits struct {
	FirstByte time.Duration // from the end of the request to the head of the answer; before, for a connection
	Idle      time.Duration // between two parts of the request's or the answer's body
	Total     time.Duration // for the whole call
}

// New checks c and returns the target. No connection is made. The error joins
// *fault.Field values.
func New(c Config, now func() time.Time) (*Target, error) {
	s, err := c.read(now)
	if err != nil {
		return nil, err
	}
	t := &Target{settings: s, diagnosis: diagnosis{turn: make(chan struct{}, 1)}}
	t.current.Store(t.generation())
	return t, nil
}

// Close lets go of the unused connections; running calls end undisturbed, and then
// their connections are closed too.
func (t *Target) Close() { t.current.Load().retire() }

// Do sends req, whose URL must be the target's, and returns the answer as soon as its
// head is there. The caller must close the body; h is final then. Every error is a
// *fault.Fault, and so is every error from reading the body other than io.EOF. A fault
// that is the cause of req's cancelled context (context.Cause) is that error.
//
// A request is sent again only on a new connection in place of a kept one that turned
// out to be closed, and only when nothing of it was written or it may be repeated: by
// its method, or with GetBody and a header that says so (net/http.Transport).
func (t *Target) Do(req *http.Request, l Limits, h *Hop) (*http.Response, error) {
	x := newExchange(req, t.fresh(), l, h)
	resp, err := x.roundTrip(x.prepare(req))
	if err != nil {
		f := x.explain(err)
		x.end()
		return nil, f
	}
	h.Status = resp.StatusCode
	x.watch.enter(resting)
	x.answer = answer{ReadCloser: resp.Body, x: x, want: resp.ContentLength}
	resp.Body = &x.answer
	return resp, nil
}
