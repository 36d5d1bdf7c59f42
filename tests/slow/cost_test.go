//go:build linux

package slow

import (
	"net"
	"testing"
	"time"
)

// TestCost reports what one hostile connection of each kind costs in memory when the door
// does not hold it off. It asserts nothing: door.Fit is built on its figures.
func TestCost(t *testing.T) {
	if *clients < 1000 {
		t.Skip("a report: -clients 1000 or more")
	}
	for _, kind := range []struct {
		name string
		n    int
		act  func(*attack, net.Conn) error
	}{
		{"idle after a call", 2000, idle},
		{"a header of 200 bytes that never ends", 2000, largeHeader(200)},
		{"a header of 63 KiB that never ends", 500, largeHeader(63 << 10)},
		{"60 KiB of a ClientHello", 1000, partialHello},
		{"an upload that nobody reads", 200, upload},
		{"HTTP/2, 1 stream with 60 KiB of header and an unread answer", 200, streams(1, 50<<10)},
		{"HTTP/2, 50 streams with unread answers", 20, streams(50, 100)},
		{"HTTP/2, 50 streams with 60 KiB of header each and unread answers", 20, streams(50, 50<<10)},
	} {
		t.Run(kind.name, func(t *testing.T) {
			b := start(t, `, header_timeout: 60s, max_connections: 15000, max_calls: 10000, per_network: {connections: 15000, calls: 10000, handshakes: 100000/s, burst: 100000}`, target(t), env("GOGC=10"))
			before, _ := b.memory()
			a := b.attack()
			defer a.end()
			a.each(kind.n, 100, kind.act)
			b.await("the connections", func() bool { return a.in.Load()+a.refusd.Load() == int64(kind.n) })
			time.Sleep(2 * time.Second) // what was sent is read
			now, _ := b.memory()
			t.Logf("%d connections, %d refused: %.0f KiB each (%.0f MiB before, %.0f MiB now, %.0f open, %.0f running)", a.in.Load(), a.refusd.Load(), (now-before)*1024/float64(max(1, a.in.Load())), before, now,
				b.metric("twohop_connections "), b.metric("twohop_requests_in_flight"))
		})
	}
}

// TestCostOfARefusal reports what a flood from one network costs the broker.
func TestCostOfARefusal(t *testing.T) {
	if *clients < 1000 {
		t.Skip("a report: -clients 1000 or more")
	}
	b := start(t, "", target(t))
	before, began := b.processor(), b.metric("twohop_connections_refused_total")
	a := b.attack()
	a.flood("127.9.9.9")
	time.Sleep(5 * time.Second)
	a.end()
	n := b.metric("twohop_connections_refused_total") - began
	t.Logf("%.0f connections refused, %d handshakes: %.0f us of processor time for each that was refused", n, a.in.Load(), (b.processor()-before).Seconds()*1e6/n)
}
