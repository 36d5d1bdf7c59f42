package proxy

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"twohop/internal/fault"
	"twohop/routes"
)

// doors holds the hosts of each listener by its address; a listener that is not in it
// takes calls for every host.
type doors map[string]map[string]bool

func newDoors(listen []routes.Listener) doors {
	d, open := doors{}, map[string]bool{}
	for _, l := range listen {
		if d[l.Address] == nil {
			d[l.Address] = map[string]bool{}
		}
		for _, h := range l.Hosts {
			d[l.Address][plain(strings.ToLower(strings.TrimSuffix(h, ".")))] = true
		}
		open[l.Address] = open[l.Address] || len(l.Hosts) == 0
	}
	for a := range open {
		if open[a] {
			delete(d, a)
		}
	}
	return d
}

// take reports whether the listener takes calls for host, as hostname returns it.
func (d doors) take(listener, host string) bool {
	hosts := d[listener]
	return hosts == nil || hosts[host] || hosts[plain(host)]
}

// plain returns an IP address in the one form that all its spellings share, and any
// other host as it is.
func plain(host string) string {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String()
	}
	return host
}

// Listener is where calls came in.
type Listener struct {
	Address    string // as in routes.yaml
	IPv4, IPv6 int    // bits of a caller's address that make a network
}

type listenerKey struct{}

// At says on which listener the calls below ctx came in.
func At(ctx context.Context, l Listener) context.Context {
	return context.WithValue(ctx, listenerKey{}, l)
}

// network returns the network of an address, host:port; the zero Prefix for what is none.
func (l Listener) network(address string) netip.Prefix {
	ap, _ := netip.ParseAddrPort(address)
	a, bits := ap.Addr().Unmap().WithZone(""), l.IPv6
	if a.Is4() {
		bits = l.IPv4
	}
	p, _ := a.Prefix(bits)
	return p
}

type refusalKey struct{}

// Refused returns r as a call that the broker refuses with f, and records.
func Refused(r *http.Request, f *fault.Fault) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), refusalKey{}, f))
}

// atTheDoor returns why the call may not come in.
func (c *call) atTheDoor() *fault.Fault {
	ctx := c.r.Context()
	if f, ok := ctx.Value(refusalKey{}).(*fault.Fault); ok {
		return f
	}
	if !c.doors.take(c.listener().Address, hostname(c.r.Host)) {
		return fault.New(fault.Misdirected, "this broker does not serve the host that the call names")
	}
	return nil
}

func (c *call) listener() Listener {
	l, _ := c.r.Context().Value(listenerKey{}).(Listener)
	return l
}
