package target

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"twohop/internal/fault"
)

// fickle answers the first request of each connection, and closes the connection when
// the second has come, as a server does whose keep-alive ends at the wrong moment. A
// connection after the first few is served for good.
func fickle(t *testing.T, closing int64) (addr string, requests *atomic.Int64) {
	requests = &atomic.Int64{}
	var conns atomic.Int64
	addr = listen(t, func(c net.Conn) {
		n := conns.Add(1)
		in := bufio.NewReader(c)
		for i := 0; ; i++ {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			requests.Add(1)
			if i == 1 && n <= closing {
				return
			}
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
		}
	})
	return addr, requests
}

func TestAKeptConnectionThatTurnsOutToBeClosed(t *testing.T) {
	for name, c := range map[string]struct {
		method, body string
		rewind, key  bool
		code         fault.Code
		retries      int
	}{
		"a GET is sent again":                                {method: "GET", retries: 1},
		"a POST is not":                                      {method: "POST", body: "x", code: fault.OutcomeUnknown},
		"a POST without a body is not":                       {method: "POST", code: fault.OutcomeUnknown},
		"a POST that could be read again is not":             {method: "POST", body: "x", rewind: true, code: fault.OutcomeUnknown},
		"a POST that is idempotent is, when it can be read":  {method: "POST", body: "x", rewind: true, key: true, retries: 1},
		"and not when it cannot, but may be by its caller":   {method: "POST", body: "x", key: true, code: fault.TargetClosed},
		"a PUT is not sent again here, its caller may do so": {method: "PUT", body: "x", code: fault.TargetClosed},
	} {
		t.Run(name, func(t *testing.T) {
			addr, requests := fickle(t, 1)
			x := newTarget(t, plain(addr))
			if _, h, err := get(t, x); err != nil || h.Reused {
				t.Fatalf("got %v, %+v", err, h)
			}
			req := request(t, x, c.method, "/", strings.NewReader(c.body))
			call := &Call{Request: req, Limits: patient, Repeatable: c.key}
			if c.rewind {
				call.Data = []byte(c.body)
			}
			got, h, err := send(x, call)
			if c.code != "" {
				isFault(t, err, c.code)
			} else if err != nil || got != "hello" {
				t.Errorf("got %q, %v", got, err)
			}
			if h.Retries != c.retries || h.Reused != (c.retries == 0) || h.Sent != int64(len(c.body)) {
				t.Errorf("the hop says %+v", h)
			}
			if n := requests.Load(); n != int64(2+c.retries) {
				t.Errorf("the target saw %d requests", n)
			}
		})
	}
}

// TestAFreshConnectionIsNeverTriedTwice has a target that hangs up on every request.
func TestAFreshConnectionIsNeverTriedTwice(t *testing.T) {
	var conns atomic.Int64
	addr := listen(t, func(c net.Conn) {
		conns.Add(1)
		http.ReadRequest(bufio.NewReader(c))
	})
	_, h, err := get(t, newTarget(t, plain(addr)))
	isFault(t, err, fault.TargetClosed)
	if conns.Load() != 1 || h.Retries != 0 {
		t.Errorf("%d connections, %+v", conns.Load(), h)
	}
}

// TestAPOSTWhoseConnectionWasClosedBeforeIsSafe looks at a kept connection that the
// target has closed for long: the request either goes out on a new one or was not sent.
func TestAPOSTWhoseConnectionWasClosedBeforeIsSafe(t *testing.T) {
	var seen atomic.Int64
	addr := listen(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		seen.Add(1)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	})
	x := newTarget(t, plain(addr))
	for range 100 {
		before := seen.Load()
		req := request(t, x, "POST", "/", strings.NewReader("x"))
		_, _, err := call(x, req, patient)
		switch n := seen.Load() - before; {
		case err == nil && n != 1:
			t.Fatalf("answered, and seen %d times", n)
		case err != nil && n != 0:
			t.Fatalf("%v, and seen %d times", err, n)
		}
	}
}
