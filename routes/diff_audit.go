package routes

import "strings"

// evidence compares what the audit log keeps of a route. Less of it proves less; more of
// it is more that can be read.
func (d *differ) evidence(old, now Policy) {
	replaced(d, old.Data == "card" || now.Data == "internal", "carries data of the class", old.Data, now.Data)
	a, b := old.Audit.meaning(), now.Audit.meaning()
	replaced(d, true, "is recorded at the level", a.Level, b.Level)
	if a.Digests != b.Digests {
		d.add(!b.Digests, "%s", map[bool]string{true: "newly records digests of bodies", false: "no longer records digests of bodies"}[b.Digests])
	}
	for _, x := range []struct {
		what     string
		old, now []string
	}{{"the header fields", a.Headers, b.Headers}, {"bodies of the types", a.Bodies.Types, b.Bodies.Types}} {
		if more := minus(x.now, x.old); len(more) > 0 {
			d.add(true, "newly records %s %s", x.what, strings.Join(more, ", "))
		}
		if less := minus(x.old, x.now); len(less) > 0 {
			d.add(true, "no longer records %s %s", x.what, strings.Join(less, ", "))
		}
	}
	if more := minus(b.Bodies.Redact, a.Bodies.Redact); len(more) > 0 {
		d.add(false, "newly redacts %s", strings.Join(more, ", "))
	}
	if less := minus(a.Bodies.Redact, b.Bodies.Redact); len(less) > 0 && b.Level == "bodies" {
		d.add(true, "no longer redacts %s", strings.Join(less, ", "))
	}
	if a.Level == b.Level {
		replaced(d, true, "keeps of a body", a.Bodies.Max, b.Bodies.Max)
	}
}

// meaning leaves out what the level makes no use of.
func (l Level) meaning() Level {
	if l.Level == "metadata" {
		l.Headers = nil
	}
	if l.Level != "bodies" {
		l.Bodies = KeptBodies{}
	}
	return l
}

// reviewers compares who can read kept bodies, and for how long.
func (d *differ) reviewers(old, now Audit) {
	for _, key := range minus(now.Reviewers, old.Reviewers) {
		d.add(true, "newly encrypts kept bodies to %s", key)
	}
	for _, key := range minus(old.Reviewers, now.Reviewers) {
		d.add(false, "no longer encrypts kept bodies to %s", key)
	}
	replaced(d, true, "keeps bodies for", old.BodiesKeep, now.BodiesKeep)
}
