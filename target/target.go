package target

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Target is a service that calls go to. It is safe for concurrent use.
type Target struct {
	*settings
	key        string
	generation atomic.Pointer[generation]
	diagnosis  diagnosis
}

// generation is a set of connections that age together.
type generation struct {
	transport *http.Transport
	ends      time.Time
}

// Hop is what is known of one call's second hop: filled from the connection that
// was really used, final when the answer's body is closed.
type Hop struct {
	Address   string // of the peer, host:port
	Version   uint16 // TLS version, 0 for plain HTTP or no connection
	Suite     uint16
	Peer      string // SHA-256 of the peer's certificate, hex
	Verify    string // how it was verified; the caller of Do fills it
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

// Limits bounds one call in time; zero Total is no limit.
type Limits struct{ FirstByte, Idle, Total time.Duration }

// New checks c and returns the target. No connection is made. The error joins
// *fault.Field values.
func New(c Config, now func() time.Time) (*Target, error) {
	s, err := c.read(now)
	if err != nil {
		return nil, err
	}
	t := &Target{settings: s, key: c.key()}
	t.renew(now())
	return t, nil
}

// transport returns the connections to use, retiring those that are too old: their
// running calls end undisturbed, and then they are closed.
func (t *Target) transport() *http.Transport {
	g := t.generation.Load()
	if now := t.verify.now(); t.Age > 0 && now.After(g.ends) {
		if fresh := t.renew(now); t.generation.CompareAndSwap(g, fresh) {
			g.transport.CloseIdleConnections()
		}
		g = t.generation.Load()
	}
	return g.transport
}

// renew makes a new set of connections and, at the start, puts it in place.
func (t *Target) renew(now time.Time) *generation {
	// Cloned from the default, because a zero Transport treats Expect and pauses
	// differently; everything ambient (proxies of the environment, gzip, HTTP/2) is off.
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.Proxy = nil
	tr.DisableCompression = true
	tr.ForceAttemptHTTP2 = false
	tr.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	tr.MaxIdleConns = 0
	tr.MaxIdleConnsPerHost = 1024
	tr.MaxConnsPerHost = t.MaxConnections
	tr.IdleConnTimeout = t.Idle
	tr.MaxResponseHeaderBytes = 256 << 10
	tr.WriteBufferSize, tr.ReadBufferSize = 16<<10, 16<<10
	tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return t.dial(ctx) }
	tr.DialTLSContext = tr.DialContext
	g := &generation{tr, now.Add(t.Age)}
	t.generation.CompareAndSwap(nil, g)
	return g
}

// Close lets go of the unused connections; running calls end undisturbed.
func (t *Target) Close() { t.generation.Load().transport.CloseIdleConnections() }

// Do sends req, whose URL must be the target's, and returns the answer as soon as its
// head is there. The caller must close the body; h is final then. Every error is a
// *fault.Fault, and so is every error from reading the body other than io.EOF.
func (t *Target) Do(req *http.Request, l Limits, h *Hop) (*http.Response, error) {
	x := newExchange(req, l, h)
	trace := &httptrace.ClientTrace{GotConn: x.gotConn, WroteRequest: x.wroteRequest, GotFirstResponseByte: x.firstByte}
	req = req.WithContext(httptrace.WithClientTrace(x.ctx, trace))
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &upload{req.Body, x}
	}
	resp, err := t.transport().RoundTrip(req)
	if err != nil {
		f := x.explain(err)
		x.end()
		return nil, f
	}
	h.Status = resp.StatusCode
	x.watch.enter(answering)
	resp.Body = &answer{ReadCloser: resp.Body, x: x, want: resp.ContentLength}
	return resp, nil
}
