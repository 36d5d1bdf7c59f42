package door

import (
	"hash/maphash"
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

// account is what one network holds now. It lasts as long as it holds something.
type account struct {
	network            netip.Prefix
	connections, calls int
}

// networks holds the accounts, and how fast networks connect; whoever uses it holds the
// door's mutex.
//
// The limiters are a fixed number, whatever number of networks there is: those with the
// same hash share one. The seed is random, so that nobody can choose whom to share with.
type networks struct {
	Network
	accounts map[netip.Prefix]*account
	seed     maphash.Seed
	limiters [limiters]*rate.Limiter // nil until one is needed
}

// limiters times 88 bytes is what they take at most.
const limiters = 1 << 15

func newNetworks(n Network) *networks {
	return &networks{Network: n, accounts: map[netip.Prefix]*account{}, seed: maphash.MakeSeed()}
}

// mayConnect reports whether p is within its rate.
func (s *networks) mayConnect(p netip.Prefix, now time.Time) bool {
	l := &s.limiters[maphash.Comparable(s.seed, p)%limiters]
	if *l == nil {
		*l = rate.NewLimiter(s.Handshakes, s.Burst)
	}
	return (*l).AllowN(now, 1)
}

// open returns the account of p, which must be given back by settle.
func (s *networks) open(p netip.Prefix) *account {
	a := s.accounts[p]
	if a == nil {
		a = &account{network: p}
		s.accounts[p] = a
	}
	return a
}

// settle drops an account that holds nothing any more. A call that begins as its
// connection ends may find its account dropped, and another in its place.
func (s *networks) settle(a *account) {
	if a.connections == 0 && a.calls == 0 && s.accounts[a.network] == a {
		delete(s.accounts, a.network)
	}
}
