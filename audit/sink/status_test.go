package sink

import (
	"testing"
	"time"
)

func TestAges(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1000+int64(s), 0) }
	var a ages
	a.add(0, at(0))
	a.add(10, at(0).Add(time.Second/2)) // as old as the one before, to about a second
	a.add(20, at(5))
	a.add(30, at(9))
	for _, c := range []struct {
		next, sent int64
		oldest     time.Time
	}{{0, 40, at(0)}, {19, 40, at(0)}, {20, 40, at(5)}, {25, 40, at(5)}, {35, 40, at(9)}, {40, 40, time.Time{}}} {
		if a.drop(c.next, c.sent); !a.oldest().Equal(c.oldest) {
			t.Errorf("with %d of %d delivered the oldest is %v, want %v", c.next, c.sent, a.oldest(), c.oldest)
		}
	}
	a.add(100, at(1))
	a.add(110, at(2))
	a.add(100, at(1)) // sent again
	if len(a) != 1 {
		t.Errorf("kept %v", a)
	}
	for i := range 5 * mostAges {
		a.add(int64(200+i), at(10*i))
	}
	if len(a) > mostAges {
		t.Errorf("%d are kept", len(a))
	}
}

func TestPauses(t *testing.T) {
	for tries, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		seen := map[time.Duration]bool{}
		for range 50 {
			got := pause(tries, nil)
			if got < want/2 || got > want {
				t.Errorf("after %d tries %v, want up to %v", tries, got, want)
			}
			seen[got] = true
		}
		if len(seen) < 2 {
			t.Errorf("after %d tries it is always the same", tries)
		}
	}
	if got := pause(1_000_000, nil); got < mostPause/2 || got > mostPause {
		t.Errorf("after very many tries %v", got)
	}
	if got := pause(0, &delayed{after: time.Hour}); got != mostAsked {
		t.Errorf("an hour is asked for: %v", got)
	}
}
