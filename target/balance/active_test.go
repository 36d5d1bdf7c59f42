package balance

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twohop/target"
)

// checked makes the checks of c fast.
func checked(c Config, kind target.CheckKind) Config {
	c.Active = &Active{Check: target.Check{Kind: kind, Path: "/health"}, Interval: 20 * time.Millisecond, Timeout: 2 * time.Second, UnhealthyAfter: 3, HealthyAfter: 2}
	return c
}

// health answers checks by whether it is well, and calls with its name.
func health(well *atomic.Bool, checks *atomic.Int64, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/health" {
			says(name)(w, r)
			return
		}
		checks.Add(1)
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

// TestChecksFailOverAndBack makes the primary ill and well again.
func TestChecksFailOverAndBack(t *testing.T) {
	var well, always atomic.Bool
	var n atomic.Int64
	well.Store(true)
	always.Store(true)
	a, b := serve(t, "127.0.0.1:0", health(&well, &n, "a")), serve(t, "127.0.0.1:0", health(&always, &n, "b"))
	g := group(t, NewPool(time.Now), checked(defaults(PrimaryStandby, a.addr, b.addr), target.CheckHTTP))
	expect := func(state, name string) {
		t.Helper()
		until(t, g, state)
		if text, _, err := call(t.Context(), g, "GET", ""); err != nil || !strings.HasPrefix(text, name+" ") {
			t.Errorf("%s: %q, %v", state, text, err)
		}
	}
	if expect("up up, closed", "a"); n.Load() > 0 {
		t.Error("checks are made before the group counts")
	}
	g.Start(time.Time{})
	well.Store(false)
	expect("down up, closed", "b")
	if s := g.Status().Endpoints[0]; !strings.Contains(s.Why, "after 3 failed checks in a row, the last: target_bad_answer: the target answered 503") || s.ChecksFailed < 3 {
		t.Errorf("%+v", s)
	}
	well.Store(true)
	expect("up up, closed", "a")

	// All down: calls are made all the same.
	well.Store(false)
	always.Store(false)
	expect("down down, closed", "a")
}

// TestChecksEndWithTheException starts them with an exception that is over, and extends it.
func TestChecksEndWithTheException(t *testing.T) {
	var well atomic.Bool
	var n atomic.Int64
	a := serve(t, "127.0.0.1:0", health(&well, &n, "a"))
	g := group(t, NewPool(time.Now), checked(defaults(RoundRobin, a.addr), target.CheckHTTP))
	g.Start(time.Now().Add(-time.Second))
	time.Sleep(200 * time.Millisecond)
	if n.Load() != 0 {
		t.Fatalf("%d checks under an exception that is over", n.Load())
	}
	g.Start(time.Now().Add(time.Hour))
	until(t, g, "down, closed")
}

// TestStateSurvivesAReload gets a group again with another endpoint, as a reload does, and
// lets go of the first.
func TestStateSurvivesAReload(t *testing.T) {
	var well, always atomic.Bool
	var n atomic.Int64
	always.Store(true)
	a, b, c := serve(t, "127.0.0.1:0", health(&well, &n, "a")), serve(t, "127.0.0.1:0", health(&always, &n, "b")), serve(t, "127.0.0.1:0", health(&always, &n, "c"))
	p := NewPool(time.Now)
	old, err := p.Get(checked(defaults(RoundRobin, a.addr, b.addr), target.CheckHTTP))
	if err != nil {
		t.Fatal(err)
	}
	old.Start(time.Time{})
	until(t, old, "down up, closed")
	fail(old, 1, 5)
	until(t, old, "down ejected, closed")

	config := checked(defaults(LeastBusy, c.addr, b.addr, a.addr), target.CheckHTTP)
	for i := range config.Endpoints {
		config.Endpoints[i].Connect = time.Second // another route's limit
	}
	now := group(t, p, config)
	now.Start(time.Time{})
	p.Release(old)
	if got := states(now); got != "up ejected down, closed" {
		t.Error(got)
	}
	well.Store(true)
	until(t, now, "up ejected up, closed") // the checks go on

	same := group(t, p, config)
	if same.cluster != now.cluster {
		t.Error("equal configs do not share their state")
	}
	other := config
	other.Name = "erp"
	if got := states(group(t, p, other)); got != "up up up, closed" {
		t.Errorf("another target shares the state: %s", got)
	}
}

func TestChecksEndWithTheLastGroup(t *testing.T) {
	var well atomic.Bool
	var n atomic.Int64
	a := serve(t, "127.0.0.1:0", health(&well, &n, "a"))
	p := NewPool(time.Now)
	g, err := p.Get(checked(defaults(RoundRobin, a.addr), target.CheckHTTP))
	if err != nil {
		t.Fatal(err)
	}
	g.Start(time.Time{})
	until(t, g, "down, closed")
	p.Release(g)
	last := n.Load()
	time.Sleep(200 * time.Millisecond)
	if n.Load() != last || p.Len() != 0 || len(p.Status()) != 0 {
		t.Errorf("%d checks after the end; %d targets are held", n.Load()-last, p.Len())
	}
}

// A configuration that is wrong holds nothing.
func TestAWrongConfigHoldsNothing(t *testing.T) {
	c := defaults(RoundRobin, several(3)...)
	c.Endpoints[2].Via = "nonsense"
	p := NewPool(time.Now)
	if _, err := p.Get(c); err == nil || p.Len() != 0 || len(p.Status()) != 0 {
		t.Errorf("%v, %d targets are held", err, p.Len())
	}
}
