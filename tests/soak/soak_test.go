//go:build linux

package main

import (
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSoakForAMoment shows that the program works; make soak runs it for long.
func TestSoakForAMoment(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r, err := soak(t.Context(), 6*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", r.markdown())
	for _, f := range r.failures {
		t.Error(f)
	}
	for _, k := range kinds {
		if len(r.tally.outcomes[k.name]) == 0 {
			t.Errorf("%s: no call was made", k.name)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var q times
	for i := range 100 {
		q.add(time.Duration(i+1) * time.Millisecond)
	}
	for share, want := range map[float64]string{.5: "51 ms", .99: "101 ms"} {
		if got := q.quantile(share); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}

func TestGrowthIsAFailure(t *testing.T) {
	for name, r := range map[string]*report{
		"goroutines":        {before: vitals{goroutines: 10}, after: vitals{goroutines: 16}},
		"descriptors":       {before: vitals{descriptors: 10}, after: vitals{descriptors: 13}},
		"heap":              {after: vitals{heap: 5 * mib}},
		"resident":          {after: vitals{resident: 50 * mib}},
		"a call":            {warm: &tally{failed: 1}},
		"a call not logged": {tally: &tally{outcomes: map[string]map[string]int{"k": {fine: 2, "hung up": 3}}}, ends: 1},
	} {
		if r.warm == nil {
			r.warm = newTally()
		}
		if r.tally == nil {
			r.tally = newTally()
		}
		if r.judge(); len(r.failures) != 1 {
			t.Errorf("%s: %v", name, r.failures)
		}
	}
}
