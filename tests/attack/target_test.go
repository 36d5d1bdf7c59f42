//go:build linux

package attack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// target is the service behind a front: it keeps what it gets, byte by byte, and answers
// 200 with the request line to what is well formed by RFC 9112. It is strict on purpose:
// what it calls malformed, some other target reads in its own way.
type target struct {
	net.Listener
	mu    sync.Mutex
	seen  []arrival
	conns map[*inbound]bool
	wg    sync.WaitGroup
}

// arrival is one request at the target, or what there was of it.
type arrival struct {
	Line     string
	Fields   []string // as they came, without line ends
	Body     string
	Trailers []string
	Fault    string // "" when it is well formed and whole; "cut" when its end never came
	Raw      string
}

// inbound is one connection to the target. busy says that a request has begun and not ended.
type inbound struct {
	net.Conn
	raw  bytes.Buffer
	busy bool
}

func newTarget(t testing.TB) *target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &target{Listener: l, conns: map[*inbound]bool{}}
	g.wg.Go(g.accept)
	t.Cleanup(g.stop)
	return g
}

func (g *target) stop() {
	g.Close()
	g.mu.Lock()
	for c := range g.conns {
		c.Close()
	}
	g.mu.Unlock()
	g.wg.Wait()
}

func (g *target) accept() {
	for {
		c, err := g.Accept()
		if err != nil {
			return
		}
		in := &inbound{Conn: c}
		g.mu.Lock()
		g.conns[in] = true
		g.mu.Unlock()
		g.wg.Go(func() { g.serve(in) })
	}
}

// serve reads requests one after the other until one is malformed or the peer closes.
func (g *target) serve(c *inbound) {
	defer func() {
		c.Close()
		g.mu.Lock()
		delete(g.conns, c)
		g.mu.Unlock()
	}()
	in := bufio.NewReader(io.TeeReader(c, &c.raw))
	for {
		if _, err := in.Peek(1); err != nil {
			return
		}
		g.mu.Lock()
		c.busy = true
		g.mu.Unlock()
		begin := c.raw.Len() - in.Buffered()
		a, err := readArrival(in)
		end := c.raw.Len() - in.Buffered()
		var bad malformed
		switch {
		case errors.As(err, &bad):
			a.Fault = string(bad)
			end = c.raw.Len()
		case err != nil:
			a.Fault = "cut"
		}
		a.Raw = string(c.raw.Bytes()[begin:end])
		g.mu.Lock()
		g.seen = append(g.seen, a)
		c.busy = false
		g.mu.Unlock()
		if err != nil {
			if bad != "" {
				io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			return
		}
		at := strings.LastIndexByte(a.Line, ' ')
		body, version := a.Line[:at], a.Line[at+1:]
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(body))
		if strings.HasPrefix(a.Line, "HEAD ") {
			body = ""
		}
		if _, err := io.WriteString(c, head+body); err != nil || version == "HTTP/1.0" {
			return
		}
	}
}

// take returns what has arrived and forgets it, once no request is half way. What does
// not end in time is returned as hanging.
func (g *target) take() []arrival {
	hanging := false
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		g.mu.Lock()
		busy := false
		for c := range g.conns {
			busy = busy || c.busy
		}
		hanging = time.Now().After(end)
		if !busy || hanging {
			break // with the lock
		}
		g.mu.Unlock()
	}
	defer g.mu.Unlock()
	seen := g.seen
	g.seen = nil
	if hanging {
		seen = append(seen, arrival{Fault: "hanging"})
	}
	return seen
}
