package console

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
)

// room bounds the connections of a server. When one too many comes, the oldest of the
// address that has the most is closed: who opens many loses their own, and a probe from
// elsewhere is served. It is safe for concurrent use.
type room struct {
	most int

	mu   sync.Mutex
	open []guest // the oldest first
}

type guest struct {
	conn net.Conn
	from netip.Prefix
}

// state is an http.Server.ConnState.
func (r *room) state(c net.Conn, to http.ConnState) {
	switch to {
	case http.StateNew:
		if leaving := r.enter(guest{c, networkOf(c.RemoteAddr().String())}); leaving != nil {
			abort(leaving)
		}
	case http.StateClosed, http.StateHijacked:
		r.leave(c)
	}
}

// enter adds g, and returns the connection that must make room for it, nil for none.
func (r *room) enter(g guest) (leaving net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = append(r.open, g)
	if len(r.open) <= r.most {
		return nil
	}
	has := map[netip.Prefix]int{}
	for _, o := range r.open {
		has[o.from]++
	}
	out := 0
	for i, o := range r.open {
		if has[o.from] > has[r.open[out].from] {
			out = i
		}
	}
	leaving = r.open[out].conn
	r.open = slices.Delete(r.open, out, out+1)
	return leaving
}

func (r *room) leave(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = slices.DeleteFunc(r.open, func(g guest) bool { return g.conn == c })
}

// abort closes a connection without a word: TLS would wait for the other side.
func abort(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	c.Close()
}

// networkOf returns what counts as one address: an IPv4 address, or the /64 that a
// single IPv6 host commonly has to itself. The zero Prefix stands for no IP address.
func networkOf(hostPort string) netip.Prefix {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Prefix{}
	}
	addr := at.Addr().Unmap().WithZone("")
	p, _ := addr.Prefix(min(addr.BitLen(), 64)) // within the address
	return p
}
