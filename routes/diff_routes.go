package routes

import (
	"maps"
	"slices"
	"strings"
)

// pair is a route before and after; either is nil when there is none.
type pair struct{ old, now *Route }

// routes compares every route with the one of its name. One that goes and one that
// comes and takes the same calls are a renaming.
func (d *differ) routes() {
	before, after := byName(d.before), byName(d.after)
	renamed := map[string]*Route{} // by the matching of a route that is gone
	for name, r := range before {
		if after[name] == nil {
			renamed[matching(r)] = r
		}
	}
	var pairs []pair
	gone := map[*Route]bool{}
	for _, name := range sortedUnion(before, after) {
		p := pair{before[name], after[name]}
		if p.old == nil && renamed[matching(p.now)] != nil {
			p.old = renamed[matching(p.now)]
			gone[p.old] = true
			delete(renamed, matching(p.now))
		}
		pairs = append(pairs, p)
	}
	was, is := newMap(d.before), newMap(d.after)
	for _, p := range pairs {
		switch {
		case p.now == nil && gone[p.old]:
		case p.now == nil:
			d.about("route " + p.old.Name)
			d.add(false, "is removed")
			d.leaves(p, is)
		case p.old == nil:
			d.about("route " + p.now.Name)
			d.newRoute(p.now)
			d.takes(p, was)
		default:
			d.about("route " + p.now.Name)
			if p.old.Name != p.now.Name {
				d.add(false, "is route %s renamed", p.old.Name)
			}
			d.route(p.old, p.now)
			d.leaves(p, is)
			d.takes(p, was)
		}
	}
}

func byName(t *Table) map[string]*Route {
	m := make(map[string]*Route, len(t.Routes))
	for i := range t.Routes {
		m[t.Routes[i].Name] = &t.Routes[i]
	}
	return m
}

// matching is equal for two routes that take the same calls.
func matching(r *Route) string {
	p, _ := ParsePattern(r.Path)
	return strings.Join([]string{p.shape(), sorted(r.Hosts), sorted(r.SOAPActions), sorted(r.Methods)}, "\n")
}

func (d *differ) newRoute(r *Route) {
	d.add(false, "is new: %s for %s", r.Path, strings.Join(r.Callers.Names, ", "))
	if r.Callers.Anyone() {
		d.add(true, "newly lets in anyone")
	}
	targets := d.after.targetsOf(r)
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		for _, w := range d.after.ProtectionOf(targets[name]).Weak {
			d.add(true, "newly allows %s", words(w))
		}
	}
}

func (d *differ) route(old, now *Route) {
	if old.Path != now.Path {
		d.add(widerPath(old.Path, now.Path), "moves from %s to %s", old.Path, now.Path)
	}
	d.narrowing("hosts", old.Hosts, now.Hosts)
	d.narrowing("SOAPActions", old.SOAPActions, now.SOAPActions)
	for _, m := range minus(now.Methods, old.Methods) {
		d.add(true, "newly takes %s", m)
	}
	for _, m := range minus(old.Methods, now.Methods) {
		d.add(false, "no longer takes %s", m)
	}
	d.treatment(old, now)
}

// narrowing compares a list that narrows a route; an empty list means any.
func (d *differ) narrowing(what string, old, now []string) {
	if sorted(old) != sorted(now) {
		d.add(!within(now, old), "takes %s %s instead of %s", what, listOrAny(now), listOrAny(old))
	}
}

// widerPath reports whether a route that moves may reach more than before. One that
// moves aside, with the same form and no path in common, reaches the same.
func widerPath(old, now string) bool {
	p, _ := ParsePattern(old)
	q, _ := ParsePattern(now)
	aside := p.Prefix == q.Prefix && len(p.Segments) == len(q.Segments) && len(p.Vars()) == len(q.Vars()) && !p.overlaps(q)
	return !p.covers(q) && !aside
}

// treatment compares what becomes of a call that matched.
func (d *differ) treatment(old, now *Route) {
	for _, c := range minus(now.Callers.Names, old.Callers.Names) {
		if old.Callers.Anyone() {
			d.add(false, "newly asks for a credential: lets in %s", c)
		} else {
			d.add(true, "newly lets in %s", c)
		}
	}
	for _, c := range minus(old.Callers.Names, now.Callers.Names) {
		d.add(false, "no longer lets in %s", c)
	}
	d.hops(old, now)
	if old.Rewrite != now.Rewrite {
		d.add(true, "reaches path %s at its target instead of %s", orDefault(now.Rewrite), orDefault(old.Rewrite))
	}
	if old.Idempotent != now.Idempotent {
		d.add(now.Idempotent, "has idempotent: %t", now.Idempotent)
	}
	for _, p := range minus(now.Upgrade, old.Upgrade) {
		d.add(true, "newly lets callers switch to %s", p)
	}
	for _, p := range minus(old.Upgrade, now.Upgrade) {
		d.add(false, "no longer lets callers switch to %s", p)
	}
	d.soap(old.SOAP, now.SOAP)
	d.edits(toCaller, effects(old.ResponseHeaders), effects(now.ResponseHeaders))
	d.spelling(toCaller, old.ResponseHeaders.Spell, now.ResponseHeaders.Spell)
	d.policy(old.Policy, now.Policy)
}

func orDefault(rewrite string) string { return either(rewrite, "the default") }

func (d *differ) policy(old, now Policy) {
	if a, b := old.Limit.meaning(), now.Limit.meaning(); a != b {
		d.add(b.looserThan(a), "has the limit: %v instead of: %v", b, a)
	}
	replaced(d, now.MaxBody > old.MaxBody, "takes bodies up to", old.MaxBody, now.MaxBody)
	d.evidence(old, now)
	replaced(d, now.Timeout.Connect > old.Timeout.Connect, "waits for a connection for", old.Timeout.Connect, now.Timeout.Connect)
	replaced(d, now.Timeout.Handshake > old.Timeout.Handshake, "waits for a handshake for", old.Timeout.Handshake, now.Timeout.Handshake)
	replaced(d, now.Timeout.FirstByte > old.Timeout.FirstByte, "waits for an answer for", old.Timeout.FirstByte, now.Timeout.FirstByte)
	replaced(d, now.Timeout.Idle > old.Timeout.Idle, "waits in a pause for", old.Timeout.Idle, now.Timeout.Idle)
	replaced(d, looser(now.Timeout.Total, old.Timeout.Total), "ends a call after", orNoLimit(old.Timeout.Total), orNoLimit(now.Timeout.Total))
}
