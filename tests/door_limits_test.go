//go:build linux

package tests

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLimitsAtTheFrontDoor(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, fill(`
routes:
  - {name: rate, path: /rate, callers: [erp, other], limit: {rate: 6/m, burst: 2}, target: {url: "http://ADDR/stock/A1001"}}
  - {name: shared, path: /shared, callers: [erp, other], limit: {rate: 1/h, per: route}, target: {url: "http://ADDR/stock/A1001"}}
  - {name: busy, path: /busy, callers: [erp], limit: {concurrent: 1}, target: {url: "http://ADDR/drip?n=10000&ms=50"}}
  - {name: body, path: /body, callers: [erp], max_body: 1KiB, target: {url: "http://ADDR/echo"}}
  - {name: fast, path: /fast, methods: [GET], callers: [erp], target: {url: "http://ADDR/stock/A1001"}}
`, "ADDR", s.Addr()))

	t.Run("a rate with a burst, for each caller of its own", func(t *testing.T) {
		for range 2 {
			if a := b.Call("GET", "/rate", ""); a.StatusCode != 200 {
				t.Fatalf("within the burst: %s", a.Status)
			}
		}
		a := b.Call("GET", "/rate", "")
		p := a.Problem(t)
		seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if p.Code != "rate_limited" || p.Status != 429 || err != nil || seconds < 1 || seconds > 10 || p.RetryAfter != seconds {
			t.Errorf("got %+v, Retry-After %q", p, a.Header.Get("Retry-After"))
		}
		if a := b.Call("GET", "/rate", "", "X-Api-Key: "+b.OtherKey); a.StatusCode != 200 {
			t.Errorf("the other caller: %s", a.Status)
		}
	})
	t.Run("a rate that all callers share", func(t *testing.T) {
		if a := b.Call("GET", "/shared", ""); a.StatusCode != 200 {
			t.Errorf("the first: %s", a.Status)
		}
		if a := b.Call("GET", "/shared", "", "X-Api-Key: "+b.OtherKey); a.StatusCode != 429 {
			t.Errorf("the other caller: %s", a.Status)
		}
	})
	t.Run("calls at a time", func(t *testing.T) {
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		c := b.Client()
		running, err := c.Do(b.Request("GET", "/busy", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if p := b.Call("GET", "/busy", "").Problem(t); p.Code != "concurrency_limited" || p.Status != 429 || p.RetryAfter < 1 {
			t.Errorf("got %+v", p)
		}
		hangUp()
		running.Body.Close()
		b.wait(5*time.Second, "the place of the call that hung up", func() bool {
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			resp, err := c.Do(b.Request("GET", "/busy", nil).WithContext(ctx))
			return err == nil && resp.StatusCode == 200
		})
	})
	t.Run("a body that is too large, announced or not", func(t *testing.T) {
		for _, announced := range []bool{true, false} {
			req := b.Request("POST", "/body", strings.NewReader(strings.Repeat("x", 1025)))
			if !announced {
				req.ContentLength = -1
			}
			// What is not announced may have gone to the target in part, and its answer may have begun.
			resp, err := b.Client().Do(req)
			if err != nil && announced {
				t.Fatal(err)
			}
			if err == nil {
				if p := (Answer{resp, readAll(t, resp)}).Problem(t); p.Code != "body_too_large" || p.Status != 413 {
					t.Errorf("announced %v: got %+v", announced, p)
				}
			}
		}
		if a := b.Call("POST", "/body", strings.Repeat("x", 1024)); a.StatusCode != 200 || len(a.Body) != 1024 {
			t.Errorf("at the limit: %s, %d bytes", a.Status, len(a.Body))
		}
	})
	t.Run("a method that the route does not take", func(t *testing.T) {
		a := b.Call("DELETE", "/fast", "")
		if p := a.Problem(t); p.Code != "method_not_allowed" || p.Status != 405 || a.Header.Get("Allow") != "GET" {
			t.Errorf("got %+v, Allow %q", p, a.Header.Get("Allow"))
		}
	})
}

// TestAnIdleConnectionOutlivesDotNets: .NET keeps an unused connection for 100 s and
// expects the other side to keep it as well.
func TestAnIdleConnectionOutlivesDotNets(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 101 s")
	}
	b := Start(t, stockRoute(plainTarget(t).Addr()))
	c := b.Dial()
	r := bufio.NewReader(c)
	for i, pause := range []time.Duration{0, 101 * time.Second} {
		time.Sleep(pause) // idle is what is tested
		c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "GET /stock/stock/A1001 HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\n\r\n", b.Key)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		if readAll(t, resp); resp.StatusCode != 200 || resp.Close {
			t.Fatalf("call %d: %s", i, resp.Status)
		}
	}
}
