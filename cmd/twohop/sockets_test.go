package main

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestWhichSocketIsWhichAddress(t *testing.T) {
	tcp := func(ip string, port int) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: port} }
	for _, c := range []struct {
		bound            net.Addr
		network, address string
		same             bool
	}{
		{tcp("127.0.0.1", 443), "tcp", "127.0.0.1:443", true},
		{tcp("127.0.0.1", 443), "tcp", "127.0.0.1:https", true},
		{tcp("127.0.0.1", 443), "tcp", "127.0.0.1:444", false},
		{tcp("127.0.0.1", 443), "tcp", ":443", false},
		{tcp("127.0.0.1", 443), "tcp", "127.0.0.2:443", false},
		{tcp("::", 443), "tcp", ":443", true},
		{tcp("0.0.0.0", 443), "tcp", ":443", true},
		{tcp("::", 443), "tcp", "0.0.0.0:443", false},
		{tcp("::", 443), "tcp", "127.0.0.1:443", false},
		{tcp("::1", 443), "tcp", "[::1]:443", true},
		{tcp("127.0.0.1", 443), "tcp", "no address", false},
		{&net.UnixAddr{Name: "/run/a/../b", Net: "unix"}, "unix", "/run/b", true},
		{&net.UnixAddr{Name: "/run/a", Net: "unix"}, "unix", "/run/b", false},
		{&net.UnixAddr{Name: "127.0.0.1:443", Net: "unix"}, "tcp", "127.0.0.1:443", false},
		{tcp("127.0.0.1", 443), "unix", "127.0.0.1:443", false},
	} {
		if got := sameAddress(c.bound, c.network, c.address); got != c.same {
			t.Errorf("%v and %s %s: %v", c.bound, c.network, c.address, got)
		}
	}
}

// TestSocketsThatAreHandedOn are found by what the file called them, because a port of 0
// says nothing.
func TestSocketsThatAreHandedOn(t *testing.T) {
	open := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	door, admin, gone := open(), open(), open()
	in := &inherited{from: &handover{}, sockets: []socket{
		{door, "front door", "127.0.0.1:0", false}, {admin, "admin", "127.0.0.1:0", false}, {gone, "health", ":8080", true}}}
	if s, ok := in.take("admin", "tcp", "127.0.0.1:0"); !ok || s.Listener != admin {
		t.Errorf("admin: %v %v", s, ok)
	}
	if s, ok := in.take("front door", "tcp", door.Addr().String()); !ok || s.Listener != door {
		t.Errorf("the door by its bound address: %v %v", s, ok)
	}
	if s, ok := in.take("front door", "tcp", door.Addr().String()); ok {
		t.Errorf("it is given twice: %v", s)
	}
	if err := in.left(); err != nil {
		t.Errorf("an address that the new file lacks: %v", err)
	}
	if _, err := gone.Accept(); err == nil {
		t.Error("it is not closed")
	}
}

func TestAHandoverForSomebodyElse(t *testing.T) {
	t.Setenv(handoverVariable, `{"From": 1000000000}`)
	if _, err := inherit(); err == nil || !strings.Contains(err.Error(), "is meant for a child of process 1000000000") {
		t.Errorf("got %v", err)
	}
	if _, there := os.LookupEnv(handoverVariable); there {
		t.Error("children would inherit the variable")
	}
}

func TestWhatANewProcessSays(t *testing.T) {
	for text, want := range map[string]struct {
		words string
		ready bool
	}{
		"":                              {"", false},
		"level=WARN x\nREADY=1\n":       {"level=WARN x\n", true},
		"a mistake\ntwohop: error: x\n": {"a mistake\ntwohop: error: x", false},
		"READY=1 not\n":                 {"READY=1 not", false},
	} {
		if words, ready := hear(strings.NewReader(text)); words != want.words || ready != want.ready {
			t.Errorf("%q: %q, %v", text, words, ready)
		}
	}
}
