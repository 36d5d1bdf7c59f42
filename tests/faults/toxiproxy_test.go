//go:build linux

package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
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

// do calls the API, which must agree, and reads the answer into out unless that is nil.
func (x *Toxiproxy) do(method, path string, in, out any) {
	x.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		x.t.Fatal(err)
	}
	req, err := http.NewRequest(method, x.api+path, bytes.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		x.t.Fatalf("toxiproxy: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		x.t.Fatalf("toxiproxy: %s %s %s: %s %s %v", method, path, body, resp.Status, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			x.t.Fatalf("toxiproxy: %v in %s", err, text)
		}
	}
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
	p.make()
}
