package main

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(v string) error {
	if v == "" {
		return errors.New("is empty")
	}
	*l = append(*l, v)
	return nil
}

// filters are the flags that say which lines of the audit log are wanted. Of one that is
// given more than once, any may fit.
var filters = []struct{ name, about string }{
	{"caller", "calls by `NAME`"},
	{"route", "on the route `NAME`"},
	{"target", "to the target `NAME`"},
	{"operation", "of the SOAP operation `NAME`"},
	{"outcome", "that ended as `WORD`: " + strings.Join(outcomes, ", ")},
	{"code", "that failed with the `CODE` of docs/errors.md"},
	{"exception", "under the exception `NAME`"},
	{"hop1", "over a `VERSION` of TLS from the caller: 1.2 or 1.3; the front door takes no other"},
	{"hop2", "over a `VERSION` of TLS to the target: 1.0 to 1.3, or plain"},
	{"status", "answered with a `STATUS`: 502, 5xx"},
	{"id", "with a correlation or call `ID`, in capitals or not"},
	{"source", "from an `ADDRESS`, or a network such as 10.1.0.0/16"},
	{"user", "events, and lines of the log, by the OS user `NAME`"},
	{"event", "events about a `KIND` of thing: exception, configuration, log, ..."},
}

var outcomes = slices.Concat(entry.Outcomes, []string{search.Running, search.Unfinished})

func filterFlags(f *flag.FlagSet) {
	for _, x := range filters {
		f.Var(new(list), x.name, x.about)
	}
	f.Bool("weak", false, "calls whose hop to the target was plain or below TLS 1.2")
	f.String("kind", string(search.Calls), "`KIND` of rows: calls, events, log (segments, checkpoints), or all lines as they are")
	f.String("since", "", "from a `TIME` on: 2026-11-17, 2026-11-17T09:30:00Z, 09:30, today, tuesday (the last one), 2h or 7d (ago)")
	f.String("until", "", "up to a `TIME`; a day counts whole")
	f.String("day", "", "on one `DAY`: 2026-11-17, today, yesterday, tuesday (the last one)")
	f.Bool("local", false, "read and print times in the local time zone instead of UTC")
}

// ofCalls are the filters that nothing but a call can pass.
var ofCalls = []string{"caller", "route", "target", "operation", "outcome", "code", "exception", "hop1", "hop2", "status", "id", "source", "weak"}

