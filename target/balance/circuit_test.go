package balance

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twohop/internal/fault"
)

// lone is a circuit with what it told.
func lone(c Circuit) (*circuit, *[]State) {
	var told []State
	return newCircuit(c, time.Now, func(s State, _ string) { told = append(told, s) }), &told
}

// pass makes a call that ends in v.
func pass(t *testing.T, b *circuit, v verdict) {
	t.Helper()
	p, _, refusal := b.enter()
	if refusal != nil {
		t.Fatal(refusal)
	}
	b.leave(p, v, broken)
}

func TestTheCircuitOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, told := lone(Circuit{Failures: 5, Open: 2 * time.Second, Probes: 1})
		for range 4 {
			pass(t, b, unreached)
		}
		pass(t, b, served)
		for range 4 {
			pass(t, b, unreached)
		}
		pass(t, b, failed) // there was a connection, and nothing else counts
		for range 5 {
			pass(t, b, unreached)
		}
		_, _, refusal := b.enter()
		if refusal == nil || refusal.Code != fault.TargetCircuitOpen || refusal.RetryAfter != 2*time.Second || refusal.Cause == "" {
			t.Fatalf("after five failures in a row: %v", refusal)
		}
		time.Sleep(1500 * time.Millisecond)
		if _, _, refusal := b.enter(); refusal == nil || refusal.RetryAfter != time.Second {
			t.Errorf("after a while: %v", refusal)
		}
		time.Sleep(501 * time.Millisecond)
		p, probing, refusal := b.enter()
		if refusal != nil || !probing {
			t.Fatalf("after 2 s: %v, probing %v", refusal, probing)
		}
		if _, _, second := b.enter(); second == nil {
			t.Error("a second call tries while the first does")
		}
		b.leave(p, unreached, broken)
		if _, _, refusal := b.enter(); refusal == nil {
			t.Error("the circuit is closed after a probe that failed")
		}
		time.Sleep(2001 * time.Millisecond)
		p, _, _ = b.enter()
		b.leave(p, silent, nil) // the caller hung up: another one may try
		p, probing, refusal = b.enter()
		if refusal != nil || !probing {
			t.Fatalf("after a probe that said nothing: %v, probing %v", refusal, probing)
		}
		b.leave(p, served, nil)
		if pass(t, b, served); !b.calm.Load() {
			t.Error("a closed circuit is not calm")
		}
		if want := []State{Open, Closed}; !slices.Equal(*told, want) {
			t.Errorf("it told %v, want %v", *told, want)
		}
		if s := b.status(); s.Opened != 2 || s.Refused != 4 || s.State != Closed {
			t.Errorf("%+v", s)
		}
	})
}

// A call that began before the circuit opened says nothing about a target that is back.
func TestLateAnswersDoNotCloseTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := lone(Circuit{Failures: 2, Open: 2 * time.Second, Probes: 1})
		early, _, _ := b.enter()
		pass(t, b, unreached)
		late, _, _ := b.enter()
		pass(t, b, unreached)
		b.leave(early, served, nil)
		b.leave(late, served, nil)
		if _, _, refusal := b.enter(); refusal == nil {
			t.Error("it is closed")
		}
	})
}

func TestTheCircuitCountsWhatItIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		Circuit
		calls []verdict
		opens bool
	}{
		"any failure":             {Circuit{Failures: 3, Any: true}, []verdict{failed, unreached, failed}, true},
		"what says nothing":       {Circuit{Failures: 3, Any: true}, []verdict{failed, failed, silent, silent}, false},
		"connections only":        {Circuit{Failures: 1}, []verdict{failed, failed, failed}, false},
		"half of the calls":       {Circuit{Percent: 50, MinCalls: 4, Window: time.Minute}, []verdict{served, unreached, served, unreached}, true},
		"fewer than half":         {Circuit{Percent: 50, MinCalls: 4, Window: time.Minute}, []verdict{served, unreached, served, served, unreached}, false},
		"half of too few calls":   {Circuit{Percent: 50, MinCalls: 5, Window: time.Minute}, []verdict{served, unreached, served, unreached}, false},
		"in a row beside a share": {Circuit{Failures: 2, Percent: 90, MinCalls: 4, Window: time.Minute}, []verdict{served, served, served, unreached, unreached}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.Open, c.Probes = time.Second, 1
				b, told := lone(c.Circuit)
				for _, v := range c.calls {
					pass(t, b, v)
				}
				if got := len(*told) == 1; got != c.opens {
					t.Errorf("it told %v", *told)
				}
			})
		})
	}
	if b, _ := lone(Circuit{Open: time.Second}); b != nil {
		t.Error("a circuit that nothing opens")
	}
}

// Old failures are forgotten with the window.
func TestTheCircuitForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, told := lone(Circuit{Percent: 50, MinCalls: 4, Window: 10 * time.Second, Open: time.Second, Probes: 1})
		for range 3 {
			pass(t, b, unreached)
		}
		time.Sleep(15 * time.Second)
		pass(t, b, served)
		pass(t, b, unreached)
		if len(*told) > 0 {
			t.Error(*told)
		}
	})
}
