package target

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// generation is a set of connections that age together.
type generation struct {
	transport *http.Transport
	ends      time.Time // zero for never
	retired   atomic.Bool
}

// generation makes a new set of connections, none of them open yet.
func (t *Target) generation() *generation {
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
	g := &generation{transport: tr}
	if t.Age > 0 {
		g.ends = t.verify.now().Add(t.Age)
	}
	return g
}

// fresh returns the connections to use, retiring those that are too old.
func (t *Target) fresh() *generation {
	g := t.current.Load()
	if g.ends.IsZero() || !t.verify.now().After(g.ends) {
		return g
	}
	if t.current.CompareAndSwap(g, t.generation()) {
		g.retire()
	}
	return t.current.Load()
}

// retire closes the unused connections; those in use are closed when their call ends.
func (g *generation) retire() {
	g.retired.Store(true)
	g.transport.CloseIdleConnections()
}

// leave is called at the end of each call. One that began just before its generation
// was retired has made the transport keep connections again.
func (g *generation) leave() {
	if g.retired.Load() {
		g.transport.CloseIdleConnections()
	}
}
