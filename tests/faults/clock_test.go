//go:build linux

package faults

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"twohop/audit"
	"twohop/audit/capture"
	"twohop/audit/trail"
	"twohop/certs"
	"twohop/limit"
	"twohop/metrics"
	"twohop/proxy"
	"twohop/routes"
	"twohop/target/balance"
)

// The binary's clock cannot be faked from outside, so these tests put the broker's
// packages together in this process, around a clock that jumps.

// clock stands still until it is moved.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Now().UnixNano())
	return c
}

func (c *clock) Now() time.Time       { return time.Unix(0, c.at.Load()) }
func (c *clock) move(d time.Duration) { c.at.Add(int64(d)) }

// jumps are what virtual machines do after a pause, and time servers to a clock that ran
// too fast.
var jumps = map[string]time.Duration{"a day forward": 24 * time.Hour, "an hour back": -time.Hour}

// timed is a broker in this process.
type timed struct {
	*clock
	t       *testing.T
	server  *httptest.Server
	metrics *metrics.Metrics
	audit   *Broker // reads the audit log
}

// newTimed serves routesText, in which TARGET is the address of h over plain HTTP and
// OLDADDR that of a service on TLS 1.0, with PIN its pin and DAY today.
func newTimed(t *testing.T, h http.HandlerFunc, routesText string) *timed {
	t.Helper()
	x := &timed{clock: newClock(), t: t, metrics: metrics.New()}
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	old := startService(t, tls10)
	text := fill("listen: [{address: \"127.0.0.1:0\", hosts: [localhost]}]\ncertificates: {local: true}\n"+routesText,
		"TARGET", ts.Listener.Addr().String(), "OLDADDR", old.Addr(), "PIN", old.SPKIPin(), "DAY", x.Now().UTC().Format(time.DateOnly))
	table, err := routes.Load("routes.yaml", []byte(text), x.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log, err := audit.Open(audit.Config{Dir: dir, Options: trail.Options{Now: x.Now}})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := audit.OpenSecret(dir)
	if err != nil {
		t.Fatal(err)
	}
	router, err := proxy.Compile(table, proxy.State{}, proxy.Deps{Targets: balance.NewPool(x.Now), Limits: limit.NewStore(), Audit: log, Secret: secret, Bodies: capture.NewStore(dir, log.AppendEvent),
		Metrics: x.metrics, Log: slog.New(slog.DiscardHandler), Now: x.Now})
	if err != nil {
		t.Fatal(err)
	}
	broker := proxy.NewBroker(router)
	x.server = httptest.NewServer(broker)
	x.audit = &Broker{t: t, Audit: dir}
	t.Cleanup(func() {
		x.server.Client().CloseIdleConnections()
		x.server.Close()
		broker.Router().Close()
		log.Close()
	})
	return x
}

// call returns the status of a call, the code of a refusal and the seconds to wait.
func (x *timed) call(path string) (status int, code string, wait time.Duration) {
	x.t.Helper()
	resp, err := x.server.Client().Get(x.server.URL + path)
	if err != nil {
		x.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	var p struct{ Code string }
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		if err := json.Unmarshal(text, &p); err != nil {
			x.t.Fatal(err)
		}
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // 0 without one
	return resp.StatusCode, p.Code, time.Duration(seconds) * time.Second
}

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// TestAClockThatJumpsNeitherFloodsNorLocks uses a rate up and moves the clock.
func TestAClockThatJumpsNeitherFloodsNorLocks(t *testing.T) {
	t.Parallel()
	const burst = 10
	for name, jump := range jumps {
		t.Run(name, func(t *testing.T) {
			x := newTimed(t, ok, `routes: [{name: limited, path: /limited, callers: [anyone], limit: {rate: 10/s, burst: 10}, target: {url: "http://TARGET/"}}]`)
			passed := func() (n int) {
				for range 5 * burst {
					status, code, wait := x.call("/limited")
					switch {
					case status == http.StatusOK:
						n++
					case code != "rate_limited" || wait < time.Second || wait > 2*time.Second:
						t.Errorf("%d %s, to come again in %v; 10 calls are allowed each second", status, code, wait)
					}
				}
				return n
			}
			if n := passed(); n != burst {
				t.Fatalf("%d calls pass at once, want %d", n, burst)
			}
			x.move(jump)
			if n := passed(); n > burst {
				t.Errorf("after the jump %d calls pass at once, want at most %d", n, burst)
			}
			x.move(time.Second)
			if n := passed(); n != burst {
				t.Errorf("a second after the jump %d calls pass, want %d", n, burst)
			}
			x.move(-jump) // and back to the right time
			if n := passed(); n > burst {
				t.Errorf("when the clock is right again %d calls pass at once, want at most %d", n, burst)
			}
			x.move(time.Second)
			if n := passed(); n != burst {
				t.Errorf("a second after the clock was put right %d calls pass, want %d", n, burst)
			}
		})
	}
}

// TestAnExceptionFollowsTheClock moves the clock over the end of its last day and back.
func TestAnExceptionFollowsTheClock(t *testing.T) {
	t.Parallel()
	x := newTimed(t, ok, `
exceptions:
  OLD: {allows: [tls1.0, rsa_key_exchange], targets: ["OLDADDR"], owner: it@contoso.example, approved_by: ciso@contoso.example, ticket: CHG-1, reason: old, expires: DAY}
routes: [{name: old, path: /old, callers: [anyone], target: {url: "https://OLDADDR/stock/A1001", exception: OLD, tls: {version: 1.0, pins: ["PIN"]}}}]`)
	now := x.Now().UTC()
	ends := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at     time.Time
		status int
		code   string
	}{
		{now, 200, ""},
		{ends.Add(-time.Second), 200, ""},
		{ends, 503, "exception_expired"},
		{ends.Add(24 * time.Hour), 503, "exception_expired"},
		{ends.Add(-time.Hour), 200, ""}, // the clock had been wrong
	} {
		x.move(c.at.Sub(x.Now()))
		if status, code, _ := x.call("/old"); status != c.status || code != c.code {
			t.Errorf("at %v: %d %s, want %d %s", c.at, status, code, c.status, c.code)
		}
	}
}

// TestAClockThatJumpsWithinACall looks at what is kept of such a call, and at the
// connection that it leaves.
func TestAClockThatJumpsWithinACall(t *testing.T) {
	t.Parallel()
	for name, jump := range jumps {
		t.Run(name, func(t *testing.T) {
			var x *timed
			x = newTimed(t, func(w http.ResponseWriter, r *http.Request) {
				x.move(jump)
				io.WriteString(w, "ok")
			}, `routes: [{name: jump, path: /jump, callers: [anyone], timeout: {total: 60s}, target: {url: "http://TARGET/"}}]`)
			for range 3 {
				if status, code, _ := x.call("/jump"); status != http.StatusOK {
					t.Fatalf("%d %s", status, code)
				}
			}
			records := x.audit.Records("")
			if len(records) != 6 {
				t.Errorf("%d records of 3 calls, want 6", len(records))
			}
			reused := 0
			for _, r := range records {
				if r.Unmapped.Reused {
					reused++
				}
				if u := r.Unmapped; !measurable(u.ConnectMS, u.HandshakeMS, u.FirstByteMS, u.TotalMS) {
					t.Errorf("a time at the target that nobody waited: %+v", u)
				}
			}
			if reused != 2 {
				t.Errorf("%d of 2 calls went over the kept connection: its age is not the clock's to change", reused)
			}
			t.Run("its length", func(t *testing.T) {
				for _, r := range records {
					if !measurable(r.Unmapped.CallMS, float64(r.Duration)) {
						t.Errorf("a record says %v ms", r.Unmapped.CallMS)
					}
				}
				if sum := x.callSeconds(); !measurable(sum * 1000) {
					t.Errorf("twohop_duration_seconds sums up to %v s", sum)
				}
			})
		})
	}
}

// measurable reports whether no time is below zero or longer than any test.
func measurable(ms ...float64) bool { return slices.Min(ms) >= 0 && slices.Max(ms) < 600_000 }

// callSeconds is the sum of the lengths of all calls.
func (x *timed) callSeconds() (sum float64) {
	x.t.Helper()
	families, err := x.metrics.Registry.Gather()
	if err != nil {
		x.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "twohop_duration_seconds" {
			for _, m := range f.GetMetric() {
				sum += m.GetHistogram().GetSampleSum()
			}
		}
	}
	return sum
}

// TestTheAuditLogOpensAtAnEarlierTime: a broker that starts again after its clock was
// put back neither overwrites nor refuses.
func TestTheAuditLogOpensAtAnEarlierTime(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	for i := range 3 {
		l, err := audit.Open(audit.Config{Dir: dir, Options: trail.Options{Now: c.Now}})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Append(&audit.Record{Stage: audit.End, Time: c.Now(), Logged: c.Now(), ID: fmt.Sprint(i), Correlation: fmt.Sprint(i), Method: "GET", Path: "/", Proto: "HTTP/1.1", Status: 200, Outcome: audit.Answered}); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		c.move(-time.Hour)
	}
	keys, err := trail.PublicKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := trail.Verify(trail.Log{Dir: filepath.Join(dir, "log-1")}, keys, nil); err != nil || len(r.Problems) > 0 || r.Lines < 3 {
		t.Errorf("the log of 3 starts: %+v, %v", r, err)
	}
	if n := len((&Broker{t: t, Audit: dir}).Records("")); n != 3 {
		t.Errorf("%d records of 3", n)
	}
}

// TestTheLocalCertificateFollowsTheClock: it is renewed when the clock passes its end,
// and holds when the clock goes back an hour.
func TestTheLocalCertificateFollowsTheClock(t *testing.T) {
	t.Parallel()
	c := newClock()
	m, err := certs.Open(context.Background(), certs.Config{Local: true, Dir: t.TempDir(), Hosts: []string{"localhost"}}, certs.Options{Now: c.Now, Poll: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	valid := func() bool {
		cert, err := m.TLS().GetCertificate(&tls.ClientHelloInfo{ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		return !c.Now().Before(cert.Leaf.NotBefore) && c.Now().Before(cert.Leaf.NotAfter)
	}
	for _, jump := range []time.Duration{0, -time.Hour, time.Hour, 24 * time.Hour, 8 * 24 * time.Hour, -time.Hour} {
		c.move(jump)
		eventually(t, patience, fmt.Sprintf("a certificate that is valid after a jump by %v", jump), valid)
	}
}
