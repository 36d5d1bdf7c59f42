package routes

import (
	"fmt"
	"slices"
	"strings"
)

// addresses compares the endpoints of a target. A further one is for the reviewer to
// judge, like another service.
func (d *differ) addresses(old, now *Target) {
	a, b := old.Addresses(), now.Addresses()
	if len(a) == 1 && len(b) == 1 {
		d.address(a[0], b[0])
		return
	}
	if more := minus(b, a); len(more) > 0 {
		d.add(true, "newly sends calls to %s", strings.Join(more, ", "))
	}
	if less := minus(a, b); len(less) > 0 {
		d.add(false, "no longer sends calls to %s", strings.Join(less, ", "))
	}
	if now.Balance == "primary_standby" && old.Balance == now.Balance && sorted(a) == sorted(b) && !slices.Equal(a, b) {
		d.add(false, "prefers its endpoints in another order: %s", strings.Join(b, ", "))
	}
}

// balancing compares how calls are spread and when endpoints are left alone. Nothing of
// it protects a hop less.
func (d *differ) balancing(old, now *Target) {
	if len(old.Addresses()) > 1 || len(now.Addresses()) > 1 {
		replaced(d, false, "spreads calls by", old.Balance, now.Balance)
		replaced(d, false, "gives an endpoint that is back its full share after", old.SlowStart, now.SlowStart)
		replaced(d, false, "takes out endpoints", old.Health.passive(), now.Health.passive())
	}
	replaced(d, false, "checks its endpoints", d.check(d.before, old.Health.Active), d.check(d.after, now.Health.Active))
	replaced(d, false, "opens the circuit", old.CircuitBreaker.String(), now.CircuitBreaker.String())
}

func (h TargetHealth) passive() string {
	p := h.Passive
	when := after(p.Failures, p.FailurePercent, p.MinCalls, p.Window.String())
	if when == "never" {
		return when
	}
	return fmt.Sprintf("%s, statuses %v failing, for %v to %v, %d%% at most", when, p.Statuses, p.Ejection, p.MaxEjection, h.MaxEjected)
}

// String says when the circuit opens: "after 5 failures in a row, of connection, for 2s,
// 1 to try".
func (b CircuitBreaker) String() string {
	when := after(b.Failures, b.FailurePercent, b.MinCalls, b.Window.String())
	if when == "never" {
		return when
	}
	return fmt.Sprintf("%s, of %s, for %v, %d to try", when, b.Counts, b.Open, b.Probes)
}

func after(failures, percent, calls int, window string) string {
	var when []string
	if failures > 0 {
		when = append(when, counted(failures, "failure")+" in a row")
	}
	if percent > 0 {
		when = append(when, fmt.Sprintf("%d%% of %d calls or more in %s", percent, calls, window))
	}
	if len(when) == 0 {
		return "never"
	}
	return "after " + strings.Join(when, " or ")
}

// check says how an endpoint is checked; what is posted counts by its content.
func (d *differ) check(t *Table, a *ActiveHealth) string {
	if a == nil {
		return "never"
	}
	what := a.Kind
	if a.Path != "" {
		what += " " + a.Path
	}
	if a.Envelope != "" {
		what += fmt.Sprintf(" with %s (%.8s) %s", t.relative(string(a.Envelope)), t.digests[string(a.Envelope)].sum, a.SOAPAction)
	}
	if len(a.Statuses) > 0 {
		what += fmt.Sprintf(" expecting %v", a.Statuses)
	}
	return fmt.Sprintf("by %s every %v for %v, out after %d, back after %d", what, a.Interval, a.Timeout, a.UnhealthyAfter, a.HealthyAfter)
}
