package balance

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// shares counts n choices.
func shares(g *Group, n int) []int {
	counts := make([]int, len(g.endpoints))
	for range n {
		counts[g.pick(0)]++
	}
	return counts
}

// TestRoundRobinIsEven takes endpoints away at random: those that are left differ by one
// call at most.
func TestRoundRobinIsEven(t *testing.T) {
	for range 200 {
		n := 2 + rand.IntN(maxEndpoints-1)
		g := group(t, NewPool(time.Now), defaults(RoundRobin, several(n)...))
		fit := map[int]bool{}
		for i, e := range g.endpoints {
			if fit[i] = i == 0 || rand.IntN(3) > 0; !fit[i] {
				e.down = true
				e.plain.Store(false)
			}
		}
		least, most := math.MaxInt, 0
		for i, count := range shares(g, 10*n+rand.IntN(n)) {
			switch {
			case !fit[i] && count > 0:
				t.Fatalf("an endpoint that is down got %d calls", count)
			case fit[i]:
				least, most = min(least, count), max(most, count)
			}
		}
		if most-least > 1 {
			t.Fatalf("%d to %d calls", least, most)
		}
	}
}

// TestLeastBusyLevels lets calls of random length run: no endpoint ever has two more
// running calls than another when a call comes.
func TestLeastBusyLevels(t *testing.T) {
	g := group(t, NewPool(time.Now), defaults(LeastBusy, several(5)...))
	var running []int
	for range 5000 {
		if len(running) > 0 && rand.IntN(2) == 0 {
			k := rand.IntN(len(running))
			g.endpoints[running[k]].running.Add(-1)
			running = append(running[:k], running[k+1:]...)
			continue
		}
		i := g.pick(0)
		for _, e := range g.endpoints {
			if e.running.Load() < g.endpoints[i].running.Load() {
				t.Fatal("a busier endpoint was chosen")
			}
		}
		g.endpoints[i].running.Add(1)
		running = append(running, i)
	}
	for i, n := range shares(group(t, NewPool(time.Now), defaults(LeastBusy, several(3)...)), 300) {
		if n != 100 {
			t.Errorf("endpoint %d got %d of 300 calls, although all were idle", i, n)
		}
	}
}

func TestPrimaryStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := group(t, NewPool(time.Now), defaults(PrimaryStandby, several(3)...))
		if got := shares(g, 10); got[0] != 10 {
			t.Errorf("%v, want the first alone", got)
		}
		fail(g, 0, 5)
		if got := shares(g, 10); got[1] != 10 {
			t.Errorf("%v, want the second when the first is out", got)
		}
		time.Sleep(11 * time.Second)
		if got := shares(g, 10); got[0] != 10 {
			t.Errorf("%v, want the first again", got)
		}
	})
}

// fail lets n calls fail at an endpoint.
func fail(g *Group, i, n int) {
	for range n {
		g.settle(g.endpoints[i], broken)
	}
}

// TestSlowStart looks at the share of an endpoint that is back: it grows evenly to the
// full one.
func TestSlowStart(t *testing.T) {
	for _, policy := range []Policy{RoundRobin, LeastBusy, PrimaryStandby} {
		t.Run(string(policy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := defaults(policy, several(2)...)
				c.SlowStart = 40 * time.Second
				g := group(t, NewPool(time.Now), c)
				fail(g, 0, 5)
				time.Sleep(10 * time.Second)
				if g.pick(0); states(g) != "warming up, closed" {
					t.Fatal(states(g))
				}
				const n = 20000
				for _, at := range []float64{.25, .5, .75} {
					time.Sleep(10 * time.Second)
					var want float64 // of the calls
					switch policy {
					case PrimaryStandby:
						want = at
					default:
						want = at / (1 + at)
					}
					got := share(g, n)
					if math.Abs(got-want) > .03 {
						t.Errorf("after %v of the time it has %.3f of the calls, want %.3f", at, got, want)
					}
				}
				time.Sleep(11 * time.Second)
				want := .5
				if policy == PrimaryStandby {
					want = 1
				}
				if got := share(g, n); math.Abs(got-want) > .01 || states(g) != "up up, closed" {
					t.Errorf("in the end it has %.3f, %s", got, states(g))
				}
			})
		})
	}
}

// share is the first endpoint's of n calls, of which some hundred run at a time.
func share(g *Group, n int) float64 {
	var running []int
	first := 0
	for range n {
		i := g.pick(0)
		if i == 0 {
			first++
		}
		g.endpoints[i].running.Add(1)
		if running = append(running, i); len(running) == 300 {
			k := rand.IntN(len(running))
			g.endpoints[running[k]].running.Add(-1)
			running = append(running[:k], running[k+1:]...)
		}
	}
	for _, i := range running {
		g.endpoints[i].running.Add(-1)
	}
	return float64(first) / float64(n)
}

// When nothing is fit, everything is tried.
func TestWithoutAFitEndpointAllGetCalls(t *testing.T) {
	g := group(t, NewPool(time.Now), defaults(RoundRobin, several(3)...))
	for _, e := range g.endpoints {
		e.down = true
		e.plain.Store(false)
	}
	if got := shares(g, 9); got[0] != 3 || got[1] != 3 || got[2] != 3 {
		t.Error(got)
	}
	if i := g.pick(0b011); i != 2 {
		t.Errorf("after two the third is left, got %d", i)
	}
	if i := g.pick(0b111); i != -1 {
		t.Errorf("after three none is left, got %d", i)
	}
	g.endpoints[0].down = false
	if i := g.pick(0b001); i != -1 {
		t.Errorf("a second try went to endpoint %d, which is down, while another was fit", i)
	}
}

func TestChoosingDoesNotAllocate(t *testing.T) {
	for _, policy := range []Policy{RoundRobin, LeastBusy, PrimaryStandby} {
		for _, n := range []int{1, 4, maxEndpoints} {
			c := defaults(policy, several(n)...)
			c.SlowStart = time.Hour
			g := group(t, NewPool(time.Now), c)
			if allocs := testing.AllocsPerRun(100, func() { g.pick(0) }); allocs > 0 {
				t.Errorf("%s of %d: %v allocations", policy, n, allocs)
			}
			if g.endpoints[0].back = time.Now(); n > 1 {
				g.endpoints[0].plain.Store(false)
			}
			if allocs := testing.AllocsPerRun(100, func() { g.pick(0) }); allocs > 0 {
				t.Errorf("%s of %d, one of them warming: %v allocations", policy, n, allocs)
			}
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	for name, c := range map[string]Config{
		"one":                     defaults(RoundRobin, several(1)...),
		"round robin of 4":        defaults(RoundRobin, several(4)...),
		"least busy of 4":         defaults(LeastBusy, several(4)...),
		"primary and one standby": defaults(PrimaryStandby, several(2)...),
	} {
		b.Run(name, func(b *testing.B) {
			g := group(b, NewPool(time.Now), c)
			b.ReportAllocs()
			for b.Loop() {
				p, _, _ := g.circuit.enter()
				i := g.pick(0)
				g.circuit.leave(p, served, nil)
				g.settle(g.endpoints[i], nil)
			}
		})
	}
}
