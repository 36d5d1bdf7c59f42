package limit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func one(s *Store, c Config) *Limiter {
	p := s.Plan()
	l := p.Limiter(Key{Route: "stock", Caller: "fno"}, c)
	p.Apply(t0)
	return l
}

func TestRate(t *testing.T) {
	l := one(NewStore(), Config{PerSecond: 2, Burst: 3})
	for i := range 3 {
		if v, _ := l.Acquire(t0); v != Allowed {
			t.Fatalf("call %d within the burst: %v", i, v)
		}
	}
	v, wait := l.Acquire(t0)
	if v != OverRate || wait != 500*time.Millisecond {
		t.Errorf("call beyond the burst: verdict %v, wait %v; want OverRate, 500ms", v, wait)
	}
	if v, _ := l.Acquire(t0.Add(wait)); v != Allowed {
		t.Errorf("after the wait: %v; a refused call must not use a token", v)
	}
}

func TestBurstDefaultsToASecondsWorth(t *testing.T) {
	for perSecond, want := range map[float64]int{50: 50, 0.5: 1, 1.5: 2} {
		if got := (Config{PerSecond: perSecond}).burst(); got != want {
			t.Errorf("%v/s: burst %d, want %d", perSecond, got, want)
		}
	}
}

func TestNoLimit(t *testing.T) {
	l := one(NewStore(), Config{})
	for range 10_000 {
		if v, _ := l.Acquire(t0); v != Allowed {
			t.Fatal(v)
		}
	}
}

func TestConcurrent(t *testing.T) {
	l := one(NewStore(), Config{Concurrent: 4})
	var most, now, refused atomic.Int64
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for range 64 {
		wg.Go(func() {
			if v, _ := l.Acquire(t0); v == Busy {
				refused.Add(1)
				return
			}
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			<-gate
			now.Add(-1)
			l.Release()
		})
	}
	for refused.Load() < 60 {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	wg.Wait()
	if most.Load() > 4 || refused.Load() != 60 {
		t.Errorf("%d ran at once, %d refused; want 4 and 60", most.Load(), refused.Load())
	}
	if v, _ := l.Acquire(t0); v != Allowed {
		t.Error("after all were released:", v)
	}
}

func TestReloadKeepsTokensAndRunningCalls(t *testing.T) {
	s := NewStore()
	l := one(s, Config{PerSecond: 1, Burst: 2, Concurrent: 5})
	l.Acquire(t0)
	l.Acquire(t0)
	again := one(s, Config{PerSecond: 1, Burst: 2, Concurrent: 2})
	if again != l {
		t.Fatal("a reload made a new limiter")
	}
	if v, _ := again.Acquire(t0.Add(time.Second)); v != Busy {
		t.Errorf("two calls run and concurrent is now 2: %v, want Busy", v)
	}
	again.Release()
	if v, _ := again.Acquire(t0.Add(time.Second)); v != Allowed {
		t.Errorf("one token came back in a second: %v", v)
	}
	again.Release()
	if v, _ := again.Acquire(t0.Add(time.Second)); v != OverRate {
		t.Errorf("the tokens are used up: %v, want OverRate", v)
	}
}

func TestPlanThatIsNotAppliedChangesNothing(t *testing.T) {
	s := NewStore()
	l := one(s, Config{Concurrent: 1})
	s.Plan().Limiter(Key{Route: "stock", Caller: "fno"}, Config{Concurrent: 100})
	l.Acquire(t0)
	if v, _ := l.Acquire(t0); v != Busy {
		t.Errorf("%v, want Busy: the plan was dropped", v)
	}
}

func TestLimitersOfRemovedRoutesAreLetGo(t *testing.T) {
	s := NewStore()
	one(s, Config{})
	s.Plan().Apply(t0)
	if n := len(s.limiters); n != 0 {
		t.Errorf("%d limiters kept", n)
	}
}
