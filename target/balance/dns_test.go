package balance

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"twohop/target"
)

// names is a name server that knows one address, which may change.
type names struct {
	address atomic.Pointer[[4]byte]
	asked   atomic.Int64
}

func (n *names) move(to [4]byte) { n.address.Store(&to) }

// resolve makes this process ask a name server of the test's own.
func resolve(t *testing.T) *names {
	t.Helper()
	n := &names{}
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.serve(pc)
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		pc.Close()
		<-done
	})
	return n
}

func (n *names) serve(pc net.PacketConn) {
	buf := make([]byte, 1024)
	for {
		size, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:size]) != nil || len(m.Questions) == 0 {
			continue
		}
		q := m.Questions[0]
		answer := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, RecursionDesired: m.RecursionDesired}, Questions: m.Questions[:1]}
		if a := n.address.Load(); q.Type == dnsmessage.TypeA && a != nil {
			n.asked.Add(1)
			answer.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: *a}}}
		}
		if packed, err := answer.Pack(); err == nil {
			pc.WriteTo(packed, from)
		}
	}
}

// TestANewAddressIsTakenUp moves a target's name from one machine to another: calls follow
// when their connections are old, checks with the next one. 127.0.0.2 is another machine.
func TestANewAddressIsTakenUp(t *testing.T) {
	dns := resolve(t)
	dns.move([4]byte{127, 0, 0, 1})
	var always atomic.Bool
	var atA, atB atomic.Int64
	always.Store(true)
	a := serve(t, "127.0.0.1:0", health(&always, &atA, "a"))
	_, port, _ := net.SplitHostPort(a.addr)
	l, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: 127.0.0.2:%s cannot be had: %v", port, err)
	}
	l.Close()
	serve(t, "127.0.0.2:"+port, health(&always, &atB, "b"))

	c := checked(defaults(RoundRobin, "wms.test.:"+port), target.CheckHTTP)
	c.Endpoints[0].Age = 100 * time.Millisecond
	g := group(t, NewPool(time.Now), c)
	g.Start(time.Time{})
	follows := func(name string, checks *atomic.Int64) {
		t.Helper()
		before := checks.Load()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			text, h, err := call(t.Context(), g, "GET", "")
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(text, name+" ") && checks.Load() > before {
				if h.Endpoint != "wms.test.:"+port || !strings.HasSuffix(h.Address, port) {
					t.Errorf("%+v", h)
				}
				return
			}
			if time.Now().After(end) {
				t.Fatalf("calls reach %q, and %d checks came", text, checks.Load()-before)
			}
		}
	}
	follows("a", &atA)
	dns.move([4]byte{127, 0, 0, 2})
	follows("b", &atB)
	if dns.asked.Load() < 2 {
		t.Errorf("DNS was asked %d times", dns.asked.Load())
	}
}
