package main

import (
	"context"
	"log/slog"
	"strings"

	"twohop/audit"
	"twohop/metrics"
	"twohop/target/balance"
)

// targetChanged logs and records that an endpoint or a circuit is in another state.
// Nobody asked for it, so that it stands under the broker's own name.
func (s *server) targetChanged(e balance.Event) {
	level, severity := slog.LevelWarn, audit.Low
	if e.State == balance.Up || e.State == balance.Closed {
		level, severity = slog.LevelInfo, audit.Informational
	}
	name, what := e.Target, "circuit is "+string(e.State)
	if e.Endpoint != "" {
		name, what = e.Target+" "+e.Endpoint, "is "+string(e.State)
	}
	attrs, text := []any{"target", e.Target}, "the circuit of a target is "+string(e.State)
	if e.Endpoint != "" {
		attrs, text = append(attrs, "endpoint", e.Endpoint), "an endpoint of a target is "+string(e.State)
	}
	s.log.Log(context.Background(), level, text, append(attrs, "state", string(e.State), "why", e.Why)...)
	event := audit.Event{Time: e.Time, User: "twohop", Kind: audit.AboutTarget, Name: name, Severity: severity, What: strings.TrimSpace(what + ": " + e.Why), Config: s.broker.Router().Config()}
	if err := s.audit.AppendEvent(&event); err != nil {
		s.log.Error("a change of a target's state cannot be recorded", "target", e.Target, "error", err)
	}
}

// measureTargets is how the targets are, for the metrics.
func (s *server) measureTargets() []metrics.Target {
	var list []metrics.Target
	for _, x := range s.deps.Targets.Status() {
		t := metrics.Target{Name: x.Target, Opened: x.Circuit.Opened, Refused: x.Circuit.Refused, Retries: x.Retries, Denied: x.Denied}
		switch x.Circuit.State {
		case balance.Open:
			t.Circuit = metrics.Open
		case balance.HalfOpen:
			t.Circuit = metrics.HalfOpen
		}
		for _, e := range x.Endpoints {
			t.Endpoints = append(t.Endpoints, metrics.Endpoint{Name: e.Endpoint, Up: e.State == balance.Up || e.State == balance.Warming,
				Ejected: e.State == balance.Ejected, InFlight: e.InFlight, Failures: e.Failures, Ejections: e.Ejections, Checks: e.Checks, BadChecks: e.ChecksFailed})
		}
		list = append(list, t)
	}
	return list
}
