package door

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"twohop/audit"
)

// Listener returns l with the door in front of it. Closing it ends the door's report.
func (d *Door) Listener(l net.Listener) net.Listener { return &listener{l, d} }

type listener struct {
	net.Listener
	door *Door
}

// Accept returns the next connection that may come in. The others are closed here, in
// the one goroutine that accepts, so that they cost little.
func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, victim, reason := l.door.admit(nc)
		if victim != nil {
			l.door.refused(victim, madeRoom)
			victim.Close()
		}
		if reason == "" {
			return c, nil
		}
		l.door.refused(c, reason)
		l.door.Refused(&audit.Handshake{Time: l.door.Now(), Address: addressOf(nc), Network: c.network, Cause: reason})
		reset(nc)
	}
}

func (l *listener) Close() error {
	l.door.report.flush()
	return l.Listener.Close()
}

// reset closes without leaving anything behind in the kernel.
func reset(nc net.Conn) {
	if t, ok := nc.(*net.TCPConn); ok {
		t.SetLinger(0) // without it the close is only slower
	}
	nc.Close()
}

// conn is a connection that the door let in.
type conn struct {
	net.Conn
	door    *Door
	exempt  bool
	network netip.Prefix

	begun, handled atomic.Int64 // requests that net/http began to read, and those it handed on
	calling        atomic.Bool  // a call is running: what is read belongs to it
	late           atomic.Bool  // the last read ran into its deadline
	wrote          atomic.Int64 // bytes since the last request was read

	// Guarded by door.mu.
	account *account   // nil for the exempt
	list    *list.List // where element is; nil while a call runs and when closed
	element *list.Element
	since   time.Time // in list
	unread  int64
	sent    int64 // bytes of the request that was read last, or that is being read
	gone    bool

	helloed bool // its hello is kept; guarded by door.hellos.mu
}

// of returns the door's connection below nc, nil for none.
func of(nc net.Conn) *conn {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	c, _ := nc.(*conn)
	return c
}

// Read counts what comes before a request is whole.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.late.Store(errors.Is(err, os.ErrDeadlineExceeded))
	if n > 0 && !c.calling.Load() {
		for _, victim := range c.door.received(c, n) {
			c.door.refused(victim, tooMuch)
			reset(victim.Conn)
		}
	}
	return n, err
}

// Write counts what tells an answer from silence.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wrote.Add(int64(n))
	return n, err
}

// Close closes the connection and gives its place back.
func (c *conn) Close() error {
	c.door.mu.Lock()
	c.forget()
	c.door.mu.Unlock()
	c.door.hellos.drop(c)
	return c.Conn.Close()
}

// forget gives the place of c back, once; door.mu is held.
func (c *conn) forget() {
	if c.gone {
		return
	}
	c.gone = true
	c.leave()
	*c.door.open.of(c.exempt)--
	if c.account != nil {
		c.account.connections--
		c.door.networks.settle(c.account)
	}
}

// wait puts c at the end of l, from wherever it was; door.mu is held.
func (c *conn) wait(l **list.List, now time.Time) {
	c.leave()
	c.list, c.element, c.since = *l, (*l).PushBack(c), now
}

// leave takes c out of its list, with the bytes that it had sent; door.mu is held.
func (c *conn) leave() {
	if c.list == nil {
		return
	}
	c.list.Remove(c.element)
	c.door.unread -= c.unread
	c.sent, c.unread = c.unread, 0
	c.list, c.element = nil, nil
}

// State is for http.Server.ConnState.
func (d *Door) State(nc net.Conn, state http.ConnState) {
	c := of(nc)
	if c == nil {
		return
	}
	switch state {
	case http.StateNew:
		d.Metrics.Connections(1)
	case http.StateActive:
		if c.begun.Add(1) == 1 {
			d.hellos.drop(c)
		}
		c.calling.Store(true)
		c.wrote.Store(0)
		d.mu.Lock()
		c.leave()
		d.mu.Unlock()
	case http.StateIdle:
		d.mu.Lock()
		if !c.gone {
			c.wait(d.idle.of(c.exempt), d.Now())
		}
		d.mu.Unlock()
		c.calling.Store(false)
	case http.StateClosed, http.StateHijacked:
		d.Metrics.Connections(-1)
		if !isHTTP2(nc) && c.begun.Load() > c.handled.Load() {
			d.Metrics.Unparsed(c.whyUnparsed())
		}
	}
}

// isHTTP2 tells connections whose states do not count requests.
func isHTTP2(nc net.Conn) bool {
	t, ok := nc.(*tls.Conn)
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

// alert is more than a TLS alert and less than an HTTP answer takes on the wire.
const alert = 64

// whyUnparsed says why net/http did not hand on the last request. It does not tell
// itself; how reading ended, what was sent
// and what was answered do.
func (c *conn) whyUnparsed() string {
	c.door.mu.Lock()
	sent := c.sent
	c.door.mu.Unlock()
	switch {
	case c.late.Load():
		return "timeout"
	case c.wrote.Load() <= alert:
		return "broken_off"
	case sent > c.door.MaxHeader:
		return "too_large"
	}
	return "malformed"
}

// peerOf returns the address and port that c comes from.
func peerOf(c *conn) netip.AddrPort {
	a, _ := c.RemoteAddr().(*net.TCPAddr)
	if a == nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addressOf(c), a.AddrPort().Port())
}

// addressOf returns where nc comes from, the zero Addr when that is no IP address.
func addressOf(nc net.Conn) netip.Addr {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
