package console

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// Bounded returns l with at most most connections open at a time. When one more comes,
// the oldest of the address that has the most is closed: who opens many loses their
// own, and a probe from elsewhere is served.
func Bounded(l net.Listener, most int) net.Listener { return &bounded{Listener: l, most: most} }

type bounded struct {
	net.Listener
	most int

	mu   sync.Mutex
	open []*boundedConn // the oldest first
}

type boundedConn struct {
	net.Conn
	from netip.Prefix
	of   *bounded
}

func (b *bounded) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	entering := &boundedConn{c, networkOf(c.RemoteAddr().String()), b}
	if leaving := b.enter(entering); leaving != nil {
		leaving.Close()
	}
	return entering, nil
}

// enter adds c, and returns who must leave for it, nil for nobody.
func (b *bounded) enter(c *boundedConn) (leaving *boundedConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = append(b.open, c)
	if len(b.open) <= b.most {
		return nil
	}
	has := map[netip.Prefix]int{}
	for _, o := range b.open {
		has[o.from]++
	}
	leaving = b.open[0]
	for _, o := range b.open {
		if has[o.from] > has[leaving.from] {
			leaving = o
		}
	}
	return leaving
}

func (c *boundedConn) Close() error {
	c.of.mu.Lock()
	if i := slices.Index(c.of.open, c); i >= 0 {
		c.of.open = slices.Delete(c.of.open, i, i+1)
	}
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite is what net/http does before it closes a connection on which more comes
// than it reads, so that its answer arrives.
func (c *boundedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// NetConn returns the connection itself, to ask the system about it.
func (c *boundedConn) NetConn() net.Conn { return c.Conn }

// networkOf returns what counts as one address: an IPv4 address, or the /64 that a
// single IPv6 host commonly has to itself. The zero Prefix stands for no IP address.
func networkOf(hostPort string) netip.Prefix {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Prefix{}
	}
	addr := at.Addr().Unmap().WithZone("")
	bits := min(addr.BitLen(), 64)
	p, _ := addr.Prefix(bits) // bits are in range
	return p
}
