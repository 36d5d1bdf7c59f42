package routes

import (
	"crypto/tls"
	"net/url"
	"slices"
	"strings"
)

// hops compares how each caller's calls are protected towards the target.
func (d *differ) hops(old, now *Route) {
	type way struct{ old, now string }
	done := map[way]bool{}
	olds := d.before.targetsOf(old)
	for _, caller := range now.Callers.Names {
		to := d.after.TargetFor(now, caller)
		if to == nil {
			continue
		}
		w := way{old.Target.Name, now.Target.Name}
		if now.Callers.Targets != nil {
			w.now = now.Callers.Targets[caller]
		}
		from := olds[w.old]
		if old.Callers.Targets != nil {
			var known bool
			if w.old, known = old.Callers.Targets[caller]; !known {
				d.newWay(caller, olds, to)
				continue
			}
			from = olds[w.old]
		}
		if !done[w] && from != nil {
			done[w] = true
			d.hop(from, to, old.Headers, now.Headers)
		}
	}
}

// newWay is about a caller that is new to a route whose callers have targets of
// their own.
func (d *differ) newWay(caller string, olds map[string]*Target, to *Target) {
	weak, known := map[string]bool{}, false
	for _, x := range olds {
		known = known || slices.Equal(x.Addresses(), to.Addresses())
		for _, w := range d.before.ProtectionOf(x).Weak {
			weak[w] = true
		}
	}
	if !known {
		d.add(true, "sends %s to %s", caller, strings.Join(to.Addresses(), ", "))
	}
	for _, w := range d.after.ProtectionOf(to).Weak {
		if !weak[w] {
			d.add(true, "newly allows %s", words(w))
		}
	}
}

// hop compares two targets of one caller, each with the route's header edits.
func (d *differ) hop(old, now *Target, oldEdits, nowEdits Headers) {
	d.addresses(old, now)
	p, q := d.before.ProtectionOf(old), d.after.ProtectionOf(now)
	for _, w := range q.Missing(p.Weak) { // who had TLS 1.0 had 1.1 too
		d.add(true, "newly allows %s", words(w))
	}
	for _, w := range p.Missing(q.Weak) {
		d.add(false, "no longer allows %s", words(w))
	}
	switch {
	case p.Plain && !q.Plain:
		d.add(false, "speaks TLS instead of plain HTTP")
	case !p.Plain && q.Plain:
		d.add(true, "speaks plain HTTP instead of TLS")
	case !p.Plain:
		d.versions(p, q)
		d.curves(old.TLS.Curves, now.TLS.Curves, q.Max)
		d.verification(p, q, old, now)
	}
	if old.Exception != now.Exception {
		d.add(now.Exception != "", "uses exception %s instead of %s", either(now.Exception, "none"), either(old.Exception, "none"))
	}
	d.via(old.Via, now.Via)
	if old.SourceAddress != now.SourceAddress {
		d.add(false, "calls from %s instead of %s", either(now.SourceAddress, "any address"), either(old.SourceAddress, "any address"))
	}
	replaced(d, now.Host == "caller", "sends as Host", old.Host, now.Host)
	d.edits(toTarget, effects(old.Headers, oldEdits), effects(now.Headers, nowEdits))
	d.spelling(toTarget, slices.Concat(old.Headers.Spell, oldEdits.Spell), slices.Concat(now.Headers.Spell, nowEdits.Spell))
	replaced(d, now.BufferRequest > old.BufferRequest, "keeps requests in memory up to", old.BufferRequest, now.BufferRequest)
	replaced(d, looser(now.Connections.Max, old.Connections.Max), "opens as many connections at a time as", orNoLimit(old.Connections.Max), orNoLimit(now.Connections.Max))
	replaced(d, false, "keeps an unused connection for", old.Connections.Idle, now.Connections.Idle)
	replaced(d, false, "reuses a connection for", old.Connections.Age, now.Connections.Age)
	d.balancing(old, now)
}

// address compares urls. Another service is for the reviewer to judge; on the same
// one, only a path above the old one reaches more.
func (d *differ) address(old, now string) {
	if old == now {
		return
	}
	a, errA := url.Parse(old)
	b, errB := url.Parse(now)
	if errA != nil || errB != nil {
		return // not served either
	}
	if a.Scheme == b.Scheme && hostPort(a) == hostPort(b) && strings.TrimSuffix(a.EscapedPath(), "/") == strings.TrimSuffix(b.EscapedPath(), "/") && a.RawQuery == b.RawQuery {
		return
	}
	above := strings.HasPrefix(strings.TrimSuffix(a.EscapedPath(), "/")+"/", strings.TrimSuffix(b.EscapedPath(), "/")+"/") && a.EscapedPath() != b.EscapedPath()
	d.add(hostPort(a) != hostPort(b) || above, "sends calls to %s instead of %s", now, old)
}

