package routes

import (
	"path/filepath"
	"slices"
	"strings"
)

func (d *differ) callers() {
	for _, name := range sortedUnion(d.before.Callers, d.after.Callers) {
		d.about("caller " + name)
		old, was := d.before.Callers[name]
		now, is := d.after.Callers[name]
		switch {
		case !is:
			d.add(false, "is removed")
		case !was:
			d.add(false, "is new")
		default:
			d.credentials(old, now, "an API key")
		}
	}
}

// credentials compares what somebody must show, key being the word for the secret. A
// replaced credential may be another person's.
func (d *differ) credentials(old, now Caller, key string) {
	_, noun, _ := strings.Cut(key, " ")
	switch {
	case old.APIKey == nil && now.APIKey != nil:
		d.add(old.ClientCertificate != nil && now.ClientCertificate == nil, "newly needs %s", key)
	case old.APIKey != nil && now.APIKey == nil:
		d.add(true, "no longer needs %s", key)
	case old.APIKey != nil && !strings.EqualFold(old.APIKey.SHA256, now.APIKey.SHA256):
		d.add(true, "has another %s", noun)
	}
	switch a, b := old.ClientCertificate, now.ClientCertificate; {
	case a == nil && b != nil:
		d.add(old.APIKey != nil && now.APIKey == nil, "newly needs a client certificate")
	case a != nil && b == nil:
		d.add(true, "no longer needs a client certificate")
	case a != nil:
		if !d.sameFile(a.CA, b.CA) {
			d.add(true, "is known by certificates of other authorities")
		}
		if x, y := attributes(a.Subject), attributes(b.Subject); !slices.Equal(x, y) {
			d.add(len(minus(x, y)) > 0, "is known by the subject %s instead of %s", listOrAny(y), listOrAny(x))
		}
		if !strings.EqualFold(a.DNS, b.DNS) {
			d.add(a.DNS != "", "is known by the DNS name %s instead of %s", either(b.DNS, "any"), either(a.DNS, "any"))
		}
	}
}

func (d *differ) exceptions() {
	for _, name := range sortedUnion(d.before.Exceptions, d.after.Exceptions) {
		d.about("exception " + name)
		old, was := d.before.Exceptions[name]
		now, is := d.after.Exceptions[name]
		switch {
		case !is:
			d.add(false, "is removed")
		case !was:
			d.add(true, "is new: allows %s until %v", strings.Join(now.Allows, ", "), now.Expires)
		default:
			d.exception(old, now)
		}
	}
}

func (d *differ) exception(old, now Exception) {
	if more := minus(now.Allows, old.Allows); len(more) > 0 {
		d.add(true, "newly allows %s", strings.Join(more, ", "))
	}
	if less := minus(old.Allows, now.Allows); len(less) > 0 {
		d.add(false, "no longer allows %s", strings.Join(less, ", "))
	}
	a, b := lower(old.Targets), lower(now.Targets)
	if more := minus(b, a); len(more) > 0 {
		d.add(true, "newly holds for %s", strings.Join(more, ", "))
	}
	if less := minus(a, b); len(less) > 0 {
		d.add(false, "no longer holds for %s", strings.Join(less, ", "))
	}
	if !old.Expires.Equal(now.Expires.Time) {
		d.add(now.Expires.After(old.Expires.Time), "ends %v instead of %v", now.Expires, old.Expires)
	}
	for _, text := range []struct{ what, old, now string }{{"owner", old.Owner, now.Owner}, {"approver", old.ApprovedBy, now.ApprovedBy},
		{"ticket", old.Ticket, now.Ticket}, {"reason", old.Reason, now.Reason}} {
		replaced(d, false, "has the "+text.what, text.old, text.now)
	}
}

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

