//go:build linux

package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// routeTo is a configuration with one route, /t/*, to a target with these keys.
func routeTo(keys string) string {
	return "targets:\n  wms: {" + keys + "}\nroutes:\n  - {name: wms, path: /t/*, callers: [erp], target: wms}\n"
}

// live returns the endpoints of route wms as twohop routes --live --json shows them.
func (b *Broker) live() (list []struct {
	Endpoint, State, Why string
	Calls, Failures      int
}, circuit string) {
	b.t.Helper()
	code, out, errs := b.Run("routes", "--live", "--json", b.File)
	var routes []struct {
		Name    string
		Targets []struct {
			Circuit   struct{ State string }
			Endpoints json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(out), &routes); code != 0 || err != nil || len(routes) == 0 || len(routes[0].Targets) != 1 {
		b.t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	if err := json.Unmarshal(routes[0].Targets[0].Endpoints, &list); err != nil {
		b.t.Fatal(err)
	}
	return list, routes[0].Targets[0].Circuit.State
}

// load is calls that go on until stop.
type load struct {
	t    *testing.T
	over chan struct{}
	wg   sync.WaitGroup

	mu    sync.Mutex
	count map[string]int // by what the call came to: the answer, or the code of a refusal
}

// keepCalling lets n callers call path one call after the other.
func (b *Broker) keepCalling(t *testing.T, n int, method, path string) *load {
	l := &load{t: t, over: make(chan struct{}), count: map[string]int{}}
	for range n {
		client := b.Client()
		l.wg.Go(func() {
			for {
				select {
				case <-l.over:
					return
				default:
				}
				var body io.Reader
				if method == http.MethodPost {
					body = strings.NewReader("x")
				}
				l.note(outcomeOf(client, b.Request(method, path, body)))
			}
		})
	}
	return l
}

// outcomeOf makes a call and says in a word what came of it.
func outcomeOf(c *http.Client, req *http.Request) string {
	resp, err := c.Do(req)
	if err != nil {
		return "error: " + err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "error: " + err.Error()
	}
	var p Problem
	if resp.StatusCode != http.StatusOK && json.Unmarshal(body, &p) == nil {
		return p.Code
	}
	return string(body)
}

func (l *load) note(outcome string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count[outcome]++
}

func (l *load) of(outcome string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count[outcome]
}

// stop ends the calls and returns what they came to.
func (l *load) stop() map[string]int {
	close(l.over)
	l.wg.Wait()
	return l.count
}

// TestAKilledEndpointCostsNoCall kills one of two endpoints under load and starts it again.
// A GET never fails. A POST does only when the endpoint had it already.
func TestAKilledEndpointCostsNoCall(t *testing.T) {
	one, two := newEndpoint(t).start(), newEndpoint(t).start()
	b := Start(t, routeTo(fmt.Sprintf(`urls: ["http://%s/", "http://%s/"], health: {passive: {ejection: 1s, max_ejection: 2s}}`, one.addr, two.addr)))
	const posters = 4
	gets, posts := b.keepCalling(t, 4, "GET", "/t/slow"), b.keepCalling(t, posters, "POST", "/t/slow")
	up := func(e *endpoint) float64 {
		return b.Metric(`twohop_target_up{endpoint="` + e.addr + `",target="wms"}`)
	}
	b.wait(20*time.Second, "calls at both", func() bool { return gets.of(one.addr) > 20 && gets.of(two.addr) > 20 })
	one.kill()
	b.wait(20*time.Second, "the endpoint to be out", func() bool { return up(one) == 0 && up(two) == 1 })
	before := gets.of(two.addr)
	b.wait(20*time.Second, "calls at the other", func() bool { return gets.of(two.addr) > before+50 })
	one.start()
	before = gets.of(one.addr)
	b.wait(20*time.Second, "calls at the endpoint that is back", func() bool { return gets.of(one.addr) > before+20 && up(one) == 1 })

	for name, l := range map[string]*load{"GET": gets, "POST": posts} {
		for outcome, n := range l.stop() {
			switch {
			case outcome == one.addr || outcome == two.addr:
			case name == "POST" && outcome == "outcome_unknown" && n <= posters: // under way when it was killed
			default:
				t.Errorf("%d %s calls ended in %q", n, name, outcome)
			}
		}
	}
	if b.Metric(`twohop_target_retries_total{target="wms"}`) == 0 {
		t.Error("no call went to the other endpoint")
	}
	b.Found("a call that went to the other endpoint", func(r Record) bool {
		return r.Unmapped.Stage == "end" && r.Unmapped.Retries == 1 && r.Unmapped.Endpoint == two.addr && r.Unmapped.Outcome == "answered" && fmt.Sprintf("%s:%d", r.Proxy.IP, r.Proxy.Port) == two.addr
	})
	for _, state := range []string{"is ejected: for 1s after 5 failed calls in a row", "is up: its ejection is over"} {
		b.Found("an endpoint that "+state, func(r Record) bool {
			return r.Entity.Type == "target" && r.Entity.Name == "wms "+one.addr && r.Actor.User.Name == "twohop" && strings.Contains(r.Message, state)
		})
	}
	if log := b.Log(); !strings.Contains(log, "endpoint="+one.addr+" state=ejected") || !strings.Contains(log, "endpoint="+one.addr+" state=up") {
		t.Error("the log does not tell of it")
	}
}

// TestFailoverAndBack has a primary and a standby, told apart by checks alone.
func TestFailoverAndBack(t *testing.T) {
	primary, standby := newEndpoint(t).start(), newEndpoint(t).start()
	b := Start(t, routeTo(fmt.Sprintf(`urls: ["http://%s/", "http://%s/"], balance: primary_standby, health: {passive: {failures: 0}, active: {kind: http, path: /, interval: 100ms, unhealthy_after: 2, healthy_after: 2}}`, primary.addr, standby.addr)))
	expect := func(what string, e *endpoint) {
		t.Helper()
		b.wait(20*time.Second, what, func() bool { return b.Get("/t/") == e.addr })
		for range 5 {
			if got := b.Get("/t/"); got != e.addr {
				t.Errorf("%s: a call reached %s", what, got)
			}
		}
	}
	expect("the primary", primary)
	primary.kill()
	expect("the standby", standby)
	b.wait(20*time.Second, "the primary to be down", func() bool {
		list, _ := b.live()
		return list[0].State == "down" && strings.Contains(list[0].Why, "failed checks in a row") && list[1].State == "up" && list[1].Calls > 0
	})
	if code, out, errs := b.Run("routes", "--live", b.File); code != 0 || !strings.Contains(out, primary.addr) || !strings.Contains(out, " down ") || !strings.Contains(out, " closed ") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	primary.start()
	expect("the primary again", primary)

	// A reload that changes something else keeps the state.
	standby.kill()
	b.wait(20*time.Second, "the standby to be down", func() bool { list, _ := b.live(); return list[1].State == "down" })
	b.Write(strings.Replace(b.config(), "{name: wms,", "{name: wms, max_body: 1MiB, timeout: {connect: 3s},", 1))
	b.MustReload()
	if list, _ := b.live(); list[1].State != "down" || list[0].State != "up" {
		t.Errorf("after the reload: %+v", list)
	}
}

// TestTheCircuitOpensAndCloses is about a target with one url and no settings.
func TestTheCircuitOpensAndCloses(t *testing.T) {
	e := newEndpoint(t)
	b := Start(t, routeTo(fmt.Sprintf(`url: "http://%s/"`, e.addr)))
	for range 5 {
		a := b.Call("GET", "/t/", "")
		if p := a.Problem(t); p.Code != "target_refused" || p.Status != 502 {
			t.Fatalf("got %+v", p)
		}
		if r := b.End(a.Correlation()); r.Unmapped.Endpoint != e.addr {
			t.Errorf("the record names the endpoint %q", r.Unmapped.Endpoint)
		}
	}
	var a Answer
	b.wait(20*time.Second, "a refusal by the circuit", func() bool {
		a = b.Call("GET", "/t/", "")
		return a.Problem(t).Code == "target_circuit_open"
	})
	p := a.Problem(t)
	if p.Status != 503 || p.RetryAfter < 1 || p.RetryAfter > 2 || a.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "nothing accepts connections") || strings.Contains(a.Body, "127.0.0.1") {
		t.Errorf("got %+v", p)
	}
	if r := b.End(a.Correlation()); r.Unmapped.Endpoint != "" || r.StatusCode != "target_circuit_open" || r.Unmapped.Outcome != "failed" {
		t.Errorf("the record says %+v", r)
	}
	if _, circuit := b.live(); circuit == "closed" {
		t.Error("routes --live shows a closed circuit")
	}
	if b.Metric(`twohop_target_circuit_opened_total{target="wms"}`) == 0 || b.Metric(`twohop_target_circuit_refused_total{target="wms"}`) == 0 {
		t.Error("the metrics do not count it")
	}
	e.start()
	b.wait(20*time.Second, "the circuit to close", func() bool { return b.Call("GET", "/t/", "").StatusCode == 200 })
	if _, circuit := b.live(); circuit != "closed" || b.Metric(`twohop_target_circuit_state{target="wms"}`) != 0 {
		t.Errorf("the circuit is %s", circuit)
	}
	b.Found("the circuit that opened", func(r Record) bool {
		return r.Entity.Name == "wms" && strings.Contains(r.Message, "circuit is open: calls try again every 2s, the last call: target_refused")
	})
	b.Found("the circuit that closed", func(r Record) bool { return r.Entity.Name == "wms" && strings.Contains(r.Message, "circuit is closed") })
}

// config is the broker's routes.yaml as it is.
func (b *Broker) config() string {
	b.t.Helper()
	text, err := os.ReadFile(b.File)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}