func (d *differ) versions(p, q Protection) {
	if p.Min != q.Min && q.Min >= tls12 || p.Max != q.Max {
		d.add(q.Min < p.Min || q.Max < p.Max, "speaks TLS %v to %v instead of %v to %v", q.Min, q.Max, p.Min, p.Max)
	}
	if q.Min >= tls13 || p.Min >= tls13 {
		return // no suites to choose, on one side at least; the change of versions is said
	}
	old, now, said := p.offered(), q.offered(), q.Missing(p.Weak)
	var strong []uint16
	for _, id := range minus(now, old) {
		weak := suiteWeakness(tls.CipherSuiteName(id))
		switch {
		case len(weak) == 0:
			strong = append(strong, id)
		case !slices.ContainsFunc(weak, func(w string) bool { return slices.Contains(said, w) }):
			d.add(true, "newly offers %s", tls.CipherSuiteName(id))
		}
	}
	if len(strong) > 0 {
		d.add(false, "newly offers %s", suiteList(strong))
	}
	if less := minus(old, now); len(less) > 0 {
		d.add(false, "no longer offers %s", suiteList(less))
	}
}

// offered lists the suites up to TLS 1.2, Go's default spelled out.
func (p Protection) offered() []uint16 {
	if p.Suites != nil {
		return p.Suites
	}
	var ids []uint16
	for _, s := range SuitesBefore13() {
		if !s.Insecure {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func suiteList(ids []uint16) string {
	var names []string
	for _, id := range ids {
		names = append(names, tls.CipherSuiteName(id))
	}
	return strings.Join(names, ", ")
}

// curves compares key exchange groups; the hybrid one withstands quantum computers.
func (d *differ) curves(old, now []string, highest Version) {
	if sorted(old) == sorted(now) {
		return
	}
	const hybrid = "X25519MLKEM768"
	has := func(list []string) bool { return len(list) == 0 || slices.Contains(list, hybrid) }
	def := func(list []string) string { return either(strings.Join(list, ", "), "the default") }
	d.add(has(old) && !has(now) && highest == tls13, "offers the groups %s instead of %s", def(now), def(old))
}

// verification compares what makes the target's certificate good. Only a further
// condition keeps what was; everything else is another trust.
func (d *differ) verification(p, q Protection, old, now *Target) {
	sameCA := d.sameFile(old.TLS.CA, now.TLS.CA)
	if p.Verify != q.Verify {
		further := q.Verify == "ca+pin" && (p.Verify == "ca" && sameCA || p.Verify == "pin" && len(minus(now.TLS.Pins, old.TLS.Pins)) == 0)
		d.add(!further, "verifies its target by %s instead of %s", q.Verify, p.Verify)
	} else {
		if more := minus(now.TLS.Pins, old.TLS.Pins); len(more) > 0 {
			d.add(true, "trusts %s", counted(len(more), "more pinned key"))
		}
		if less := minus(old.TLS.Pins, now.TLS.Pins); len(less) > 0 {
			d.add(false, "no longer trusts %s", counted(len(less), "pinned key"))
		}
		if !sameCA {
			d.add(true, "verifies its target by other authorities")
		}
	}
	if a, b := old.serverName(), now.serverName(); a != b {
		d.add(q.Verify != "pin", "looks for the name %s in the certificate instead of %s", b, a)
	}
}

// serverName returns the name looked for in the certificate, or those of the urls.
func (x *Target) serverName() string {
	if x.TLS.ServerName != "" {
		return strings.ToLower(x.TLS.ServerName)
	}
	var names []string
	for _, address := range x.Addresses() {
		if u, err := url.Parse(address); err == nil && !slices.Contains(names, strings.ToLower(u.Hostname())) {
			names = append(names, strings.ToLower(u.Hostname()))
		}
	}
	return sorted(names)
}

// via compares proxies without showing them.
func (d *differ) via(old, now Secret) {
	a, b := old.Reveal(), now.Reveal()
	if a == b {
		return
	}
	u, _ := url.Parse(a)
	v, _ := url.Parse(b)
	switch {
	case a == "":
		d.add(true, "goes through a proxy")
	case b == "":
		d.add(true, "no longer goes through its proxy")
	case u != nil && v != nil && u.Host == v.Host:
		d.add(true, "shows its proxy another credential")
	default:
		d.add(true, "goes through another proxy")
	}
}

// words names a weakness for a reviewer.
func words(weakness string) string {
	if version, ok := strings.CutPrefix(weakness, "tls"); ok {
		return "TLS " + version
	}
	if weakness == "http" {
		return "plain HTTP"
	}
	return weakness
}
