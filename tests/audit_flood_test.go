//go:build linux

package tests

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// scanner is somebody whom nobody knows, at many addresses.
type scanner struct {
	b             *Broker
	refused, lost atomic.Int64 // calls, handshakes
}

// call makes calls without a known credential from a network of its own, 127.x.y.0/24.
func (s *scanner) call(network, calls int) {
	c := s.b.Client()
	from := &net.TCPAddr{IP: net.IPv4(127, byte(1+network>>8), byte(network), 7)}
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, n, _ string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: from}).DialContext(ctx, n, s.b.Addr)
	}
	defer c.CloseIdleConnections()
	for i := range calls {
		req := s.b.Request("GET", fmt.Sprintf("/stock/wp-admin-%d", i), nil, "X-Api-Key: guess")
		if i%2 == 1 {
			req.URL.Path = "/.env"
		}
		resp, err := c.Do(req)
		if err != nil {
			s.b.t.Error(err)
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 401 && resp.StatusCode != 404 {
			s.b.t.Errorf("a stranger got %s", resp.Status)
		}
		s.refused.Add(1)
	}
}

// hello begins handshakes that must fail, from the same network.
func (s *scanner) hello(network, times int) {
	from := &net.TCPAddr{IP: net.IPv4(127, byte(1+network>>8), byte(network), 8)}
	d := tls.Dialer{NetDialer: &net.Dialer{LocalAddr: from}, Config: &tls.Config{InsecureSkipVerify: true, ServerName: "scanned.example", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}}
	for range times {
		if c, err := d.Dial("tcp", s.b.Addr); err == nil {
			s.b.t.Error("TLS 1.1 is taken")
			c.Close()
		}
		s.lost.Add(1)
	}
}

// flood lets n networks do both.
func (s *scanner) flood(n, each int) {
	var all sync.WaitGroup
	room := make(chan struct{}, 16)
	for network := range n {
		room <- struct{}{}
		all.Go(func() {
			s.call(network, each)
			s.hello(network, 2)
			<-room
		})
	}
	all.Wait()
}

// TestAScannerCannotFillTheDisk floods from 200 networks while a known caller calls.
func TestAScannerCannotFillTheDisk(t *testing.T) {
	t.Parallel()
	const budget = 24 << 20 // the least; a 24th of it may be written at once
	b := Start(t, "audit: {dir: audit, refusals: {records: 1000, budget: 24MiB}}\n"+stockRoute(plainTarget(t).Addr()))
	done := make(chan struct{})
	var answered []string
	var known sync.WaitGroup
	known.Go(func() {
		for c := b.Client(); ; {
			select {
			case <-done:
				return
			default:
				a := b.Do(c, b.Request("GET", "/stock/stock/A1001", nil))
				if a.StatusCode != 200 {
					t.Errorf("a known caller got %s", a.Status)
				}
				answered = append(answered, a.Correlation())
			}
		}
	})
	s := &scanner{b: b}
	s.flood(200, 20)
	close(done)
	known.Wait()
	b.Signal(syscall.SIGTERM)
	if code := b.Ended(30 * time.Second); code != 0 {
		t.Fatalf("exit %d", code)
	}
	verifyAudit(t, b.Audit)
	var calls, handshakes, recorded, lines int64
	ended := map[string]bool{}
	for _, r := range b.Records() {
		switch {
		case r.Unmapped.Kind == "refused_calls":
			calls += int64(r.Count)
			lines++
		case r.Unmapped.Kind == "refused_handshakes":
			handshakes += int64(r.Count)
			lines++
			if x := r.Unmapped.Samples[0]; x.SNI != "scanned.example" || x.Versions != "TLS 1.1, TLS 1.0" || x.Suites == "" || x.Code != "version" {
				t.Errorf("a handshake that failed: %+v", x)
			}
		case r.Unmapped.Stage == "end" && r.Actor.User.Name == "":
			recorded++
		case r.Unmapped.Stage == "end":
			ended[r.Metadata.Correlation] = true
		}
	}
	strangers := b.strangersBytes()
	t.Logf("%d refused calls and %d handshakes came to %d KiB in %d records and %d lines; %d calls were served meanwhile",
		s.refused.Load(), s.lost.Load(), strangers>>10, recorded, lines, len(answered))
	if calls+recorded != s.refused.Load() || handshakes != s.lost.Load() {
		t.Errorf("%d calls counted, %d recorded and %d handshakes counted of %d and %d", calls, recorded, handshakes, s.refused.Load(), s.lost.Load())
	}
	if calls == 0 || recorded == 0 {
		t.Error("the budget was not needed: the test shows nothing")
	}
	if most := int64(budget/24 + 64<<10); strangers > most {
		t.Errorf("strangers wrote %d bytes, %d more than the budget", strangers, strangers-most)
	}
	for _, id := range answered {
		if !ended[id] {
			t.Errorf("the answered call %s has no end record", id)
		}
	}
}

