//go:build linux

package tests

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// bad is a target that misbehaves with every connection until the test ends.
func bad(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { c.Close() })
			conns.Go(func() {
				defer stop()
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		conns.Wait()
	})
	return l.Addr().String()
}

// readHead reads the head of a request.
func readHead(c net.Conn) {
	var head []byte
	for b := make([]byte, 1); !strings.HasSuffix(string(head), "\r\n\r\n"); head = append(head, b[0]) {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

// badTargets are the ways in which a target can fail, and what a call comes to.
func badTargets(t *testing.T) map[string]string {
	return map[string]string{
		"dead":  newEndpoint(t).addr,
		"hangs": bad(t, func(c net.Conn) { io.Copy(io.Discard, c) }),
		"drips": bad(t, func(c net.Conn) {
			readHead(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			for range 100000 {
				if _, err := c.Write([]byte{'.'}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}),
		"resets": bad(t, func(c net.Conn) {
			readHead(c)
			c.(*net.TCPConn).SetLinger(0)
		}),
		"rubbish": bad(t, func(c net.Conn) {
			readHead(c)
			io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x28 this is not HTTP\r\n\r\n")
		}),
		"cuts": bad(t, func(c net.Conn) {
			readHead(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
		}),
	}
}

// TestABadTargetHurtsNobodyElse calls targets that fail in every way, and a good one beside
// them. Each call to the good one succeeds, and nothing is left of the others.
func TestABadTargetHurtsNobodyElse(t *testing.T) {
	good := newEndpoint(t).start()
	config := "defaults: {timeout: {connect: 1s, first_byte: 1s, idle: 2s, total: 4s}}\nroutes:\n" +
		"  - {name: good, path: /good/*, callers: [erp], target: {url: \"http://" + good.addr + "/\"}}\n"
	targets := badTargets(t)
	for name, addr := range targets {
		config += fill("  - {name: NAME, path: /NAME/*, callers: [erp], target: {url: \"http://ADDR/\"}}\n", "NAME", name, "ADDR", addr)
	}
	b := Start(t, config)
	if got := b.Get("/good/"); got != good.addr {
		t.Fatal(got)
	}
	start := b.Metric("go_goroutines")

	calls := b.keepCalling(t, 4, "GET", "/good/")
	sufferers := map[string]*load{}
	for name := range targets {
		sufferers[name] = b.keepCalling(t, 6, "POST", "/"+name+"/")
	}
	b.wait(60*time.Second, "calls to every target", func() bool {
		for _, l := range sufferers {
			if total(l) < 12 {
				return false
			}
		}
		return calls.of(good.addr) > 500
	})
	for name, l := range sufferers {
		for outcome, n := range l.stop() {
			if outcome == good.addr || outcome == "internal_error" || outcome == "" {
				t.Errorf("%s: %d calls ended in %q", name, n, outcome)
			}
		}
	}
	for outcome, n := range calls.stop() {
		if outcome != good.addr {
			t.Errorf("%d calls to the good target ended in %q", n, outcome)
		}
	}
	b.wait(60*time.Second, "the goroutines to end", func() bool {
		return b.Metric("go_goroutines") <= start+40 && inFlight(b) == 0
	})
	// The callers' connections may still be there; without them nothing is more than before.
	b.wait(60*time.Second, "nothing to be left", func() bool {
		return b.Metric("go_goroutines")-2*b.Metric("twohop_connections") <= start+5
	})
}

func total(l *load) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, count := range l.count {
		n += count
	}
	return n
}

// inFlight is the calls that run at any endpoint.
func inFlight(b *Broker) (n int) {
	for line := range strings.Lines(b.Metrics()) {
		if strings.HasPrefix(line, "twohop_target_in_flight{") && !strings.HasSuffix(line, " 0\n") {
			n++
		}
	}
	return n
}
