// Package auditgen makes audit records of calls that were never made, always the same
// ones: 20 callers, 50 routes, every outcome, for tests and figures of the audit log.
package auditgen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"twohop/audit"
)

// Calls is an endless series of calls, one about every Gap. Its methods are for one
// goroutine.
type Calls struct {
	Gap     time.Duration // mean time between two begins
	now     time.Time
	rand    *rand.Rand
	pending []*audit.Record // ends, the next first
}

// New returns calls from a time on. The same seed gives the same calls.
func New(seed uint64, start time.Time, gap time.Duration) *Calls {
	return &Calls{Gap: gap, now: start, rand: rand.New(rand.NewPCG(seed, 1))}
}

// How many names there are. Rare calls once in 50,000.
const (
	Callers = 20
	Routes  = 50
	Targets = 30
	Rare    = "year-end"
)

// Next returns the next record in the order of the log.
func (c *Calls) Next() *audit.Record {
	step := time.Duration(c.rand.ExpFloat64() * float64(c.Gap))
	if len(c.pending) > 0 && !c.pending[0].Logged.After(c.now.Add(step)) {
		r := c.pending[0]
		c.pending = c.pending[1:]
		c.now = r.Logged
		return r
	}
	c.now = c.now.Add(step).Truncate(time.Microsecond)
	return c.call()
}

// call begins a call and makes its end; a refused one has only that.
func (c *Calls) call() *audit.Record {
	r := c.begin()
	if c.odds(25) {
		return c.refused(r)
	}
	begin := *r
	c.end(r)
	if !c.odds(20000) { // else the broker was killed
		c.later(r)
		if c.odds(500) {
			more := *r
			more.Stage, more.Outcome, more.Status, more.Code, more.Cause = audit.Amend, audit.Gone, 499, "caller_gone", "the caller hung up before the last bytes of the answer"
			more.Logged = r.Logged.Add(time.Millisecond)
			c.later(&more)
		}
	}
	return &begin
}

func (c *Calls) odds(n int) bool { return c.rand.IntN(n) == 0 }

func (c *Calls) later(r *audit.Record) {
	at, _ := slices.BinarySearchFunc(c.pending, r, func(a, b *audit.Record) int {
		if a.Logged.After(b.Logged) {
			return 1
		}
		return -1
	})
	c.pending = slices.Insert(c.pending, at, r)
}

func (c *Calls) hex(n int) string { return fmt.Sprintf("%0*x", n, c.rand.Uint64()) }

func (c *Calls) begin() *audit.Record {
	n := min(c.rand.IntN(Callers), c.rand.IntN(Callers)) // some call more than others
	caller := fmt.Sprintf("caller-%02d", n)
	if c.odds(50000) {
		caller = Rare
	}
	route := c.rand.IntN(Routes)
	id := c.hex(16) + c.hex(16)
	r := &audit.Record{
		Stage: audit.Begin, Time: c.now, Logged: c.now, ID: id + "-" + c.hex(16), Correlation: id,
		Caller: caller, CallerBy: "api_key", Credential: fmt.Sprintf("%016x", n), Source: fmt.Sprintf("10.%d.%d.%d:%d", n, c.rand.IntN(4), c.rand.IntN(250), 32768+c.rand.IntN(28000)),
		Method: "POST", Host: "broker.example.com:8443", Path: fmt.Sprintf("/area-%d/orders-%d/{order}", route%7, route), Proto: "HTTP/1.1",
		Route: fmt.Sprintf("route-%02d", route), Target: fmt.Sprintf("target-%02d", route%Targets), Config: "sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730",
		Hop1: audit.Hop{Version: "TLS 1.3", Suite: "TLS_AES_128_GCM_SHA256", SNI: "broker.example.com", Resumed: c.odds(3)},
	}
	if route%3 == 0 {
		r.Method = "GET"
	} else if route%3 == 1 {
		r.SOAPAction = fmt.Sprintf("urn:example:orders-%d/Change", route)
	}
	if n == 7 {
		r.Hop1.Version, r.Hop1.Suite = "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
	}
	if weak := route % Targets; weak < 9 {
		r.Exception, r.ExceptionEnds = fmt.Sprintf("EXC-%d", weak), "2027-06-30"
	}
	return r
}

func (c *Calls) refused(r *audit.Record) *audit.Record {
	r.Stage, r.Outcome, r.Status, r.Code, r.Cause = audit.End, audit.Refused, 429, "rate_limited", "the rate of this route for this caller is used up"
	r.Hop1.Total = time.Duration(100+c.rand.IntN(300)) * time.Microsecond
	return r
}

// end makes r the end of the call that it began.
func (c *Calls) end(r *audit.Record) {
	took := time.Duration(c.rand.ExpFloat64() * float64(80*time.Millisecond))
	if c.odds(5000) {
		took *= 1000
	}
	took = took.Truncate(time.Microsecond)
	r.Stage, r.Logged, r.Outcome, r.Status = audit.End, r.Time.Add(took), audit.Answered, 200
	in, out := int64(c.rand.IntN(4000)), int64(c.rand.IntN(60000))
	r.Hop1.BytesIn, r.Hop1.BytesOut, r.Hop1.Total = in, out, took
	host := fmt.Sprintf("%s.old.example.com", r.Target)
	r.Hop2 = audit.Hop{Endpoint: host + ":443", Address: fmt.Sprintf("10.200.0.%d:443", r.Target[len(r.Target)-1]), Status: 200, BytesIn: out, BytesOut: in, FirstByte: took / 2, Total: took, Reused: !c.odds(20), Established: true}
	if version := [...]string{"", "TLS 1.0", "TLS 1.1", "TLS 1.2"}[int(r.Target[len(r.Target)-1])%4]; version != "" {
		r.Hop2.Version, r.Hop2.Suite, r.Hop2.Verify = version, "TLS_RSA_WITH_AES_128_CBC_SHA", "pin"
		r.Hop2.Peer = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
		r.Hop2.Issuer, r.Hop2.Serial = "CN=Old CA,O=Example", "3b9aca07"
	}
	switch {
	case c.odds(50):
		r.Outcome, r.Status, r.Code, r.Cause, r.Hop2 = audit.Failed, 502, "target_unreachable", "the connection to the target was refused", audit.Hop{Endpoint: host + ":443", Retries: 1}
	case c.odds(200):
		r.Outcome, r.Status, r.Code, r.Cause = audit.Gone, 499, "caller_gone", "the caller hung up"
	case c.odds(40):
		r.Status, r.Hop2.Status = 500, 500
	}
}
