package proxy

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"twohop/audit"
	"twohop/callers"
	"twohop/internal/fault"
	"twohop/limit"
	"twohop/routes"
	"twohop/target"
)

// call is one call on its way through the broker.
type call struct {
	*Router
	w     http.ResponseWriter
	rc    *http.ResponseController
	r     *http.Request
	start time.Time
	trace trace
	soap  soapVersion
	body  *callerBody

	who    callers.Identity
	whoErr error // a credential was shown and fits nobody
	route  *route
	way    *way
	match  match
	head   string // escaped path before what a prefix leaves
	rest   string // escaped path that a prefix leaves
	base   string // escaped path at the target before rest
	hop    target.Hop
	begun  bool // the begin record is written
	sent   bool // the head of an answer is on its way
	status int
	out    int64 // body bytes to the caller
	failed *fault.Fault
}

func newCall(router *Router, w http.ResponseWriter, r *http.Request) *call {
	c := &call{Router: router, w: w, rc: http.NewResponseController(w), r: r, start: router.deps.Now(), trace: newTrace(r.Header.Get("traceparent"))}
	c.match = match{method: r.Method, action: soapAction(r.Header)}
	c.soap = speaksSOAP(r.Header)
	c.body = newCallerBody(r)
	return c
}

// carry takes the call through the pipeline. Audit is outermost: whatever happens,
// the call's end is recorded, and before the caller has the last byte.
func (c *call) carry(stopping bool) {
	c.w.Header()["X-Correlation-Id"] = []string{c.trace.id}
	defer c.recover()
	err := error(fault.New(fault.ShuttingDown, "the broker is stopping and takes no new calls").After(retryWhenStopping))
	if !stopping {
		err = c.pipeline()
	}
	if err != nil {
		c.fail(err)
	}
	c.measure()
}

// pipeline is the way of a call, in order.
func (c *call) pipeline() error {
	if err := c.deps.Audit.Healthy(); err != nil {
		return fault.New(fault.AuditUnavailable, "the audit log cannot be written").Because(err)
	}
	c.identify()
	if err := c.dispatch(); err != nil {
		return err
	}
	release, err := c.limit()
	if err != nil {
		return err
	}
	defer release()
	return c.forward()
}

// identify finds out who calls. Whether it matters is the route's to say.
func (c *call) identify() {
	c.who, c.whoErr = c.callers.Identify(c.r.Header.Get(callers.Header), c.r.TLS)
}

// limit asks for one call on the route.
func (c *call) limit() (release func(), err error) {
	switch verdict, wait := c.way.limiter.Acquire(c.start); verdict {
	case limit.OverRate:
		return nil, fault.New(fault.RateLimited, "the rate of this route for this caller is used up").After(wait)
	case limit.Busy:
		return nil, fault.New(fault.TooManyConcurrent, "as many calls as this route allows at a time are running").After(time.Second)
	}
	if m := c.route.metrics; m != nil {
		m.InFlight.Inc()
	}
	return func() {
		c.way.limiter.Release()
		if m := c.route.metrics; m != nil {
			m.InFlight.Dec()
		}
	}, nil
}

// fail ends a call that did not come to an answer: the caller gets the fault, or a
// cut connection when part of an answer is out already.
func (c *call) fail(err error) {
	var f *fault.Fault
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "the broker failed").Because(err)
	}
	c.failed = f
	c.log(f)
	if c.sent {
		c.record(audit.End) // an error leaves nothing better to do than to cut too
		c.abort()
	}
	if f.Code == fault.CallerGone {
		c.status = fault.StatusClientClosed
		c.record(audit.End)
		c.abort()
	}
	c.refuse(f)
}

// abort cuts the connection, so that nobody takes a part for the whole.
func (c *call) abort() {
	c.measure()
	panic(http.ErrAbortHandler)
}

// recover records a call that panicked, and lets net/http cut the connection.
func (c *call) recover() {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		c.deps.Log.Error("the broker panicked", "correlation", c.trace.id, "panic", p, "stack", string(debug.Stack()))
		c.failed = fault.New(fault.Internal, "the broker failed")
		c.record(audit.End)
		c.measure()
	}
	panic(http.ErrAbortHandler)
}

func (c *call) log(f *fault.Fault) {
	level := slog.LevelInfo
	if f.Entry().Hop == fault.Target || f.Code == fault.Internal || f.Code == fault.AuditUnavailable {
		level = slog.LevelWarn
	}
	attrs := []any{"correlation", c.trace.id, "code", string(f.Code), "cause", f.Cause}
	if c.route != nil {
		attrs = append(attrs, "route", c.route.name)
	}
	if c.way != nil {
		attrs = append(attrs, "target", c.way.name)
	}
	if c.who.Name != "" {
		attrs = append(attrs, "caller", c.who.Name)
	}
	if f.Err != nil {
		attrs = append(attrs, "error", f.Err.Error())
	}
	c.deps.Log.Log(c.r.Context(), level, "call failed", attrs...)
}

