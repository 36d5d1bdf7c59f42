package audit

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// sum is the refusals of one party that are counted together.
type sum struct {
	party
	first, last time.Time // of those counted
	count       int64
	networks    int // that were merged; one that came again after a merge is counted again
	causes      map[string]*cause
	samples     []example
}

// cause is how often a code was counted, and how many of it have records of their own.
type cause struct {
	count    int64
	recorded int
}

// example is one refusal that was counted.
type example struct {
	at      time.Time
	address netip.Addr
	code    string

	correlation, method, path, proto string // of a call
	reason, sni, versions, suites    string // of a handshake
}

const (
	mostSamples = 5   // in a line
	ofOneCause  = 2   // of them
	sampled     = 128 // bytes of a text that somebody else wrote
)

// cause returns the count of code, one of the fault catalogue or of the door's causes:
// few, and known.
func (s *sum) cause(code string) *cause {
	c := s.causes[code]
	if c == nil {
		c = &cause{}
		s.causes[code] = c
	}
	return c
}

// add counts one refusal, and reports whether a sample of it is wanted.
func (s *sum) add(c *cause, at time.Time) bool {
	if s.count == 0 || at.Before(s.first) {
		s.first = at
	}
	if at.After(s.last) {
		s.last = at
	}
	s.count++
	c.count++
	return c.count <= ofOneCause && len(s.samples) < mostSamples
}

// merge adds up sums of any networks to one for each thing that they tell of.
func merge(sums map[party]*sum) []*sum {
	all := map[string]*sum{}
	for _, s := range sums {
		if s.count == 0 {
			continue
		}
		to := all[s.what]
		if to == nil {
			to = &sum{party: party{what: s.what}, first: s.first, last: s.last, causes: map[string]*cause{}}
			all[s.what] = to
		}
		to.take(s)
	}
	return slices.Collect(maps.Values(all))
}

func (s *sum) take(more *sum) {
	if more.first.Before(s.first) {
		s.first = more.first
	}
	if more.last.After(s.last) {
		s.last = more.last
	}
	s.count += more.count
	if s.networks += more.networks; more.network.IsValid() {
		s.networks++
	}
	for code, c := range more.causes {
		to := s.cause(code)
		to.count += c.count
		to.recorded += c.recorded
	}
	s.samples = append(s.samples, more.samples[:min(len(more.samples), mostSamples-len(s.samples))]...)
}

// line returns s as one JSON object: an HTTP Activity of several calls, or a Network
// Activity of several handshakes. count is of those that have no record of their own.
func (s *sum) line(now time.Time) []byte {
	o := &object{}
	o.open("")
	if s.what == Calls {
		o.classed(classHTTP, otherMethod, Informational, s.last.UnixMilli())
		o.text("activity_name", "Refusals")
	} else {
		o.classed(classNetwork, activityFail, Informational, s.last.UnixMilli())
	}
	o.count("start_time", s.first.UnixMilli())
	o.count("end_time", s.last.UnixMilli())
	o.count("count", s.count)
	o.count("status_id", failure)
	o.count("action_id", denied)
	o.count("disposition_id", denied)
	o.metadata("", "", now.UnixMilli(), profiles)
	if s.caller != "" {
		o.user(clip(s.caller, shortest), "")
	}
	o.open("src_endpoint")
	o.must("name", s.from())
	o.close()
	if s.what == Calls {
		s.request(o)
	}
	s.unmapped(o)
	o.close()
	return o.b
}

func (s *sum) from() string {
	if !s.network.IsValid() {
		return "several networks"
	}
	return s.network.String()
}

// request writes the first call that was counted: an HTTP Activity needs one.
func (s *sum) request(o *object) {
	var first example
	if len(s.samples) > 0 {
		first = s.samples[0]
	}
	o.open("http_request")
	o.text("http_method", first.method)
	o.open("url")
	o.must("path", first.path)
	o.close()
	o.text("version", first.proto)
	o.close()
}

func (s *sum) unmapped(o *object) {
	o.open("unmapped")
	o.must("kind", "refused_"+s.what+"s")
	o.number("networks", int64(s.networks))
	for _, list := range []struct {
		member string
		of     func(*cause) int64
	}{{"counts", func(c *cause) int64 { return c.count }}, {"recorded", func(c *cause) int64 { return int64(c.recorded) }}} {
		o.open(list.member)
		for _, code := range slices.Sorted(maps.Keys(s.causes)) {
			o.number(code, list.of(s.causes[code]))
		}
		o.close()
	}
	o.name("samples")
	o.b = append(o.b, '[')
	for i := range s.samples {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		s.samples[i].write(o)
	}
	o.b = append(o.b, ']')
	o.close()
}

func (s *example) write(o *object) {
	o.b = append(o.b, '{')
	o.count("time", s.at.UnixMilli())
	if s.address.IsValid() {
		o.must("ip", s.address.String())
	}
	o.text("code", s.code)
	o.text("correlation_uid", s.correlation)
	o.text("http_method", s.method)
	o.text("path", s.path)
	o.text("reason", s.reason)
	o.text("sni", s.sni)
	o.text("versions", s.versions)
	o.text("suites", s.suites)
	o.b = append(o.b, '}')
}

// keep returns the part of a text that a sample holds, without what it was cut from.
func keep(text string) string { return strings.Clone(clip(text, sampled)) }

func exampleOf(r *Record) example {
	path, _, _ := strings.Cut(r.Path, "?")
	address, _ := peerOf(r.Source)
	return example{at: r.Logged, address: address, code: r.Code, correlation: r.Correlation, method: keep(r.Method), path: keep(path), proto: keep(r.Proto)}
}

// Handshake is a TLS handshake with a caller that failed, or a connection that was not
// let in.
type Handshake struct {
	Time     time.Time
	Address  netip.Addr   // the caller's
	Network  netip.Prefix // of Address, by the bits of its listener
	Cause    string       // one of few
	Reason   string       // in crypto/tls's words
	SNI      string       // as far as a hello was read
	Versions []uint16     // that the caller offered, likewise
	Suites   []uint16     // likewise
}

func (h *Handshake) example() example {
	return example{at: h.Time, address: h.Address, code: h.Cause, reason: keep(h.Reason), sni: keep(h.SNI), versions: listed(h.Versions, tls.VersionName), suites: listed(h.Suites, tls.CipherSuiteName)}
}

// mostListed is how many offered suites are named.
const mostListed = 12

// listed names what a hello offered, without the values that are there to be ignored
// (RFC 8701).
func listed(offered []uint16, name func(uint16) string) string {
	var names []string
	for _, id := range offered {
		if id&0x0f0f != 0x0a0a {
			names = append(names, name(id))
		}
	}
	if more := len(names) - mostListed; more > 0 {
		names = append(names[:mostListed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
