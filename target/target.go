package target

import (
	"net/http"
	"time"

	"golang.org/x/net/http/httpguts"

	"twohop/internal/fault"
)

// Target is a service that calls go to. It is safe for concurrent use.
type Target struct {
	*settings
	key       string // in its pool
	idle      idle
	slots     chan struct{} // one for each connection in use; nil for no limit
	diagnosis diagnosis
}

// Call is one call to a target.
type Call struct {
	// Request has the target's URL. Its Body is streamed, with ContentLength when that
	// is more than 0, else in chunks. The Body is never closed; a Read of it that runs
	// when the call ends is the last. Header names are written as the map spells them.
	Request *http.Request

	// Data, when not nil, is the body in place of Request.Body. It can be sent again.
	Data []byte

	// Trailer is asked after the end of a Body that goes in chunks; nil for none.
	Trailer func() http.Header

	// Interim takes answers of 1xx as they come, on the goroutine of Do, except 101;
	// nil drops them.
	Interim func(status int, h http.Header)

	// Repeatable says that sending the call twice does no harm. Methods that promise
	// it (RFC 9110, section 9.2.2) need not say so.
	Repeatable bool

	Limits Limits
}

// Hop is what is known of one call's second hop: filled from the connection that
// was really used, final when the answer's body is closed.
type Hop struct {
	Endpoint  string // host:port of the url that was called; set by balance
	Address   string // of the peer, host:port; the proxy's when there is one
	Version   uint16 // TLS version, 0 for plain HTTP or no connection
	Suite     uint16
	Peer      string // SHA-256 of the peer's certificate, hex
	Issuer    string // of that certificate, RFC 4514
	Serial    string // of that certificate, hex
	Resumed   bool   // TLS session resumption
	Reused    bool   // the connection had served another call
	Retries   int    // further connections and endpoints tried by the same call
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
	t := &Target{settings: s, idle: idle{limit: c.Idle, age: c.Age}, diagnosis: diagnosis{turn: make(chan struct{}, 1)}}
	if c.MaxConnections > 0 {
		t.slots = make(chan struct{}, c.MaxConnections)
	}
	return t, nil
}

// Close lets go of the unused connections; running calls end undisturbed, and then
// their connections are closed too.
func (t *Target) Close() { t.idle.close() }

// Do makes the call and returns the answer as soon as its head is there. The caller
// must close the body; h is final then. Every error is a *fault.Fault, and so is every
// error from reading the body other than io.EOF. A fault that is the cause of the
// request's cancelled context (context.Cause) is that error.
//
// A call is sent again only on a new connection in place of a kept one that turned out
// to be closed, before any byte of an answer, and only when nothing of it was written,
// or it is repeatable and its body at hand.
//
// With a status of 101 the body is an io.ReadWriteCloser: the connection, which then
// speaks another protocol. Limits.Idle bounds how long nothing moves either way.
func (t *Target) Do(c *Call, h *Hop) (*http.Response, error) {
	if !httpguts.ValidHeaderFieldName(c.Request.Method) { // both are tokens, RFC 9110, section 9.1
		return nil, fault.New(fault.BadRequest, "the method is not a token")
	}
	x := &exchange{t: t, call: c, h: h, start: time.Now()}
	x.begin()
	resp, err := x.run()
	if err != nil {
		f := x.explain(err)
		x.end(false)
		return nil, f
	}
	h.Status = resp.StatusCode
	x.answer = answer{ReadCloser: resp.Body, x: x, want: resp.ContentLength, last: resp.Close}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		x.watch.enter(upgraded)
		x.answer.want, x.answer.last = -1, true
		resp.Body = &tunnel{x.answer, x.conn}
		return resp, nil
	}
	x.watch.enter(resting)
	resp.Body = &x.answer
	return resp, nil
}
