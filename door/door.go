// Package door guards a listener of the front door, so that callers cannot exhaust the
// broker: how many connections it holds, how many a network may hold and open, how many
// calls run, and how many bytes wait for the end of a handshake or a header. Networks
// that are exempt are bound by the whole alone, and a part of the whole is kept for them.
//
// A connection that may not come in is reset before any cryptography.
package door

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"twohop/audit"
	"twohop/metrics"
)

// Config is what one listener lets in. Every number must be above 0.
type Config struct {
	Connections int   // open at a time
	Calls       int   // running at a time
	Unread      int64 // bytes on the wire of handshakes and headers that are not complete
	MaxHeader   int64 // bytes of one request's header; tells why a request was not read

	Network Network
	Exempt  []netip.Prefix

	// Busy returns r in a form that the handler refuses, because as many calls as may
	// run are running, or as many as its network may have.
	Busy func(r *http.Request, network bool) *http.Request

	// Refused is told of each connection that was not let in, and of each handshake that
	// failed. It must return soon.
	Refused func(*audit.Handshake)

	Metrics *metrics.Metrics
	Log     *slog.Logger
	Now     func() time.Time
}

// Network is what one network may take of the door.
type Network struct {
	Connections int        // open at a time
	Calls       int        // running at a time
	Handshakes  rate.Limit // new connections a second
	Burst       int        // new connections at once
	IPv4, IPv6  int        // bits of an address that name its network
}

// Door guards one listener. It is safe for concurrent use.
type Door struct {
	Config
	report report
	hellos hellos

	mu       sync.Mutex
	networks *networks
	open     class[int]        // connections
	calls    class[int]        // running
	refusals int               // being told that the broker is busy
	unread   int64             // bytes
	unheard  class[*list.List] // of *conn without a whole request since their start or their last call, who sent something; the longest waiting in front
	idle     class[*list.List] // of *conn between two calls, the longest idle in front
}

// class is a thing for guests and for the exempt.
type class[T any] struct{ guests, exempt T }

func (c *class[T]) of(exempt bool) *T {
	if exempt {
		return &c.exempt
	}
	return &c.guests
}

// New returns a door that is open.
func New(c Config) *Door {
	d := &Door{Config: c, networks: newNetworks(c.Network),
		unheard: class[*list.List]{list.New(), list.New()}, idle: class[*list.List]{list.New(), list.New()}}
	d.report.log = c.Log
	return d
}

// keptForExempt is the part of the connections and calls that guests cannot take.
const keptForExempt = 10 // one tenth

// most returns how many of limit there may be before one more comes in.
func (d *Door) most(limit int, exempt bool) int {
	if exempt || len(d.Exempt) == 0 {
		return limit
	}
	return limit - max(1, limit/keptForExempt)
}

func (d *Door) exempt(a netip.Addr) bool {
	for _, p := range d.Exempt {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Reasons of a connection that was refused or closed to make room.
const (
	overRate    = "handshake_rate"      // the network opens connections too fast
	networkFull = "network_connections" // the network holds as many as it may
	full        = "connections"         // the door holds as many as it may, all in use
	madeRoom    = "made_room"           // closed for a newer connection
	tooMuch     = "unread_bytes"        // closed: handshakes and headers hold too many bytes
	tooBusy     = "calls"               // cut: too many refused calls have not read their refusal
)

// admit returns the connection as the door keeps it, or the reason why it may not come
// in, and a connection that must be closed for it.
func (d *Door) admit(nc net.Conn) (c *conn, victim *conn, reason string) {
	now, address := d.Now(), addressOf(nc)
	c = &conn{Conn: nc, door: d, exempt: d.exempt(address), network: d.Network.of(address)}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !c.exempt {
		a := d.networks.accounts[c.network]
		switch {
		case !d.networks.mayConnect(c.network, now):
			return c, nil, overRate
		case a != nil && a.connections >= d.Network.Connections:
			return c, nil, networkFull
		}
	}
	if d.open.guests+d.open.exempt >= d.most(d.Connections, c.exempt) {
		if victim = d.leastMissed(now, c.exempt); victim == nil {
			return c, nil, full
		}
		victim.forget()
	}
	*d.open.of(c.exempt)++
	if !c.exempt {
		c.account = d.networks.open(c.network)
		c.account.connections++
	}
	c.wait(d.unheard.of(c.exempt), now)
	return c, victim, ""
}

// patience is how long a handshake or a header may take while others want in.
const patience = time.Second

// leastMissed chooses whom to close for a new connection: the guest whose handshake or
// header has taken longest, then the guest that has been idle longest. For one of the
// exempt, guests and idle connections must go whatever they do, short of a call.
func (d *Door) leastMissed(now time.Time, forExempt bool) *conn {
	slow, idle := d.unheard.guests.Front(), d.idle.guests.Front()
	switch {
	case slow != nil && now.Sub(slow.Value.(*conn).since) > patience:
		return slow.Value.(*conn)
	case idle != nil:
		return idle.Value.(*conn)
	case !forExempt:
		return nil
	case slow != nil:
		return slow.Value.(*conn)
	}
	if idle := d.idle.exempt.Front(); idle != nil {
		return idle.Value.(*conn)
	}
	return nil
}

// received counts n bytes that c sent before its request was whole, and returns what
// must be closed for them.
func (d *Door) received(c *conn, n int) (victims []*conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.list == nil {
		return nil // a call began meanwhile, or it is closed
	}
	if c.list == *d.idle.of(c.exempt) {
		c.wait(d.unheard.of(c.exempt), d.Now())
	}
	c.unread += int64(n)
	d.unread += int64(n)
	for d.unread > d.Unread {
		oldest := d.unheard.guests.Front()
		if oldest == nil {
			oldest = d.unheard.exempt.Front()
		}
		victim := oldest.Value.(*conn)
		victim.forget()
		victims = append(victims, victim)
	}
	return victims
}

// refused counts a connection that was closed without a word.
func (d *Door) refused(c *conn, reason string) {
	d.Metrics.ConnectionRefused(reason)
	d.report.note(c.network.String(), reason)
}
