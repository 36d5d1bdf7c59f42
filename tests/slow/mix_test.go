//go:build linux

package slow

import (
	"testing"
	"time"
)

// TestTheWorstMix attacks a broker that has 512 MiB in every way at once, from many
// networks, with the limits that it chooses itself.
func TestTheWorstMix(t *testing.T) {
	const limit = 512 << 20
	var b *Broker
	group, bounded := newCgroup(t, limit)
	if bounded {
		b = start(t, "", target(t), inside(group))
	} else {
		t.Log("no cgroup can be made here: GOMEMLIMIT and the resident size stand for one")
		b = start(t, "", target(t), env("GOMEMLIMIT=460MiB"))
	}
	alone := b.honestly(4)
	time.Sleep(3 * time.Second)
	t.Log("honest callers alone:      ", alone.end())

	n, length := min(*clients, 200), 20*time.Second // some 6,000 connections, which this process holds too
	good := b.honestly(4)
	a := b.attack()
	a.each(20*n, 20, idle)
	a.each(5*n, 20, largeHeader(200))
	a.each(5*n, 20, largeHeader(63<<10))
	a.each(5*n, 20, partialHello)
	a.each(n/2, 5, streams(100, 50<<10))
	a.each(2*n, 20, upload)
	a.flood("127.9.9.9")
	a.flood("127.9.8.9")
	var open, running float64
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(time.Second) {
		open, running = max(open, b.metric("twohop_connections ")), max(running, b.metric("twohop_requests_in_flight"))
	}
	in, out := a.in.Load(), a.refusd.Load()
	a.end()
	during := good.end()
	now, most := b.memory()
	t.Log("honest callers, under fire:", during)
	t.Logf("%d hostile connections got in, %d did not; at most %.0f open and %.0f calls running", in, out, open, running)
	for _, reason := range []string{"handshake_rate", "network_connections", "connections", "made_room", "unread_bytes", "calls"} {
		t.Logf("refused, %s: %.0f", reason, b.metric(`twohop_connections_refused_total{reason="`+reason+`"}`))
	}
	t.Logf("calls refused as busy: %.0f", b.metric(`twohop_faults_total{code="broker_busy"`))
	t.Logf("resident: %.0f MiB at most, %.0f MiB after", most, now)
	if bounded {
		t.Logf("cgroup: %.0f MiB at most", group.peak(t))
	}
	during.check(t)
	if most > limit>>20 {
		t.Errorf("%.0f MiB resident at most", most)
	}
	b.await("the hostile connections to be gone", func() bool { return b.metric("twohop_connections ") == 0 })
}
