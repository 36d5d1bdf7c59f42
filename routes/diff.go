package routes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Change is one difference between two tables, in words for a reviewer.
type Change struct {
	Subject string `json:"subject"` // "route carrier-rates", "caller fno-prod"
	What    string `json:"what"`    // "newly allows TLS 1.0"
	Weaker  bool   `json:"weaker"`  // less protection than before
}

func (c Change) String() string { return c.Subject + " " + c.What }

// Diff says what changes in meaning from one table to the next: who may call what,
// and how each hop is protected. Order in the file, comments and names of shared
// targets do not count.
func Diff(before, after *Table) []Change {
	d := &differ{}
	a, b := before.byName(), after.byName()
	for _, name := range sortedUnion(a, b) {
		d.subject = "route " + name
		old, was := a[name]
		now, is := b[name]
		switch {
		case !is:
			d.add(false, "is removed")
		case !was:
			d.add(false, "is new: %s", now.Path)
			d.route(before, &Route{Policy: now.Policy}, after, now)
		default:
			d.route(before, old, after, now)
		}
	}
	d.callers(before.Callers, after.Callers)
	d.exceptions(before.Exceptions, after.Exceptions)
	d.frontDoor(before, after)
	return d.changes
}

type differ struct {
	subject string
	changes []Change
}

func (d *differ) add(weaker bool, format string, args ...any) {
	d.changes = append(d.changes, Change{d.subject, fmt.Sprintf(format, args...), weaker})
}

func (t *Table) byName() map[string]*Route {
	m := make(map[string]*Route, len(t.Routes))
	for i := range t.Routes {
		m[t.Routes[i].Name] = &t.Routes[i]
	}
	return m
}

func sortedUnion[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

func (d *differ) route(before *Table, old *Route, after *Table, now *Route) {
	isNew := old.Path == ""
	if !isNew && old.Path != now.Path {
		d.add(strings.HasSuffix(now.Path, "*"), "moves from %s to %s", old.Path, now.Path)
	}
	d.set(isNew, "hosts", old.Hosts, now.Hosts)
	d.set(isNew, "SOAPActions", old.SOAPActions, now.SOAPActions)
	for _, m := range minus(now.Methods, old.Methods) {
		d.add(true, "newly takes %s", m)
	}
	for _, m := range minus(old.Methods, now.Methods) {
		d.add(false, "no longer takes %s", m)
	}
	for _, c := range minus(now.Callers.Names, old.Callers.Names) {
		d.add(!isNew || c == Anyone, "newly lets in %s", c)
	}
	for _, c := range minus(old.Callers.Names, now.Callers.Names) {
		d.add(false, "no longer lets in %s", c)
	}
	for _, c := range now.Callers.Names {
		d.hop(before.TargetFor(old, c), before, after.TargetFor(now, c), after, c)
	}
	d.policy(old.Policy, now.Policy)
	if !isNew && (old.Rewrite != now.Rewrite || old.Idempotent != now.Idempotent ||
		!reflect.DeepEqual(old.Headers, now.Headers) || !reflect.DeepEqual(old.ResponseHeaders, now.ResponseHeaders)) {
		d.add(false, "changes its rewriting: path, headers or idempotent")
	}
}

// set compares a list that narrows a route; an empty list means any.
func (d *differ) set(isNew bool, what string, old, now []string) {
	if isNew || slices.Equal(old, now) {
		return
	}
	wider := len(now) == 0 || len(old) > 0 && len(minus(now, old)) > 0
	d.add(wider, "takes %s %s instead of %s", what, listOrAny(now), listOrAny(old))
}

func listOrAny(list []string) string {
	if len(list) == 0 {
		return "any"
	}
	return strings.Join(list, ", ")
}

func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.Contains(b, x) })
}

// hop compares how a caller's call is protected towards the target.
func (d *differ) hop(old *Target, before *Table, now *Target, after *Table, caller string) {
	if now == nil {
		return
	}
	var p Protection
	if old != nil {
		p = old.Protection(before.exceptionOf(old))
		if old.URL != now.URL {
			d.add(false, "sends %s to %s instead of %s", caller, now.URL, old.URL)
		}
	}
	q := now.Protection(after.exceptionOf(now))
	for _, w := range minus(q.Weak, p.Weak) {
		d.addOnce(true, "newly allows %s", words(w))
	}
	for _, w := range minus(p.Weak, q.Weak) {
		d.addOnce(false, "no longer allows %s", words(w))
	}
	if old == nil {
		return
	}
	if p.Verify != q.Verify {
		d.addOnce(q.Verify != "ca+pin" && !(p.Verify == "roots" && q.Verify == "ca"), "verifies its target by %s instead of %s", orNothing(q.Verify), orNothing(p.Verify))
	} else if added := minus(now.TLS.Pins, old.TLS.Pins); len(added) > 0 {
		d.addOnce(true, "trusts %d more pinned keys", len(added))
	}
	if old.TLS.CA != now.TLS.CA {
		d.addOnce(now.TLS.CA == "", "verifies its target by another authority file")
	}
	if old.Exception != now.Exception && now.Exception != "" {
		d.addOnce(true, "uses exception %s", now.Exception)
	}
	if old.Via.Reveal() != now.Via.Reveal() || old.SourceAddress != now.SourceAddress || old.Host != now.Host || !reflect.DeepEqual(old.Headers, now.Headers) {
		d.addOnce(false, "changes how it reaches its target: via, source_address, host or headers")
	}
}

