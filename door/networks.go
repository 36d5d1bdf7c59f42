package door

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// of returns the network of an address.
func (n Network) of(a netip.Addr) netip.Prefix {
	bits := n.IPv6
	if a.Is4() {
		bits = n.IPv4
	}
	p, _ := a.Prefix(bits) // invalid for the zero Addr, and a network of its own
	return p
}

// mostNetworks bounds the memory of networks; those beyond share one account.
const mostNetworks = 100_000

// network is the account of one network. It lasts while the network has a connection,
// or opened one so lately that its limiter remembers.
type network struct {
	limiter            rate.Limiter
	connections, calls int32
}

// networks holds the accounts; whoever uses it holds the door's mutex.
type networks struct {
	Network
	accounts map[netip.Prefix]*network
	rest     *network
	swept    time.Time
}

func newNetworks(n Network) networks {
	s := networks{Network: n, accounts: map[netip.Prefix]*network{}}
	s.rest = s.open()
	return s
}

func (s *networks) open() *network {
	return &network{limiter: *rate.NewLimiter(s.Handshakes, s.Burst)}
}

// get returns the account of p. It is not kept by name once it is at rest, so whoever
// holds a connection keeps the pointer.
func (s *networks) get(p netip.Prefix, now time.Time) *network {
	if n := s.accounts[p]; n != nil {
		return n
	}
	s.sweep(now)
	if len(s.accounts) >= mostNetworks {
		return s.rest
	}
	n := s.open()
	s.accounts[p] = n
	return n
}

// sweepEvery is how often accounts at rest are looked for.
const sweepEvery = 10 * time.Second

// sweep drops the accounts at rest: a new one would be like them. The map is made anew,
// because one that has grown never shrinks.
func (s *networks) sweep(now time.Time) {
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	kept := map[netip.Prefix]*network{}
	for p, n := range s.accounts {
		if n.connections > 0 || n.calls > 0 || n.limiter.TokensAt(now) < float64(s.Burst) {
			kept[p] = n
		}
	}
	s.accounts = kept
}