func sorted(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func (d *differ) frontDoor() {
	d.about("front door")
	old, now := byAddress(d.before), byAddress(d.after)
	for _, a := range sortedUnion(old, now) {
		x, was := old[a]
		y, is := now[a]
		switch {
		case !is:
			d.add(false, "no longer listens on %s", a)
		case !was:
			d.add(true, "newly listens on %s", a)
		default:
			if sorted(x.Hosts) != sorted(y.Hosts) {
				wider := len(y.Hosts) == 0 || d.after.Certificates.Local && len(minus(y.Hosts, x.Hosts)) > 0
				d.add(wider, "has the hosts %s instead of %s on %s", either(sorted(y.Hosts), "any"), either(sorted(x.Hosts), "any"), a)
			}
			replaced(d, y.HeaderTimeout > x.HeaderTimeout, "waits for a header for", x.HeaderTimeout, y.HeaderTimeout)
			replaced(d, y.MaxHeader > x.MaxHeader, "takes headers up to", x.MaxHeader, y.MaxHeader)
			replaced(d, y.Idle > x.Idle, "keeps an idle connection for", x.Idle, y.Idle)
			d.room(&x, &y)
		}
	}
	if a, b := d.before.Certificates.Local, d.after.Certificates.Local; a != b {
		d.add(b, "%s", map[bool]string{true: "uses a local CA", false: "no longer uses a local CA"}[b])
	}
	if a, b := d.before.certificateFiles(), d.after.certificateFiles(); !slices.Equal(a, b) {
		d.add(false, "shows other certificates")
	}
	d.operator()
}

func byAddress(t *Table) map[string]Listener {
	m := map[string]Listener{}
	for _, l := range t.Listen {
		m[l.Address] = l
	}
	return m
}

// certificateFiles names the content of the front door's certificates and keys.
func (t *Table) certificateFiles() []string {
	var sums []string
	for _, f := range t.Certificates.Files {
		sums = append(sums, t.digests[string(f.Cert)].sum+t.digests[string(f.Key)].sum)
	}
	slices.Sort(sums)
	return sums
}

// operator compares what is for the operator: metrics, probes, the evidence.
func (d *differ) operator() {
	d.about("broker")
	a, b := d.before, d.after
	replaced(d, b.Admin.Address != "off", "has its admin address on", a.Admin.Address, b.Admin.Address)
	d.about("operator at admin.address")
	d.credentials(a.Admin.credentials(), b.Admin.credentials(), "a token")
	d.about("broker")
	if a.Health.Address != b.Health.Address {
		d.add(b.Health.Address != "", "answers probes on %s instead of %s", either(b.Health.Address, "no address"), either(a.Health.Address, "no address"))
	}
	if x, y := a.relative(string(a.Audit.Dir)), b.relative(string(b.Audit.Dir)); x != y && a.Audit.Dir != b.Audit.Dir {
		d.add(true, "keeps its audit log in %s instead of %s", y, x)
	}
	d.kept(a.Audit, b.Audit)
	d.reviewers(a.Audit, b.Audit)
	if a.Reload.Watch != b.Reload.Watch {
		d.add(b.Reload.Watch, "%s", map[bool]string{true: "newly follows changes of the file", false: "no longer follows changes of the file"}[b.Reload.Watch])
	}
	d.sinks(a.Audit.Sinks, b.Audit.Sinks)
}

// kept compares how the evidence is kept: for less time and with more that is not proven
// is weaker.
func (d *differ) kept(a, b Audit) {
	if x, y := a.Keep, b.Keep; x != y {
		forever := map[bool]string{true: "for ever"}
		d.add(y != 0 && (x == 0 || y < x), "keeps audit records %s instead of %s", either(forever[y == 0], "for "+y.String()), either(forever[x == 0], "for "+x.String()))
	}
	if a.Checkpoint != b.Checkpoint {
		d.add(b.Checkpoint > a.Checkpoint, "signs the audit log every %v instead of %v", b.Checkpoint, a.Checkpoint)
	}
	if a.Segment != b.Segment {
		d.add(false, "seals an audit segment at %v or after %v instead of %v or %v", b.Segment.Size, b.Segment.Age, a.Segment.Size, a.Segment.Age)
	}
	replaced(d, b.Refusals.Records < a.Refusals.Records, "records of the refusals of a network and code", a.Refusals.Records, b.Refusals.Records)
	replaced(d, b.Refusals.Budget < a.Refusals.Budget, "records refusals of unknown callers a day up to", a.Refusals.Budget, b.Refusals.Budget)
	replaced(d, b.Refusals.Every > a.Refusals.Every, "counts refusals in one line for", a.Refusals.Every, b.Refusals.Every)
	replaced(d, false, "only counts refusals of unknown callers below a free space of", orPart(a.Reserve), orPart(b.Reserve))
	replaced(d, false, "stops below a free space of", orPart(a.Stop), orPart(b.Stop))
}

func orPart(n Size) string {
	if n == 0 {
		return "its part"
	}
	return n.String()
}

// credentials returns what the admin address asks for, as a caller's.
func (a Admin) credentials() Caller {
	c := Caller{ClientCertificate: a.ClientCertificate}
	if a.Token != nil {
		c.APIKey = &APIKey{a.Token.SHA256}
	}
	return c
}

// relative returns a name as the table's own file may write it, so that two copies of
// a file in different directories compare equal.
func (t *Table) relative(name string) string {
	if rel, err := filepath.Rel(filepath.Dir(t.places.root.file), name); err == nil {
		return rel
	}
	return name
}

// sameFile reports whether two files held the same when the tables were read.
func (d *differ) sameFile(old, now File) bool {
	if old == "" || now == "" {
		return old == now
	}
	a, b := d.before.digests[string(old)], d.after.digests[string(now)]
	if a.err != nil || b.err != nil {
		return a.err != nil && b.err != nil && d.before.relative(string(old)) == d.after.relative(string(now))
	}
	return a.sum == b.sum
}
