package routes

import "strconv"

// room compares how much a listener lets in. 0 is what fits the memory, or a part of
// the whole: it is a bound too, so a number in its place is not called weaker.
func (d *differ) room(old, now *Listener) {
	for _, n := range []struct {
		what     string
		old, now int
	}{
		{"holds connections up to", old.MaxConnections, now.MaxConnections},
		{"runs calls at a time up to", old.MaxCalls, now.MaxCalls},
		{"holds connections of one network up to", old.PerNetwork.Connections, now.PerNetwork.Connections},
		{"runs calls of one network up to", old.PerNetwork.Calls, now.PerNetwork.Calls},
	} {
		if n.old != n.now {
			d.add(n.old != 0 && n.now > n.old, "%s %v instead of %v", n.what, orItsShare(n.now), orItsShare(n.old))
		}
	}
	x, y := old.PerNetwork, now.PerNetwork
	replaced(d, y.Handshakes.PerSecond() > x.Handshakes.PerSecond(), "lets one network connect at", x.Handshakes, y.Handshakes)
	replaced(d, y.Burst > x.Burst, "lets one network connect at once up to", x.Burst, y.Burst)
	replaced(d, y.IPv4 > x.IPv4, "counts as an IPv4 network", prefix(x.IPv4), prefix(y.IPv4))
	replaced(d, y.IPv6 > x.IPv6, "counts as an IPv6 network", prefix(x.IPv6), prefix(y.IPv6))
	for _, n := range minus(now.Exempt, old.Exempt) {
		d.add(true, "newly exempts %v from the limits of a network", n)
	}
	for _, n := range minus(old.Exempt, now.Exempt) {
		d.add(false, "no longer exempts %v from the limits of a network", n)
	}
}

func orItsShare(n int) any {
	if n == 0 {
		return "its share"
	}
	return n
}

func prefix(bits int) string { return "/" + strconv.Itoa(bits) }
