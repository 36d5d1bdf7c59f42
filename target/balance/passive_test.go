package balance

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twohop/internal/fault"
)

func TestFailuresInARowEject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := group(t, NewPool(time.Now), defaults(RoundRobin, several(3)...))
		fail(g, 0, 4)
		g.settle(g.endpoints[0], nil)
		fail(g, 0, 4)
		if got := states(g); got != "up up up, closed" {
			t.Fatalf("four in a row, an answer, four in a row: %s", got)
		}
		fail(g, 0, 1)
		if got := states(g); got != "ejected up up, closed" {
			t.Fatalf("five in a row: %s", got)
		}
		if s := g.Status().Endpoints[0]; s.Failures != 9 || s.Recent != 9 || s.Ejections != 1 || !strings.Contains(s.Why, "for 10s after 5 failed calls in a row") || !strings.Contains(s.Last, "target_refused") {
			t.Errorf("%+v", s)
		}
		time.Sleep(9 * time.Second)
		if got := states(g); got != "ejected up up, closed" {
			t.Error("too early:", got)
		}
		time.Sleep(time.Second)
		if got := states(g); got != "up up up, closed" {
			t.Error("too late:", got)
		}
	})
}

// TestEjectionsGrow fails an endpoint again and again, and then after a good time.
func TestEjectionsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := group(t, NewPool(time.Now), defaults(RoundRobin, several(2)...))
		for _, want := range []time.Duration{10, 20, 40, 80, 160, 300, 300} {
			fail(g, 0, 5)
			s := g.Status().Endpoints[0]
			if got := s.Until.Sub(s.Since); got != want*time.Second {
				t.Errorf("out for %v, want %v", got, want*time.Second)
			}
			time.Sleep(time.Until(s.Until) + time.Second)
			states(g)
		}
		time.Sleep(10 * time.Minute)
		fail(g, 0, 5)
		if s := g.Status().Endpoints[0]; s.Until.Sub(s.Since) != 10*time.Second {
			t.Errorf("after a good time it is out for %v", s.Until.Sub(s.Since))
		}
	})
}

func TestNotAllAreEjected(t *testing.T) {
	for _, c := range []struct{ endpoints, percent, out int }{{2, 50, 1}, {2, 10, 1}, {4, 50, 2}, {5, 50, 2}, {4, 0, 1}, {4, 100, 4}, {1, 100, 0}} {
		synctest.Test(t, func(t *testing.T) {
			conf := defaults(RoundRobin, several(c.endpoints)...)
			conf.MaxEjected = c.percent
			g := group(t, NewPool(time.Now), conf)
			for i := range c.endpoints {
				fail(g, i, 20)
			}
			if got := strings.Count(states(g), string(Ejected)); got != c.out {
				t.Errorf("%d of %d are out, want %d with %d percent", got, c.endpoints, c.out, c.percent)
			}
		})
	}
}

func TestAShareOfFailuresEjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := defaults(RoundRobin, several(2)...)
		c.Passive.Failures, c.Passive.Percent, c.Passive.MinCalls = 0, 40, 10
		g := group(t, NewPool(time.Now), c)
		e := g.endpoints[0]
		mixed := func(n, every int) {
			for i := range n {
				if i%every == 0 {
					g.settle(e, broken)
				} else {
					g.settle(e, nil)
				}
			}
		}
		if mixed(60, 4); states(g) != "up up, closed" {
			t.Fatal("a quarter of the calls failed:", states(g))
		}
		time.Sleep(31 * time.Second)
		if mixed(8, 2); states(g) != "up up, closed" {
			t.Fatal("8 calls are too few:", states(g))
		}
		if mixed(4, 2); states(g) != "ejected up, closed" {
			t.Error("half of the calls failed:", states(g))
		}
	})
}

// TestWhatBlamesAnEndpoint goes through the whole catalogue.
func TestWhatBlamesAnEndpoint(t *testing.T) {
	none := []fault.Code{fault.TargetName, fault.TargetRefused, fault.TargetUnreachable, fault.TargetForbidden, fault.TargetConnectTime, fault.ViaRefused,
		fault.TargetHandshakeTime, fault.TargetReset, fault.TargetVersion, fault.TargetSuite, fault.TargetNotTLS, fault.TargetHandshake, fault.TargetWantsCert,
		fault.TargetUntrusted, fault.TargetCertExpired, fault.TargetCertName, fault.TargetCertWeak, fault.TargetPin}
	lost := []fault.Code{fault.TargetFirstByte, fault.TargetIdle, fault.OutcomeUnknown, fault.TargetClosed, fault.TargetBadAnswer, fault.TargetTruncated}
	ours := []fault.Code{fault.TotalTime, fault.TargetCircuitOpen, fault.TargetFault, fault.TargetAnswerInvalid} // the last two are found in answers that came whole
	for _, e := range fault.Catalogue() {
		got := judge(fault.New(e.Code, "x"))
		switch {
		case slices.Contains(none, e.Code) != (got == unreached), slices.Contains(lost, e.Code) != (got == failed):
			t.Errorf("%s: %d", e.Code, got)
		case e.Hop == fault.Target && got == silent && !slices.Contains(ours, e.Code):
			t.Errorf("%s is the target's and blames nobody: say here that it is meant so", e.Code)
		}
	}
}

// Changes of state are told in order, once.
func TestChangesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(time.Now)
		g := group(t, p, defaults(RoundRobin, several(2)...))
		fail(g, 0, 7)
		time.Sleep(10 * time.Second)
		states(g)
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Watch(ctx, func(e Event) { got = append(got, e.Target+" "+e.Endpoint+" "+string(e.State)) })
		}()
		synctest.Wait()
		fail(g, 1, 5)
		cancel()
		<-done
		if want := []string{"wms 10.0.0.1:80 ejected", "wms 10.0.0.1:80 up", "wms 10.0.0.2:80 ejected"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}