// given reports whether a flag was.
func (i *invocation) given(name string) (is bool) {
	i.flags.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// contradiction returns an error for filters that no row of the kind can pass.
func (i *invocation) contradiction(kind search.Kind) error {
	const all = "--kind all has calls, events and the log itself"
	if kind == search.Calls && i.given("user") {
		return hinted{usageError{errors.New("--user is about events, and --kind calls has none")}, "--caller names who made a call; " + all}
	}
	for _, name := range ofCalls {
		if !i.given(name) {
			continue
		}
		switch {
		case kind == search.All && i.given("user"), !i.given("kind") && i.given("user"):
			return hinted{usageError{fmt.Errorf("--%s is about calls, and --user about events", name)}, "--caller names who made a call"}
		case kind == search.Events && !i.given("kind"):
			return hinted{usageError{fmt.Errorf("--%s is about calls, and --event about events", name)}, "ask for one of them"}
		case kind == search.Events, kind == search.Log:
			return hinted{usageError{fmt.Errorf("--%s is about calls, and --kind %s has none", name, kind)}, "leave it out, or ask for --kind calls"}
		}
	}
	return nil
}

func (i *invocation) list(name string) []string { return *i.flags.Lookup(name).Value.(*list) }

// zone returns the time zone that is asked for.
func (i *invocation) zone() *time.Location {
	if i.on("local") {
		return time.Local
	}
	return time.UTC
}

// filter returns the question that the flags of filterFlags put.
func (i *invocation) filter(now time.Time) (*search.Query, error) {
	q := &search.Query{Kind: search.Kind(i.text("kind")), Callers: i.list("caller"), Routes: i.list("route"), Targets: i.list("target"), Operations: i.list("operation"),
		Outcomes: i.list("outcome"), Codes: i.list("code"), Exceptions: i.list("exception"), Weak: i.on("weak"), IDs: ids(i.list("id")), Users: i.list("user"), Events: i.list("event")}
	if !i.given("kind") && (i.given("user") || i.given("event")) {
		q.Kind = search.Events
	}
	if !slices.Contains([]search.Kind{search.Calls, search.Events, search.Log, search.All}, q.Kind) {
		return nil, hinted{usageError{fmt.Errorf("--kind is %q", q.Kind)}, "it knows calls, events, log and all"}
	}
	if err := i.contradiction(q.Kind); err != nil {
		return nil, err
	}
	for _, o := range q.Outcomes {
		if !slices.Contains(outcomes, o) {
			return nil, hinted{usageError{fmt.Errorf("--outcome is %q", o)}, "it knows " + strings.Join(outcomes, ", ")}
		}
	}
	var err error
	if q.Statuses, err = statuses(i.list("status")); err != nil {
		return nil, err
	}
	if q.Hop1, err = versions(i.list("hop1")); err != nil {
		return nil, err
	}
	if q.Hop2, err = versions(i.list("hop2")); err != nil {
		return nil, err
	}
	if q.Sources, err = networks(i.list("source")); err != nil {
		return nil, err
	}
	return q, i.span(q, now)
}

// span sets the times of q.
func (i *invocation) span(q *search.Query, now time.Time) error {
	now = now.In(i.zone())
	if day := i.text("day"); day != "" {
		if i.text("since") != "" || i.text("until") != "" {
			return hinted{usageError{errors.New("--day goes without --since and --until")}, "name the first and the last day with --since and --until"}
		}
		from, to, err := parseTime(day, now)
		if err != nil || to.Sub(from) < 20*time.Hour {
			return hinted{usageError{fmt.Errorf("--day is %q", day)}, "write 2026-11-17, today, yesterday, or a weekday for the last one"}
		}
		q.Since, q.Until = from, to
		return nil
	}
	for _, x := range []string{"since", "until"} {
		text := i.text(x)
		if text == "" {
			continue
		}
		from, to, err := parseTime(text, now)
		if err != nil {
			return hinted{usageError{fmt.Errorf("--%s: %w", x, err)}, "write 2026-11-17, 2026-11-17T09:30:00Z, 09:30, today, yesterday, tuesday, 2h or 7d"}
		}
		if x == "since" {
			q.Since = from
		} else {
			q.Until = to
		}
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return usageError{fmt.Errorf("--since (%s) is not before --until (%s)", q.Since.Format(time.RFC3339), q.Until.Format(time.RFC3339))}
	}
	return nil
}

// ids adds to ids those that the broker writes: it writes no capitals.
func ids(values []string) []string {
	all := slices.Clone(values)
	for _, v := range values {
		if low := strings.ToLower(v); low != v {
			all = append(all, low)
		}
	}
	return all
}

// versions writes TLS versions as the audit log does.
func versions(values []string) (list []string, err error) {
	for _, v := range values {
		short := strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(v), "TLS"), " ")
		switch short {
		case "PLAIN":
			list = append(list, entry.Plain)
		case "1.0", "1.1", "1.2", "1.3":
			list = append(list, "TLS "+short)
		default:
			return nil, hinted{usageError{fmt.Errorf("%q is no version of TLS", v)}, "write 1.0, 1.1, 1.2, 1.3 or plain"}
		}
	}
	return list, nil
}

func statuses(values []string) ([]string, error) {
	for _, v := range values {
		if !(len(v) == 3 && v[0] >= '1' && v[0] <= '5' && (v[1:] == "xx" || v[1] >= '0' && v[1] <= '9' && v[2] >= '0' && v[2] <= '9')) {
			return nil, hinted{usageError{fmt.Errorf("--status is %q", v)}, "write a status such as 502, or a class such as 5xx"}
		}
	}
	return values, nil
}

func networks(values []string) (list []netip.Prefix, err error) {
	for _, v := range values {
		n, err := netip.ParsePrefix(v)
		if a, failed := netip.ParseAddr(v); failed == nil {
			n, err = a.Unmap().Prefix(a.Unmap().BitLen())
		}
		if err != nil {
			return nil, hinted{usageError{fmt.Errorf("--source is %q", v)}, "write an address such as 10.1.2.3, or a network such as 10.1.0.0/16"}
		}
		list = append(list, n.Masked())
	}
	return list, nil
}
