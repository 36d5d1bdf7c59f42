//go:build linux

package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"twohop/internal/legacy"
	"twohop/tests/peers"
)

// full is a port whose queue of connections is full: the kernel drops what else comes,
// as a firewall does.
func full(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
	for range 10 {
		c, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the queue of connections does not fill")
	return ""
}

// halting reads a request's head and then no more, and sends what it is told.
func halting(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				for r := bufio.NewReader(c); ; {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					if line == "\r\n" {
						break
					}
				}
				io.WriteString(c, answer)
			}()
		}
	}()
	return l.Addr().String()
}

func TestEveryPhaseOfTheSecondHopHasALimit(t *testing.T) {
	t.Parallel()
	silent, _ := listenerCounting(t)
	slow, err := legacy.PlainJSON("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slow.Close() })
	b := Start(t, fill(`
defaults: {timeout: {connect: 700ms, handshake: 700ms, first_byte: 700ms, idle: 700ms}, methods: [GET, POST, PUT]}
routes:
  - {name: connect, path: /connect, callers: [erp], timeout: {first_byte: 20s}, target: {url: "http://FULL/"}}
  - {name: handshake, path: /handshake, callers: [erp], timeout: {first_byte: 20s}, target: {url: "https://SILENT/"}}
  - {name: first, path: /first, callers: [erp], target: {url: "http://SLOW/slow?ms=20000"}}
  - {name: echo, path: /echo, callers: [erp], target: {url: "http://HALT/"}}
  - {name: sending, path: /sending, callers: [erp], target: {url: "http://HALT/"}}
  - {name: idle, path: /idle, callers: [erp], target: {url: "http://PART/"}}
  - {name: total, path: /total, callers: [erp], timeout: {total: 700ms, idle: 60s, first_byte: 60s}, target: {url: "http://SLOW/slow?ms=20000"}}
  - {name: drip, path: /drip, callers: [erp], timeout: {first_byte: 3s, idle: 3s}, target: {url: "http://SLOW/drip?n=8&ms=500"}}
`, "FULL", full(t), "SILENT", silent, "SLOW", slow.Addr(), "HALT", halting(t, ""),
		"PART", halting(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly a part")))

	for _, c := range []struct {
		name, method, path, body, code string
		status                         int
	}{
		{"the connection", "GET", "/connect", "", "target_connect_timeout", 504},
		{"the connection of a POST, which may be repeated", "POST", "/connect", "x", "target_connect_timeout", 504},
		{"the handshake", "GET", "/handshake", "", "target_handshake_timeout", 504},
		{"the answer to a GET", "GET", "/first", "", "target_response_timeout", 504},
		{"the answer to a POST, whose outcome nobody knows", "POST", "/echo", "x", "outcome_unknown", 504},
		{"a target that reads no more of the request", "PUT", "/sending", strings.Repeat("x", 20<<20), "target_idle_timeout", 504},
		{"the whole call", "GET", "/total", "", "call_total_timeout", 504},
	} {
		t.Run(c.name, func(t *testing.T) {
			begun := time.Now()
			a := b.Call(c.method, c.path, c.body)
			if p := a.Problem(t); p.Code != c.code || p.Status != c.status || p.Hop != "target" {
				t.Errorf("got %+v", p)
			}
			if took := time.Since(begun); took < 600*time.Millisecond || took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			if r := b.End(a.Correlation()); r.StatusCode != c.code || r.Unmapped.Outcome != "failed" {
				t.Errorf("the record says %+v", r)
			}
		})
	}
	t.Run("a pause in an answer cuts it", func(t *testing.T) {
		r := peers.Curl(t, "--cacert", b.CA, "--http1.1", "-H", "X-Api-Key: "+b.Key, b.URL+"/idle")
		if r.ExitCode != 18 || r.Stdout != "only a part" {
			t.Errorf("curl ended with %d, %q", r.ExitCode, r.Stdout)
		}
		rec := b.Found("the pause", func(r Record) bool { return r.Unmapped.Route == "idle" && r.Unmapped.Stage == "end" })
		if rec.StatusCode != "target_idle_timeout" || rec.Unmapped.Outcome != "truncated" {
			t.Errorf("the record says %+v", rec)
		}
	})
	t.Run("an answer that keeps coming may last longer than every limit", func(t *testing.T) {
		if a := b.Call("GET", "/drip", ""); a.StatusCode != http.StatusOK || !strings.HasSuffix(a.Body, "line 8 of 8\n") {
			t.Errorf("got %s, %q", a.Status, a.Body)
		}
	})
}

// TestACallersPauseIsNotTheTargetsFault stops in the middle of a request body.
func TestACallersPauseIsNotTheTargetsFault(t *testing.T) {
	t.Parallel()
	s, err := legacy.PlainJSON("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := Start(t, fill(`
routes:
  - {name: orders, path: /orders, callers: [erp], timeout: {idle: 700ms}, target: {url: "http://ADDR/orders"}}
`, "ADDR", s.Addr()))
	c := b.Dial()
	c.SetDeadline(time.Now().Add(8 * time.Second))
	fmt.Fprintf(c, "POST /orders HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\nContent-Length: 100\r\n\r\n{\"item\":", b.Key)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := Answer{resp, readAll(t, resp)}
	if p := a.Problem(t); p.Code != "request_body_timeout" || p.Status != 408 || p.Hop != "caller" {
		t.Errorf("got %+v", p)
	}
}

// TestWhatWasNotSentIsNotSaidToBe: a first_byte below the limits of connection and
// handshake must not tell the caller that the target got the request.
func TestWhatWasNotSentIsNotSaidToBe(t *testing.T) {
	t.Parallel()
	silent, _ := listenerCounting(t)
	b := Start(t, fill(`
defaults: {timeout: {connect: 1s, handshake: 1s, first_byte: 300ms}}
routes:
  - {name: connect, path: /connect, callers: [erp], target: {url: "http://FULL/"}}
  - {name: handshake, path: /handshake, callers: [erp], target: {url: "https://SILENT/"}}
`, "FULL", full(t), "SILENT", silent))
	for _, phase := range []string{"connect", "handshake"} {
		if p := b.Call("POST", "/"+phase, "x").Problem(t); p.Code != "target_connect_timeout" && p.Code != "target_handshake_timeout" {
			t.Errorf("%s: got %s: %s", phase, p.Code, p.Detail)
		}
	}
}
