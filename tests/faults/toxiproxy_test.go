//go:build linux

package faults

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Toxiproxy is a running toxiproxy server; it is driven over its HTTP API.
type Toxiproxy struct {
	t   testing.TB
	api string
}

// startToxiproxy runs a toxiproxy server until the test ends.
func startToxiproxy(t testing.TB) *Toxiproxy {
	t.Helper()
	path, err := toxiproxyBuilt()
	if err != nil {
		absent(t, "%v", err)
	}
	for range 5 {
		addr := freePort(t)
		_, port, _ := net.SplitHostPort(addr)
		cmd := exec.Command(path, "-host", "127.0.0.1", "-port", port)
		cmd.Env = append(cmd.Environ(), "LOG_LEVEL=fatal")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		exited := make(chan struct{})
		go func() {
			cmd.Wait() // it is killed, or lost its port to somebody else
			close(exited)
		}()
		x := &Toxiproxy{t, "http://" + addr}
		if x.comesUp(exited) {
			t.Cleanup(func() {
				cmd.Process.Kill()
				<-exited
			})
			return x
		}
		cmd.Process.Kill()
		<-exited
	}
	t.Fatal("toxiproxy does not start")
	return nil
}

// freePort returns a loopback address that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (x *Toxiproxy) comesUp(exited <-chan struct{}) bool {
	for range 500 {
		select {
		case <-exited:
			return false
		case <-time.After(20 * time.Millisecond):
		}
		if resp, err := http.Get(x.api + "/version"); err == nil {
			resp.Body.Close()
			return true
		}
	}
	return false
}

// do calls the API and reads the answer into out unless that is nil. It may be called in
// the middle of a call, from any goroutine, so a failure does not end the test at once.
func (x *Toxiproxy) do(method, path string, in, out any) {
	x.t.Helper()
	if err := x.try(method, path, in, out); err != nil {
		x.t.Errorf("toxiproxy: %s %s: %v", method, path, err)
	}
}

func (x *Toxiproxy) try(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, x.api+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 300:
		return fmt.Errorf("%s: %s to %s", resp.Status, text, body)
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}

// Proxy is one toxiproxy between two sides.
type Proxy struct {
	x              *Toxiproxy
	name, upstream string
	Addr           string // where it listens

	names int // of toxics given out
}

// Proxy makes a proxy to upstream on a free port, with nothing in the way.
func (x *Toxiproxy) Proxy(name, upstream string) *Proxy {
	x.t.Helper()
	p := &Proxy{x: x, name: name, upstream: upstream, Addr: "127.0.0.1:0"}
	p.make()
	return p
}

func (p *Proxy) make() {
	p.x.t.Helper()
	var made struct{ Listen string }
	p.x.do("POST", "/proxies", map[string]any{"name": p.name, "listen": p.Addr, "upstream": p.upstream, "enabled": true}, &made)
	p.Addr = made.Listen
}

// The directions of a toxic: up is towards the target, down towards the caller.
const (
	up   = "upstream"
	down = "downstream"
)

type attributes map[string]int

// Toxic puts a toxic at the end of the chain of one direction; open connections get it
// too.
func (p *Proxy) Toxic(kind, direction string, a attributes) { p.toxic(kind, direction, 1, a) }

func (p *Proxy) toxic(kind, direction string, toxicity float64, a attributes) {
	p.x.t.Helper()
	p.names++
	p.x.do("POST", "/proxies/"+p.name+"/toxics", map[string]any{"name": fmt.Sprintf("%s-%d", kind, p.names), "type": kind, "stream": direction,
		"toxicity": toxicity, "attributes": a}, nil)
}

// Resets makes the connections that are opened from now on end in a reset instead of
// an orderly close. A toxic that touches no connection is enough: toxiproxy sets
// SO_LINGER where the chain holds a reset_peer.
func (p *Proxy) Resets() {
	p.x.t.Helper()
	p.toxic("reset_peer", up, 0, nil)
	p.toxic("reset_peer", down, 0, nil)
}

// Off cuts every connection and lets nobody in.
func (p *Proxy) Off() {
	p.x.t.Helper()
	p.x.do("POST", "/proxies/"+p.name, map[string]any{"enabled": false}, nil)
}

// On lets everybody in, with nothing in the way. Connections from before are cut: the
// proxy is made anew, because toxiproxy can wait in vain for a toxic that is stuck.
func (p *Proxy) On() {
	p.x.t.Helper()
	p.x.do("DELETE", "/proxies/"+p.name, nil, nil)
	eventually(p.x.t, patience, "the ends of "+p.name+"'s connections to arrive", func() bool { return !established(p.x.t, p.Addr) })
	p.make()
}

// established reports whether somebody on this machine holds a connection to addr, an
// IPv4 address and port, whose end has not reached it yet.
func established(t testing.TB, addr string) bool {
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Error(err)
	}
	to := netip.MustParseAddrPort(addr)
	ip := to.Addr().As4()
	peer := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), to.Port())
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == peer && f[3] == "01" {
			return true
		}
	}
	return false
}
