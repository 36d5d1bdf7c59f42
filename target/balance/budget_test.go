package balance

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRetriesStayWithinTheirBudget lets every call ask for a retry, at several rates.
func TestRetriesStayWithinTheirBudget(t *testing.T) {
	for _, perSecond := range []int{1, 10, 100, 1000} {
		synctest.Test(t, func(t *testing.T) {
			var b budget
			const seconds = 100
			for range seconds * perSecond {
				b.calls.Add(1)
				b.take(time.Now())
				time.Sleep(time.Second / time.Duration(perSecond))
			}
			calls, retries := float64(seconds*perSecond), float64(b.retries.Load())
			free := float64(budgetFloor) * (seconds/budgetSpan.Seconds() + 2)
			if retries > calls/budgetShare+free || retries < min(calls, calls/budgetShare) || int64(calls) != b.retries.Load()+b.denied.Load() {
				t.Errorf("%d calls a second: %v retries for %v calls", perSecond, retries, calls)
			}
		})
	}
}

// After a pause, old calls buy nothing.
func TestTheBudgetForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b budget
		b.take(time.Now())
		b.calls.Add(100_000)
		time.Sleep(time.Hour)
		granted := 0
		for range 1000 {
			if b.take(time.Now()) {
				granted++
			}
		}
		if granted < budgetFloor || granted > 100 {
			t.Errorf("%d retries after an hour", granted)
		}
	})
}
