package routes

import (
	"cmp"
	"fmt"
	"math"
)

// bound is what a Limit comes to, its defaults spelled out; two that bound calls
// alike are equal.
type bound struct {
	rate       float64 // a second, 0 for no limit
	burst      int
	concurrent int
	per        string // "" when nothing is bounded
}

func (l Limit) meaning() bound {
	b := bound{rate: l.Rate.PerSecond(), concurrent: l.Concurrent}
	if b.rate > 0 {
		if b.burst = l.Burst; b.burst == 0 {
			b.burst = max(1, int(math.Ceil(b.rate)))
		}
	}
	if b.rate > 0 || b.concurrent > 0 {
		b.per = l.Per
	}
	return b
}

// looserThan reports whether some caller may do more under b.
func (b bound) looserThan(o bound) bool {
	return looser(b.rate, o.rate) || looser(b.burst, o.burst) || looser(b.concurrent, o.concurrent) || o.per == "route" && b.per != "route"
}

func (b bound) String() string {
	if b.per == "" {
		return "none"
	}
	return fmt.Sprintf("%s calls a second in bursts of %s, %s at a time, per %s", orNoLimit(b.rate), orNoLimit(b.burst), orNoLimit(b.concurrent), b.per)
}

// looser compares limits of which 0 is none.
func looser[T cmp.Ordered](now, old T) bool {
	var none T
	return old != none && (now == none || now > old)
}

func orNoLimit[T comparable](limit T) string {
	var none T
	if limit == none {
		return "no limit"
	}
	return fmt.Sprint(limit)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
