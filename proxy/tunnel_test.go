package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twohop/audit"
)

// webSocket asks for an upgrade over a raw connection and returns the connection and
// the answer.
func (g *rig) webSocket(path, upgrade string) (*tls.Conn, *bufio.Reader, *http.Response) {
	g.t.Helper()
	c := g.dial()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: h\r\nX-Api-Key: %s\r\nConnection: keep-alive, Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n", path, g.key, upgrade)
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return c, in, resp
}

const socketRoute = `
routes:
  - {name: ws, path: /ws, callers: [fno], upgrade: [websocket], timeout: {idle: 2s}, target: {url: "TARGET"}}
  - {name: no, path: /no, callers: [fno], target: {url: "TARGET"}}
`

func TestUpgrades(t *testing.T) {
	upgraded := make(chan http.Header, 10)
	target := raw(t, func(c net.Conn, in *bufio.Reader, r *http.Request) {
		upgraded <- r.Header
		if r.Header.Get("Upgrade") == "" {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\nhi")
		io.Copy(c, in)
	})
	g := newRig(t, nil, strings.ReplaceAll(socketRoute, "TARGET", target))
	for _, c := range []struct{ path, upgrade string }{{"/no", "websocket"}, {"/ws", "h2c"}, {"/ws", "websocket, h2c"}} {
		_, _, resp := g.webSocket(c.path, c.upgrade)
		if h := <-upgraded; resp.StatusCode != 200 || h.Get("Upgrade")+h.Get("Connection") != "" {
			t.Errorf("%v: %d, the target got %v", c, resp.StatusCode, h)
		}
	}

	c, in, resp := g.webSocket("/ws", "WebSocket")
	if h := <-upgraded; resp.StatusCode != 101 || h.Get("Upgrade") != "websocket" || h.Get("Connection") != "Upgrade" || h.Get("Sec-Websocket-Key") != "k" {
		t.Fatalf("%d, the target got %v", resp.StatusCode, h)
	}
	if resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-Websocket-Accept") != "a" || resp.Header.Get("X-Correlation-Id") == "" {
		t.Errorf("the caller got %v", resp.Header)
	}
	if g.broker.Running() != 1 {
		t.Errorf("%d calls run", g.broker.Running())
	}
	io.WriteString(c, "hello")
	got := make([]byte, 7)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "hihello" {
		t.Fatalf("got %q, %v", got, err)
	}
	g.audit.mu.Lock()
	ended := g.audit.records[len(g.audit.records)-1].Stage == audit.End && g.audit.records[len(g.audit.records)-1].Route == "ws" && g.audit.records[len(g.audit.records)-1].Status == 101
	g.audit.mu.Unlock()
	if ended {
		t.Error("the end is recorded while the connection lasts")
	}
	c.Close()
	for g.broker.Running() > 0 {
		time.Sleep(time.Millisecond)
	}
	rec := g.audit.last(t, audit.End)
	if rec.Status != 101 || rec.Outcome != audit.Answered || rec.Hop1.BytesIn != 5 || rec.Hop1.BytesOut != 7 || rec.Hop2.BytesIn != 7 || rec.Hop2.BytesOut != 5 {
		t.Errorf("recorded: %+v", rec)
	}
}

func TestHowAWebSocketEnds(t *testing.T) {
	const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	for name, x := range map[string]struct {
		target        func(net.Conn)
		outcome, code string
	}{
		"the target closes":   {func(c net.Conn) {}, audit.Answered, ""},
		"the target resets":   {func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }, audit.Truncated, "target_answer_truncated"},
		"nothing moves on it": {func(c net.Conn) { io.Copy(io.Discard, c) }, audit.Truncated, "target_idle_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			target := raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
				io.WriteString(c, head)
				time.Sleep(50 * time.Millisecond)
				x.target(c)
			})
			g := newRig(t, nil, strings.ReplaceAll(socketRoute, "TARGET", target))
			_, in, _ := g.webSocket("/ws", "websocket")
			io.Copy(io.Discard, in)
			if rec := g.audit.last(t, audit.End); rec.Outcome != x.outcome || rec.Code != x.code {
				t.Errorf("recorded: %s %s", rec.Outcome, rec.Code)
			}
		})
	}
	t.Run("the broker stops", func(t *testing.T) {
		target := raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
			io.WriteString(c, head)
			io.Copy(io.Discard, c)
		})
		g := newRig(t, nil, strings.ReplaceAll(socketRoute, "TARGET", target))
		ctx, cancel := context.WithCancel(t.Context())
		next := g.Config.Handler
		g.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(ctx)) })
		_, in, _ := g.webSocket("/ws", "websocket")
		cancel()
		io.Copy(io.Discard, in)
		if rec := g.audit.last(t, audit.End); rec.Outcome != audit.Gone {
			t.Errorf("recorded: %s %s", rec.Outcome, rec.Code)
		}
	})
}

// An upgrade that nobody asked for is not an answer.
func TestSwitchingProtocolsUnasked(t *testing.T) {
	target := raw(t, func(c net.Conn, _ *bufio.Reader, _ *http.Request) {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
	})
	g := newRig(t, nil, strings.ReplaceAll(openRoute, "TARGET", target))
	if resp, body := g.do("GET", "/in/x", nil); resp.StatusCode != 502 || code(t, body) != "target_bad_answer" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}
