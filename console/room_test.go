package console

import (
	"net"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fake is a connection that says where it comes from and notes when it is closed.
type fake struct {
	net.Conn
	addr   string
	closed *bool
}

func (f fake) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return a
}

func (f fake) Close() error {
	*f.closed = true
	return nil
}

// TestWhoOpensManyLosesTheirOwn lets addresses connect in turn and looks who is left.
func TestWhoOpensManyLosesTheirOwn(t *testing.T) {
	for name, c := range map[string]struct{ come, left []string }{
		"within the bound":      {[]string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"}, []string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"}},
		"one address alone":     {[]string{"1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3", "1.1.1.1:4", "1.1.1.1:5"}, []string{"1.1.1.1:3", "1.1.1.1:4", "1.1.1.1:5"}},
		"a probe among a crowd": {[]string{"2.2.2.2:1", "1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3", "1.1.1.1:4"}, []string{"2.2.2.2:1", "1.1.1.1:3", "1.1.1.1:4"}},
		"a crowd of addresses":  {[]string{"1.1.1.1:1", "2.2.2.2:1", "3.3.3.3:1", "4.4.4.4:1"}, []string{"2.2.2.2:1", "3.3.3.3:1", "4.4.4.4:1"}},
		"a /64 is one address":  {[]string{"9.9.9.9:1", "[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"}, []string{"9.9.9.9:1", "[2001:db8::2]:1", "[2001:db8::3]:1"}},
		"IPv4 in IPv6 is IPv4":  {[]string{"9.9.9.9:1", "[::ffff:1.1.1.1]:1", "1.1.1.1:2", "1.1.1.1:3"}, []string{"9.9.9.9:1", "1.1.1.1:2", "1.1.1.1:3"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &room{most: 3}
			var conns []fake
			for _, addr := range c.come {
				f := fake{addr: addr, closed: new(bool)}
				conns = append(conns, f)
				r.state(f, http.StateNew)
				r.state(f, http.StateActive)
			}
			var left []string
			for _, f := range conns {
				if !*f.closed {
					left = append(left, f.addr)
				}
				r.state(f, http.StateClosed)
			}
			if diff := cmp.Diff(c.left, left); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(r.open) != 0 {
				t.Errorf("%d are counted as open when all are closed", len(r.open))
			}
		})
	}
}

func TestAClosedConnectionMakesRoom(t *testing.T) {
	r := &room{most: 2}
	stays := fake{addr: "1.1.1.1:1", closed: new(bool)}
	r.state(stays, http.StateNew)
	for range 5 {
		goes := fake{addr: "1.1.1.1:2", closed: new(bool)}
		r.state(goes, http.StateNew)
		r.state(goes, http.StateClosed)
	}
	if *stays.closed {
		t.Error("one of two was closed")
	}
}