// measure counts the call.
func (c *call) measure() {
	m := c.none
	if c.route != nil {
		m = c.route.metrics
	}
	if m == nil {
		return
	}
	code := ""
	if c.failed != nil {
		code = string(c.failed.Code)
		if handshakeCodes[c.failed.Code] {
			c.deps.Metrics.HandshakeFailed("target", code)
		}
	}
	m.Done(strconv.Itoa(c.status), code)
	m.Caller.Observe(c.deps.Now().Sub(c.start).Seconds())
	if c.hop.FirstByte > 0 {
		m.Target.Observe(c.hop.FirstByte.Seconds())
	}
	m.In.Add(float64(c.body.read.Load()))
	m.Out.Add(float64(c.out))
}

// handshakeCodes are the faults of a TLS handshake with the target.
var handshakeCodes = map[fault.Code]bool{fault.TargetHandshakeTime: true, fault.TargetReset: true, fault.TargetVersion: true, fault.TargetSuite: true,
	fault.TargetNotTLS: true, fault.TargetHandshake: true, fault.TargetWantsCert: true, fault.TargetUntrusted: true, fault.TargetCertExpired: true,
	fault.TargetCertName: true, fault.TargetCertWeak: true, fault.TargetPin: true}

// record appends a stage of the call to the audit log. It returns the log's error:
// then the call must not go on.
func (c *call) record(stage string) error {
	rec := audit.Record{
		Stage: stage, Time: c.start, Logged: c.deps.Now(), ID: c.trace.id + "-" + c.trace.span, Correlation: c.trace.id,
		Caller: c.who.Name, CallerBy: c.who.By, Credential: c.who.Credential, Source: c.r.RemoteAddr,
		Method: c.r.Method, Host: c.r.Host, Path: c.r.URL.EscapedPath(), Proto: c.r.Proto, SOAPAction: c.match.action,
		Config: c.config, Status: c.status,
	}
	if c.route != nil {
		rec.Route, rec.Path = c.route.name, c.route.label(c.rest)
		if c.route.open && rec.Caller == "" {
			rec.CallerBy = routes.Anyone
		}
	}
	if w := c.way; w != nil {
		rec.Target, rec.Exception = w.name, w.exception
		if w.exception != "" {
			rec.ExceptionEnds = w.ends.AddDate(0, 0, -1).Format(time.DateOnly)
		}
	}
	const long = 2048
	rec.Path, rec.SOAPAction = clip(rec.Path, long), clip(rec.SOAPAction, long)
	if cs := c.r.TLS; cs != nil {
		rec.Hop1 = audit.Hop{Version: tls.VersionName(cs.Version), Suite: tls.CipherSuiteName(cs.CipherSuite), SNI: cs.ServerName, Resumed: cs.DidResume}
	}
	if stage != audit.Begin {
		c.recordEnd(&rec)
	}
	if err := c.deps.Audit.Append(&rec); err != nil {
		return fault.New(fault.AuditUnavailable, "the audit log cannot be written").Because(err)
	}
	return nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

func (c *call) recordEnd(rec *audit.Record) {
	rec.Hop1.BytesIn, rec.Hop1.BytesOut, rec.Hop1.Total = c.body.read.Load(), c.out, rec.Logged.Sub(c.start)
	h := &c.hop
	rec.Hop2 = audit.Hop{Address: h.Address, Peer: h.Peer, Issuer: h.Issuer, Serial: h.Serial, Resumed: h.Resumed, Reused: h.Reused, Retries: h.Retries, Status: h.Status,
		BytesIn: h.Received, BytesOut: h.Sent, Connect: h.Connect, Handshake: h.Handshake, FirstByte: h.FirstByte, Total: h.Total, Established: h.Address != ""}
	if h.Version != 0 {
		rec.Hop2.Version, rec.Hop2.Suite, rec.Hop2.Verify = tls.VersionName(h.Version), tls.CipherSuiteName(h.Suite), c.way.verify
	}
	rec.Outcome = c.outcome()
	if c.failed != nil {
		rec.Code, rec.Cause = string(c.failed.Code), c.failed.Cause
	}
}

func (c *call) outcome() string {
	switch f := c.failed; {
	case f == nil:
		return audit.Answered
	case f.Code == fault.CallerGone:
		return audit.Gone
	case f.Code == fault.Internal:
		return audit.Broken
	case c.sent:
		return audit.Truncated
	case c.begun:
		return audit.Failed
	}
	return audit.Refused
}
