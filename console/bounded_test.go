package console

import (
	"io"
	"net"
	"testing"
	"time"
)

// conns is a listener whose connections come from a channel.
type conns chan net.Conn

func (c conns) Accept() (net.Conn, error) {
	if x, ok := <-c; ok {
		return x, nil
	}
	return nil, net.ErrClosed
}
func (c conns) Close() error   { return nil }
func (c conns) Addr() net.Addr { return &net.TCPAddr{} }

// from is a connection that says where it comes from.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return a
}

// TestWhoOpensManyLosesTheirOwn lets addresses connect in turn and looks who is left.
func TestWhoOpensManyLosesTheirOwn(t *testing.T) {
	for name, c := range map[string]struct{ come, left []string }{
		"within the bound": {[]string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"}, []string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"}},
		"one address alone": {[]string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3", "1.1.1.1:4", "1.1.1.1:5"},
			[]string{"1.1.1.1:3", "1.1.1.1:4", "1.1.1.1:5"}},
		"a probe among a crowd": {[]string{"2.2.2.2:1", "1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3", "1.1.1.1:4"},
			[]string{"2.2.2.2:1", "1.1.1.1:3", "1.1.1.1:4"}},
		"a crowd of addresses": {[]string{"1.1.1.1:1", "2.2.2.2:1", "3.3.3.3:1", "4.4.4.4:1"},
			[]string{"2.2.2.2:1", "3.3.3.3:1", "4.4.4.4:1"}},
		"a /64 is one address": {[]string{"9.9.9.9:1", "[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"},
			[]string{"9.9.9.9:1", "[2001:db8::2]:1", "[2001:db8::3]:1"}},
		"IPv4 in IPv6 is IPv4": {[]string{"9.9.9.9:1", "[::ffff:1.1.1.1]:1", "1.1.1.1:2", "1.1.1.1:3"},
			[]string{"9.9.9.9:1", "1.1.1.1:2", "1.1.1.1:3"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := make(conns)
			l := Bounded(in, 3)
			clients := map[string]net.Conn{}
			for _, addr := range c.come {
				ours, theirs := net.Pipe()
				clients[addr] = theirs
				go func() { in <- from{ours, addr} }()
				if _, err := l.Accept(); err != nil {
					t.Fatal(err)
				}
			}
			left := map[string]bool{}
			for _, addr := range c.left {
				left[addr] = true
			}
			for addr, conn := range clients {
				conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				_, err := conn.Read(make([]byte, 1))
				if (err == io.EOF) == left[addr] {
					t.Errorf("%s: %v, but it should be open: %v", addr, err, left[addr])
				}
				conn.Close()
			}
		})
	}
}

func TestAClosedConnectionMakesRoom(t *testing.T) {
	in := make(conns)
	l := Bounded(in, 2)
	for i := range 5 {
		ours, theirs := net.Pipe()
		go func() { in <- from{ours, "1.1.1.1:1"} }()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			defer theirs.Close()
			continue // stays, as the others go
		}
		c.Close()
		c.Close() // twice does nothing
		theirs.Close()
	}
	if n := len(l.(*bounded).open); n != 1 {
		t.Errorf("%d are counted as open, want 1", n)
	}
}
