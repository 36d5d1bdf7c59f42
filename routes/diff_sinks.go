package routes

// sinks compares where the log is shipped to: evidence that no longer leaves the
// machine, or goes elsewhere, is weaker.
func (d *differ) sinks(old, now []Sink) {
	d.about("audit log")
	a, b := sinksByName(old), sinksByName(now)
	for _, name := range sortedUnion(a, b) {
		x, was := a[name]
		y, is := b[name]
		switch {
		case !is:
			d.add(true, "is no longer shipped to %s (%s)", name, x.Address())
		case !was:
			d.add(false, "is newly shipped to %s (%s)", name, y.Address())
		case x.Address() != y.Address():
			d.add(true, "is shipped to %s at %s instead of %s", name, y.Address(), x.Address())
		default:
			d.sink(name, &x, &y)
		}
	}
}

func sinksByName(list []Sink) map[string]Sink {
	m := map[string]Sink{}
	for _, s := range list {
		m[s.Name] = s
	}
	return m
}

// sink compares one receiver at one address.
func (d *differ) sink(name string, old, now *Sink) {
	if a, b := old.Syslog, now.Syslog; a != nil && b != nil {
		if a.Plain != b.Plain {
			d.add(b.Plain, "is shipped to %s %s", name, map[bool]string{true: "without TLS", false: "over TLS"}[b.Plain])
		}
		if a.Facility != b.Facility || a.EnterpriseNumber != b.EnterpriseNumber {
			d.add(false, "is shipped to %s with another facility or enterprise number", name)
		}
		d.sinkTLS(name, &a.SinkTLS, &b.SinkTLS)
	}
	if a, b := old.OTLP, now.OTLP; a != nil && b != nil {
		d.sinkTLS(name, &a.SinkTLS, &b.SinkTLS)
		for _, field := range sortedUnion(a.Headers.Set, b.Headers.Set) {
			if x, y := a.Headers.Set[field], b.Headers.Set[field]; x.Reveal() != y.Reveal() {
				d.add(false, "is shipped to %s with another value of %s", name, field)
			}
		}
	}
}

func (d *differ) sinkTLS(name string, old, now *SinkTLS) {
	if !d.sameFile(old.CA, now.CA) || old.ServerName != now.ServerName {
		d.add(true, "is shipped to %s, whose certificate is verified otherwise", name)
	}
	a, b := old.certificate(), now.certificate()
	if !d.sameFile(a.Cert, b.Cert) || !d.sameFile(a.Key, b.Key) {
		d.add(false, "is shipped to %s with another client certificate", name)
	}
}

func (t *SinkTLS) certificate() SinkCertificate {
	if t.Certificate == nil {
		return SinkCertificate{}
	}
	return *t.Certificate
}
