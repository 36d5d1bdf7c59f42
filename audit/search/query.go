// Package search finds lines of the audit log: the newest that fit a question, or all of
// them in order. The indexes beside the segments say where to look; what is found is read
// from the lines themselves.
package search

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twohop/audit/entry"
	"twohop/audit/index"
)

// Kind is what a row stands for.
type Kind string

const (
	Calls  Kind = "calls"  // one row for a call, and one for calls that were refused and counted together
	Events Kind = "events" // one for an event
	Log    Kind = "log"    // one for a line of the log about itself
	All    Kind = "all"    // one for each line, all stages of the calls too
)

// Outcomes of calls that have no end record. They are not written anywhere.
const (
	Running    = "running"    // the process that began the call still writes the log
	Unfinished = "unfinished" // it does not: the call was cut off, as by a crash
)

// Query is a question. An empty list asks for nothing; of the values in a list one must
// fit.
type Query struct {
	Kind         Kind
	Since, Until time.Time // of a call's begin; Until is excluded; zero: no bound

	Callers, Routes, Targets, Outcomes, Codes, Exceptions []string
	Hop1, Hop2                                            []string // "TLS 1.0", or "plain"
	Weak                                                  bool     // hop 2 below TLS 1.2
	Statuses                                              []string // "404", "4xx"
	Users, Events                                         []string // of events and lines of the log: the OS user, what it is about
	IDs                                                   []string // correlation or call ids
	Operations                                            []string // of SOAP
	Sources                                               []netip.Prefix
}

// plan is a Query made ready.
type plan struct {
	*Query
	want    index.Want
	exact   [index.Fields]func(value string) bool // what a line must pass; want is as strict or laxer
	needles [][]byte                              // one of which is in each line that fits; the last is an escape, for a text may be written so
	begun   bool                                  // calls without an end are asked for
}

func newPlan(q *Query) *plan {
	p := &plan{Query: q, want: index.Want{Since: math.MinInt64, Until: math.MaxInt64}}
	if !q.Since.IsZero() {
		p.want.Since = q.Since.UnixMilli()
	}
	if !q.Until.IsZero() {
		p.want.Until = q.Until.UnixMilli()
	}
	switch q.Kind {
	case Calls:
		p.field(index.Kind, []string{entry.Call})
	case Events:
		p.field(index.Kind, []string{entry.Event})
	case Log:
		p.field(index.Kind, []string{entry.Log})
	}
	p.field(index.Caller, q.Callers)
	p.field(index.User, q.Users)
	p.field(index.Route, q.Routes)
	p.field(index.Target, q.Targets)
	p.field(index.Code, q.Codes)
	p.field(index.Exception, q.Exceptions)
	p.field(index.Event, q.Events)
	p.field(index.Hop1, q.Hop1)
	p.field(index.Hop2, q.Hop2)
	p.field(index.Outcome, q.Outcomes)
	p.begun = len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, Running) || slices.Contains(q.Outcomes, Unfinished)
	p.weak()
	p.statuses()
	for _, id := range q.IDs {
		p.want.IDs = append(p.want.IDs, index.Hashes(id)...)
	}
	p.want.Fields = p.exact
	p.exact[index.Status] = nil // the index knows classes alone
	p.needle()
	return p
}

func (p *plan) field(f index.Field, values []string) {
	if len(values) > 0 {
		p.exact[f] = func(v string) bool { return slices.Contains(values, v) }
	}
}

// weak adds its own test of hop 2 to the one that is there.
func (p *plan) weak() {
	if !p.Weak {
		return
	}
	also := p.exact[index.Hop2]
	p.exact[index.Hop2] = func(v string) bool { return IsWeak(v) && (also == nil || also(v)) }
}

// IsWeak reports whether a hop of a version is protected less than by TLS 1.2. Nothing is
// said of a hop that was not made.
func IsWeak(version string) bool {
	return version != "" && version != "TLS 1.2" && version != "TLS 1.3"
}

func (p *plan) statuses() {
	if len(p.Statuses) > 0 {
		p.exact[index.Status] = func(class string) bool {
			return slices.ContainsFunc(p.Statuses, func(s string) bool { return class != "" && s[0] == class[0] })
		}
	}
}

// needle finds a text without which a line cannot fit: to look for it is much faster than
// to read the line.
func (p *plan) needle() {
	for _, values := range [][]string{p.IDs, p.Callers, p.Users, p.Exceptions, p.Operations, p.Routes, p.Targets, p.Codes} {
		if len(values) == 0 || len(values) > 4 || slices.Contains(values, "") {
			continue
		}
		for _, v := range values {
			p.needles = append(p.needles, []byte(v))
		}
		p.needles = append(p.needles, []byte{'\\'})
		return
	}
}

// fits reports whether a line is one that is asked for. outcome is the call's.
func (p *plan) fits(e *entry.Entry, outcome string) bool {
	if e.Time < p.want.Since || e.Time >= p.want.Until {
		return false
	}
	for f, test := range p.exact {
		switch {
		case test == nil:
		case index.Field(f) == index.Outcome:
			if !test(outcome) {
				return false
			}
		case !test(string(index.Field(f).Value(e))) && !(index.Field(f) == index.Code && anyOf(e.Codes, test)):
			return false
		}
	}
	return p.fitsID(e) && p.fitsStatus(e.Status) && p.fitsSource(e) && p.fitsOperation(e)
}

func (p *plan) fitsOperation(e *entry.Entry) bool {
	return len(p.Operations) == 0 || slices.Contains(p.Operations, string(e.Operation))
}

func anyOf(values [][]byte, test func(string) bool) bool {
	return slices.ContainsFunc(values, func(v []byte) bool { return test(string(v)) })
}

func (p *plan) fitsID(e *entry.Entry) bool {
	return len(p.IDs) == 0 || slices.ContainsFunc(p.IDs, func(id string) bool {
		return id == string(e.Correlation) || id == string(e.Call) || anyOf(e.Samples, func(s string) bool { return s == id })
	})
}

func (p *plan) fitsStatus(status int64) bool {
	return len(p.Statuses) == 0 || slices.ContainsFunc(p.Statuses, func(s string) bool {
		class, isClass := strings.CutSuffix(s, "xx")
		have := [3]byte{'0' + byte(status/100%10), '0' + byte(status/10%10), '0' + byte(status%10)}
		return isClass && class == string(have[:1]) || s == string(have[:])
	})
}

// fitsSource takes refusals that were counted together when some may be from a source that
// is asked for.
func (p *plan) fitsSource(e *entry.Entry) bool {
	if len(p.Sources) == 0 {
		return true
	}
	if e.SourceIP == nil {
		from, err := netip.ParsePrefix(string(e.Network))
		return e.Count > 0 && (err != nil || slices.ContainsFunc(p.Sources, from.Overlaps))
	}
	a, err := netip.ParseAddr(string(e.SourceIP))
	return err == nil && slices.ContainsFunc(p.Sources, func(n netip.Prefix) bool { return n.Contains(a) })
}