// addOnce leaves out what another caller of the same route said already.
func (d *differ) addOnce(weaker bool, format string, args ...any) {
	c := Change{d.subject, fmt.Sprintf(format, args...), weaker}
	if !slices.Contains(d.changes, c) {
		d.changes = append(d.changes, c)
	}
}

func words(weakness string) string {
	if version, ok := strings.CutPrefix(weakness, "tls"); ok {
		return "TLS " + version
	}
	if weakness == "http" {
		return "plain HTTP"
	}
	return weakness
}

func orNothing(s string) string { return either(s, "nothing") }

func (d *differ) policy(old, now Policy) {
	if a, b := old.Limit, now.Limit; a != b {
		looser := b.Rate.PerSecond() == 0 && a.Rate.PerSecond() > 0 || a.Rate.PerSecond() > 0 && b.Rate.PerSecond() > a.Rate.PerSecond() ||
			b.Burst > a.Burst || b.Concurrent == 0 && a.Concurrent > 0 || a.Concurrent > 0 && b.Concurrent > a.Concurrent || a.Per == "route" && b.Per == "caller"
		d.add(looser, "limits %v, burst %d, %d at a time per %s instead of %v, burst %d, %d at a time per %s",
			b.Rate, b.Burst, b.Concurrent, b.Per, a.Rate, a.Burst, a.Concurrent, a.Per)
	}
	if old.MaxBody != now.MaxBody {
		d.add(now.MaxBody > old.MaxBody, "takes bodies up to %v instead of %v", now.MaxBody, old.MaxBody)
	}
	if old.Timeout != now.Timeout {
		d.add(false, "changes its time-outs")
	}
}

func (d *differ) callers(before, after map[string]Caller) {
	for _, name := range sortedUnion(before, after) {
		d.subject = "caller " + name
		old, was := before[name]
		now, is := after[name]
		switch {
		case !is:
			d.add(false, "is removed")
		case !was:
			d.add(false, "is new")
		case old.APIKey != nil && now.APIKey == nil || old.ClientCertificate != nil && now.ClientCertificate == nil:
			d.add(true, "needs one credential less")
		case !reflect.DeepEqual(old, now):
			d.add(false, "has another credential")
		}
	}
}

func (d *differ) exceptions(before, after map[string]Exception) {
	for _, name := range sortedUnion(before, after) {
		d.subject = "exception " + name
		old, was := before[name]
		now, is := after[name]
		if !is {
			d.add(false, "is removed")
			continue
		}
		if !was {
			d.add(true, "is new: allows %s until %v", strings.Join(now.Allows, ", "), now.Expires)
			continue
		}
		if more := minus(now.Allows, old.Allows); len(more) > 0 {
			d.add(true, "newly allows %s", strings.Join(more, ", "))
		}
		if more := minus(now.Targets, old.Targets); len(more) > 0 {
			d.add(true, "newly holds for %s", strings.Join(more, ", "))
		}
		if !old.Expires.Equal(now.Expires.Time) {
			d.add(now.Expires.After(old.Expires.Time), "ends %v instead of %v", now.Expires, old.Expires)
		}
		if old.Owner != now.Owner || old.ApprovedBy != now.ApprovedBy || old.Ticket != now.Ticket {
			d.add(false, "has another owner, approver or ticket")
		}
	}
}

func (d *differ) frontDoor(before, after *Table) {
	d.subject = "front door"
	addresses := func(t *Table) (list []string) {
		for _, l := range t.Listen {
			list = append(list, l.Address)
		}
		return list
	}
	for _, a := range minus(addresses(after), addresses(before)) {
		d.add(false, "newly listens on %s", a)
	}
	for _, a := range minus(addresses(before), addresses(after)) {
		d.add(false, "no longer listens on %s", a)
	}
	if !before.Certificates.Local && after.Certificates.Local {
		d.add(true, "uses a local CA")
	}
}

// TargetFor returns the target that a caller of r reaches, nil for none.
func (t *Table) TargetFor(r *Route, caller string) *Target {
	name := r.Target.Name
	if r.Callers.Targets != nil {
		name = r.Callers.Targets[caller]
	}
	if r.Target.Inline != nil {
		return r.Target.Inline
	}
	if x, ok := t.Targets[name]; ok {
		return &x
	}
	return nil
}

func (t *Table) exceptionOf(x *Target) *Exception {
	if e, ok := t.Exceptions[x.Exception]; ok {
		return &e
	}
	return nil
}

// ProtectionOf works out the hop to x under the exception that x names.
func (t *Table) ProtectionOf(x *Target) Protection { return x.Protection(t.exceptionOf(x)) }
