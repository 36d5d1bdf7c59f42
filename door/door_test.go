package door

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/metrics"
)

// peer is the door's side of a connection from an address.
type peer struct {
	net.Conn
	from   netip.AddrPort
	closed bool
}

func (p *peer) RemoteAddr() net.Addr              { return net.TCPAddrFromAddrPort(p.from) }
func (p *peer) Close() error                      { p.closed = true; return nil }
func (p *peer) Read(b []byte) (int, error)        { return len(b), nil }
func (p *peer) Write(b []byte) (int, error)       { return len(b), nil }
func (p *peer) SetReadDeadline(_ time.Time) error { return nil }

func connect(from string) *peer {
	return &peer{from: netip.AddrPortFrom(netip.MustParseAddr(from), 50000)}
}

// queue is a listener of connections that are there already.
type queue struct{ conns []net.Conn }

func (q *queue) Accept() (net.Conn, error) {
	if len(q.conns) == 0 {
		return nil, net.ErrClosed
	}
	c := q.conns[0]
	q.conns = q.conns[1:]
	return c, nil
}
func (q *queue) Close() error   { return nil }
func (q *queue) Addr() net.Addr { return nil }

// arrive lets peers connect, and returns those that came in as the server sees them.
func arrive(t *testing.T, d *Door, peers ...*peer) (in []net.Conn) {
	t.Helper()
	q := &queue{}
	for _, p := range peers {
		q.conns = append(q.conns, p)
	}
	for l := d.Listener(q); ; {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return in
		}
		if err != nil {
			t.Fatal(err)
		}
		d.State(c, http.StateNew)
		in = append(in, c)
	}
}

func closed(peers ...*peer) (s string) {
	for _, p := range peers {
		s += map[bool]string{true: "x", false: "."}[p.closed]
	}
	return s
}

func many(n int, from string) (peers []*peer) {
	for range n {
		peers = append(peers, connect(from))
	}
	return peers
}

func TestANetworkHoldsItsShare(t *testing.T) {
	c := wide()
	c.Network.Connections = 2
	c.Exempt = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	d := New(c)
	a := []*peer{connect("192.0.2.1"), connect("192.0.2.200"), connect("192.0.2.7"), connect("192.0.3.7"), connect("::ffff:192.0.2.9")}
	in := arrive(t, d, a...)
	if got := closed(a...); got != "..x.x" {
		t.Errorf("of one /24: %s", got)
	}
	six := []*peer{connect("2001:db8::1"), connect("2001:db8::ffff"), connect("2001:db8::1:0:0:1"), connect("2001:db8:0:1::1")}
	arrive(t, d, six...)
	if got := closed(six...); got != "..x." {
		t.Errorf("of one /64: %s", got)
	}
	exempt := many(20, "198.51.100.7")
	arrive(t, d, exempt...)
	if got := closed(exempt...); strings.Contains(got, "x") {
		t.Errorf("exempt: %s", got)
	}
	in[0].Close()
	in[0].Close() // gives its place back once
	again := many(2, "192.0.2.9")
	arrive(t, d, again...)
	if got := closed(again...); got != ".x" {
		t.Errorf("after one has gone: %s", got)
	}
}

func TestANetworkConnectsAtItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := wide()
		c.Network.Handshakes, c.Network.Burst = 2, 3
		c.Exempt = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		d := New(c)
		defer d.report.flush()
		a, other, exempt := many(5, "192.0.2.1"), many(3, "192.0.3.1"), many(9, "198.51.100.1")
		arrive(t, d, append(append(a, other...), exempt...)...)
		if got := closed(append(append(a, other...), exempt...)...); got != "...xx"+"..."+"........." {
			t.Error(got)
		}
		time.Sleep(time.Second)
		later := many(4, "192.0.2.2")
		arrive(t, d, later...)
		if got := closed(later...); got != "..xx" {
			t.Errorf("a second later: %s", got)
		}
	})
}

// At a full door, whoever is missed least makes room, and a call never does.
func TestWhoMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := wide()
		c.Connections = 10
		c.Exempt = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		d := New(c)
		defer d.report.flush()
		p := many(9, "192.0.2.1") // a tenth is kept for the exempt
		in := arrive(t, d, p...)
		for _, c := range in[:7] {
			d.State(c, http.StateActive)
		}
		time.Sleep(2 * time.Second)
		d.State(in[1], http.StateIdle)
		d.State(in[0], http.StateIdle)
		arrives := func(from string) string {
			n := connect(from)
			for _, c := range arrive(t, d, n) {
				d.State(c, http.StateActive)
			}
			return closed(n)
		}
		for _, step := range []struct{ who, from, in, then string }{
			{"the slower handshake", "192.0.2.1", ".", ".......x."},
			{"the other", "192.0.2.1", ".", ".......xx"},
			{"the connection that is idle longest", "192.0.2.1", ".", ".x.....xx"},
			{"an exempt one has a place of its own", "198.51.100.1", ".", ".x.....xx"},
			{"for one more, the idle one", "198.51.100.1", ".", "xx.....xx"},
			{"nobody: calls are running", "192.0.2.1", "x", "xx.....xx"},
			{"nobody for an exempt one either", "198.51.100.1", "x", "xx.....xx"},
		} {
			if got := arrives(step.from); got != step.in || closed(p...) != step.then {
				t.Fatalf("%s: %s, %s", step.who, got, closed(p...))
			}
		}
	})
}