// strangersBytes returns how much of the audit log tells of nobody who is known.
func (b *Broker) strangersBytes() (n int64) {
	b.t.Helper()
	auditLines(b.t, b.Audit, func(line []byte) {
		if !bytes.Contains(line, []byte(`"actor":`)) && !bytes.HasPrefix(line, []byte(`{"class_uid":1008,`)) {
			n += int64(len(line))
		}
	})
	return n
}

// TestTheReserveOfTheDisk: a scanner uses up its part of a disk of 8 MiB, and calls go
// on; when there is too little room at all service stops, and comes back with it.
func TestTheReserveOfTheDisk(t *testing.T) {
	t.Parallel()
	addr, reached := countingTarget(t)
	b := New(t, "audit: {dir: audit, refusals: {records: 10000, budget: 240MiB}, reserve: 4MiB, stop: 1MiB}\n"+fill(`
routes:
  - {name: stock, path: /stock/*, callers: [erp], target: {url: "http://ADDR/"}}
  - {name: slow, path: /slow/*, callers: [erp], target: {url: "http://SLOW/"}}
`, "ADDR", addr, "SLOW", plainTarget(t).Addr()))
	if err := os.Mkdir(b.Audit, 0o700); err != nil {
		t.Fatal(err)
	}
	b.wrap = onDisk(b, "8m")
	b.Start()
	b.Audit = filepath.Join(fmt.Sprintf("/proc/%d/root", b.cmd.Process.Pid), b.Audit)
	t.Cleanup(func() { b.Audit = filepath.Join(b.Dir, "audit") })
	free := func() int64 {
		var st syscall.Statfs_t
		if err := syscall.Statfs(b.Audit, &st); err != nil {
			t.Fatal(err)
		}
		return int64(st.Bavail) * st.Bsize
	}
	event := func(what string, severity int) {
		t.Helper()
		r := b.Found(what, func(r Record) bool { return r.Unmapped.Kind == "disk" && strings.Contains(r.Message, what) })
		if r.SeverityID != severity {
			t.Errorf("%s: severity %d", r.Message, r.SeverityID)
		}
	}
	s := &scanner{b: b}
	for network := 0; free() > 4<<20; network += 20 {
		if s.flood(20, 50); network > 1000 {
			t.Fatal("the disk does not fill")
		}
	}
	event("less than audit.reserve (4MiB)", 3)
	before := b.strangersBytes()
	s.flood(20, 20)
	if now := b.strangersBytes(); now != before {
		t.Errorf("strangers wrote %d bytes of the reserve", now-before)
	}
	if a := b.Call("GET", "/stock/x", ""); a.StatusCode != 200 {
		t.Fatalf("above audit.stop a known caller gets %s", a.Status)
	}
	if b.Ready() != 200 {
		t.Error("not ready while there is a reserve")
	}

	drip, err := b.Client().Do(b.Request("GET", "/slow/drip?n=100&ms=50", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer drip.Body.Close()
	filler := filepath.Join(b.Audit, "filler")
	if err := os.WriteFile(filler, make([]byte, free()-512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	b.wait(10*time.Second, "service to stop", func() bool { return b.Ready() == 503 })
	event("less than audit.stop (1MiB)", 4)
	at := reached.Load()
	for range 50 {
		p := b.Call("GET", "/stock/x", "").Problem(t)
		if p.Code != "audit_unavailable" || p.Status != 503 || p.RetryAfter < 1 || !strings.Contains(p.Detail, "too little room") {
			t.Fatalf("got %+v", p)
		}
	}
	if reached.Load() != at {
		t.Error("calls go on without room to record them")
	}
	b.wait(10*time.Second, "the metric", func() bool {
		return b.Metric("twohop_audit_healthy") == 0 && b.Metric("twohop_audit_free_bytes") < 1<<20
	})
	if !strings.Contains(b.Log(), "level=ERROR msg=\"the disk of the audit log is nearly full") {
		t.Error("the log says nothing")
	}
	if body, err := io.ReadAll(drip.Body); err != nil || strings.Count(string(body), "\n") != 100 {
		t.Errorf("a call that ran: %d bytes, %v", len(body), err)
	}
	b.End(drip.Header.Get("X-Correlation-Id"))
	if free() < 400<<10 {
		t.Errorf("%d bytes are left: refusals filled the disk", free())
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	b.wait(10*time.Second, "service to come back", func() bool { return b.Ready() == 200 })
	if a := b.Call("GET", "/stock/x", ""); a.StatusCode != 200 {
		t.Errorf("with room again a known caller gets %s", a.Status)
	}
	b.wait(10*time.Second, "the metric", func() bool { return b.Metric("twohop_audit_healthy") == 1 })
}

// onDisk runs a broker whose audit log has a file system of its own, in a mount namespace
// that ends with the broker.
func onDisk(b *Broker, size string) func([]string) []string {
	if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		b.t.Skipf("SKIPPED, NOT TESTED: a mount namespace needs root: %v %s", err, out)
	}
	return func(command []string) []string {
		script := `mount -t tmpfs -o size=` + size + `,mode=700 tmpfs "$0" && exec "$@"`
		return append([]string{"unshare", "--mount", "sh", "-c", script, b.Audit}, command...)
	}
}

// TestRefusalsOnAnOpenRouteAreAddedUp: whoever may call without a credential cannot fill
// the disk by being refused.
func TestRefusalsOnAnOpenRouteAreAddedUp(t *testing.T) {
	t.Parallel()
	b := Start(t, fill(`
routes:
  - {name: open, path: /open/*, callers: [anyone], limit: {rate: 1/h, burst: 3}, target: {url: "http://ADDR/"}}
`, "ADDR", plainTarget(t).Addr()))
	c := b.Client()
	const calls = 300
	refused := 0
	for range calls {
		switch a := b.Do(c, b.Request("GET", "/open/stock/A1001", nil, "X-Api-Key:")); a.StatusCode {
		case http.StatusTooManyRequests:
			refused++
		case http.StatusOK:
		default:
			t.Errorf("got %s", a.Status)
		}
	}
	b.Signal(syscall.SIGTERM)
	b.Ended(20 * time.Second)
	recorded, counted, answered := 0, 0, 0
	auditLines(t, b.Audit, func(line []byte) {
		switch {
		case bytes.Contains(line, []byte(`"outcome":"answered"`)):
			answered++
		case bytes.Contains(line, []byte(`"stage":"end"`)):
			recorded++
		case bytes.Contains(line, []byte(`"rate_limited":`)):
			var sum struct{ Count int }
			if err := json.Unmarshal(line, &sum); err != nil {
				t.Error(err)
			}
			counted += sum.Count
		}
	})
	if refused != calls-3 || answered != 3 || recorded+counted != refused || recorded > 20 || counted == 0 {
		t.Errorf("%d calls were refused, %d answered; %d answers, %d refusals are recorded and %d counted", refused, calls-refused, answered, recorded, counted)
	}
}