// A handshake that has only begun is let be, unless one of the exempt wants in.
func TestAFreshHandshakeMakesNoRoomForGuests(t *testing.T) {
	c := wide()
	c.Connections, c.Exempt = 3, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	d := New(c)
	p := []*peer{connect("192.0.2.1"), connect("192.0.2.1"), connect("192.0.2.1"), connect("198.51.100.1"), connect("198.51.100.1")}
	arrive(t, d, p...)
	if got := closed(p...); got != "x.x.." {
		t.Error(got)
	}
}

func TestUnreadBytesAreBounded(t *testing.T) {
	c := wide()
	c.Unread = 1000
	c.Exempt = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	d := New(c)
	p := []*peer{connect("198.51.100.1"), connect("192.0.2.1"), connect("192.0.3.1"), connect("192.0.4.1")}
	in := arrive(t, d, p...)
	read := func(i, n int) { in[i].Read(make([]byte, n)) }
	read(0, 400)
	read(1, 300)
	d.State(in[1], http.StateActive) // its request is whole
	read(1, 5000)                    // a body
	read(2, 300)
	read(3, 300)
	if got := closed(p...); got != "...." {
		t.Fatalf("at the limit: %s", got)
	}
	read(3, 1)
	if got := closed(p...); got != "..x." {
		t.Errorf("above it: %s, want the guest who waits longest closed", got)
	}
	d.State(in[1], http.StateIdle)
	read(1, 600)
	if got := closed(p...); got != "..xx" {
		t.Errorf("a second request's header: %s", got)
	}
	read(0, 601)
	if got := closed(p...); got != "xxxx" {
		t.Errorf("the exempt too: %s", got)
	}
	for _, c := range in {
		c.Close()
		d.State(c, http.StateClosed)
	}
	if d.unread != 0 || d.open != (class[int]{}) {
		t.Errorf("%d bytes and %v connections are left", d.unread, d.open)
	}
}

// 100,000 networks fit in a few MiB, and those that have gone are let go.
func TestNetworksAreFewBytesEach(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC() // what the first found to be finalized
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	now, before := time.Now(), heap()
	s := newNetworks(Network{Handshakes: 50, Burst: 200, IPv4: 24, IPv6: 64})
	network := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	for i := range 100_000 {
		s.mayConnect(network(i), now)
	}
	used := heap() - before
	t.Logf("%.1f MiB", float64(used)/(1<<20))
	if used > 4<<20 {
		t.Errorf("%d bytes", used)
	}
	a := s.open(network(1))
	a.connections = 1
	if s.settle(a); s.accounts[network(1)] == nil || s.open(network(1)) != a {
		t.Error("an account is lost")
	}
	a.connections = 0
	if s.settle(a); len(s.accounts) != 0 {
		t.Error("an account is kept")
	}
	runtime.KeepAlive(s)
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func TestTheReportHasOneLineForANetworkAndMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lines
		c := wide()
		c.Metrics = metrics.New()
		c.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey {
				return slog.Attr{}
			}
			return a
		}}))
		c.Network.Connections, c.Network.Burst = 1, 2
		d := New(c)
		arrive(t, d, many(500, "192.0.2.1")...)
		arrive(t, d, many(2, "192.0.3.1")...)
		time.Sleep(61 * time.Second)
		arrive(t, d, many(2, "192.0.3.1")...)
		d.Listener(&queue{}).Close()
		if diff := cmp.Diff("network=192.0.2.0/24 handshake_rate=498 network_connections=1\nnetwork=192.0.3.0/24 network_connections=1\nnetwork=192.0.3.0/24 network_connections=2\n", out.text.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheReportIsBounded(t *testing.T) {
	var out lines
	r := report{log: slog.New(slog.NewTextHandler(&out, nil))}
	for i := range 3 * mostLines {
		r.note(fmt.Sprint("n", i), "x")
	}
	r.flush()
	if n := strings.Count(out.text.String(), "\n"); n != mostLines+1 || !strings.Contains(out.text.String(), fmt.Sprintf(`network="other networks" x=%d`, 2*mostLines)) {
		t.Errorf("%d lines", n)
	}
}

func TestWhatFits(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name          string
		memory, files int64
		n             int
		want          Room
	}{
		{"a container of 512 MiB", 460 * mib, 65536, 1, Room{2636, 439, 21600665}},
		{"two listeners share it", 460 * mib, 65536, 2, Room{1318, 219, 10800332}},
		{"few descriptors", 460 * mib, 1024, 1, Room{693, 231, 21600665}},
		{"very little of both", mib, 128, 1, Room{40, 40, 2516582}},
		{"nothing known", 0, 0, 1, Room{12800, 2133, 104857600}},
		{"a large machine", 64 << 30, 1 << 20, 1, Room{100_000, 20_000, 3433457254}},
	} {
		if d := cmp.Diff(c.want, Fit(c.memory, c.files, c.n)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
