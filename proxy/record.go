package proxy

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"twohop/audit"
	"twohop/internal/fault"
	"twohop/routes"
)

// record appends a stage of the call to the audit log. It returns the log's error:
// then the call must not go on.
func (c *call) record(stage string) error {
	rec := audit.Record{
		Stage: stage, Time: c.start, Logged: c.deps.Now(), ID: c.trace.id + "-" + c.trace.span, Correlation: c.trace.id,
		Caller: c.who.Name, CallerBy: c.who.By, Credential: c.who.Credential, Source: c.r.RemoteAddr,
		Method: c.r.Method, Host: c.r.Host, Proto: c.r.Proto, SOAPAction: c.match.action, Operation: c.operation,
		Config: c.config, Status: c.status,
	}
	if c.route != nil {
		rec.Route, rec.Path = c.route.name, c.route.label(c.left())
		if c.route.open && rec.Caller == "" {
			rec.CallerBy = routes.Anyone
		}
	} else {
		rec.Path, rec.Variables = c.unmatched()
	}
	if w := c.way; w != nil {
		rec.Target, rec.Exception = w.name, w.exception
		if names, values := c.named(); c.variables == "" && len(names) > 0 {
			c.variables = c.deps.Secret.Variables(names, values)
		}
		rec.Variables = c.variables
		if w.exception != "" {
			rec.ExceptionEnds = w.ends.AddDate(0, 0, -1).Format(time.DateOnly)
		}
	}
	long := 2048
	if c.who.Name == "" {
		long = 256 // nobody known may make large records
	}
	rec.Path, rec.SOAPAction = clip(rec.Path, long), clip(rec.SOAPAction, long)
	if cs := c.r.TLS; cs != nil {
		rec.Hop1 = audit.Hop{Version: tls.VersionName(cs.Version), Suite: suiteName(cs.CipherSuite), SNI: cs.ServerName, Resumed: cs.DidResume, Verify: c.verified()}
		if len(cs.PeerCertificates) > 0 { // recorded of a caller that is refused too
			cert := cs.PeerCertificates[0]
			sum := sha256.Sum256(cert.Raw)
			rec.Hop1.Peer, rec.Hop1.Issuer, rec.Hop1.Serial = hex.EncodeToString(sum[:]), cert.Issuer.String(), cert.SerialNumber.Text(16)
		}
	}
	if stage != audit.Begin {
		c.recordEnd(&rec)
	}
	err := c.testify(&rec)
	if err == nil {
		err = c.deps.Audit.Append(&rec)
	}
	if err != nil {
		return unrecorded(err)
	}
	c.counted = rec.Counted
	c.started = c.started || stage == audit.Started
	c.ended = c.ended || stage == audit.End
	return nil
}

// left is what the prefix leaves of the path, as it may be recorded: the {variables} of a
// binding by name.
func (c *call) left() string {
	if b := c.errand.binding; b != nil {
		return b.path
	}
	return c.rest
}

// named are the {variables} of the path and their values.
func (c *call) named() (names, values []string) {
	if b := c.errand.binding; b != nil {
		return slices.Concat(c.route.vars, b.pattern.Vars()), slices.Concat(c.match.vars, c.errand.values)
	}
	return c.route.vars, c.match.vars
}

// unrecorded returns the fault of a call that cannot be recorded.
func unrecorded(err error) *fault.Fault {
	if no := (*audit.NoRoom)(nil); errors.As(err, &no) {
		return fault.New(fault.AuditUnavailable, "the disk of the audit log has too little room for another call").After(retryWhenFull).Because(err)
	}
	return fault.New(fault.AuditUnavailable, "the audit log cannot be written").Because(err)
}

// retryWhenFull is what a caller is told to wait while the disk has no room.
const retryWhenFull = 30 * time.Second

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

func (c *call) recordEnd(rec *audit.Record) {
	rec.Hop1.BytesIn, rec.Hop1.BytesOut, rec.Hop1.Total = c.body.read.Load(), c.out, time.Since(c.began)
	h := &c.hop
	rec.Hop2 = audit.Hop{Endpoint: h.Endpoint, Address: h.Address, Peer: h.Peer, Issuer: h.Issuer, Serial: h.Serial, Resumed: h.Resumed, Reused: h.Reused, Retries: h.Retries, Status: h.Status,
		Connect: h.Connect, Handshake: h.Handshake, FirstByte: h.FirstByte, Established: h.Address != ""}
	if rec.Stage != audit.Started { // or others still count them
		rec.Hop2.BytesIn, rec.Hop2.BytesOut, rec.Hop2.Total = h.Received, h.Sent, h.Total
		rec.Outcome = c.outcome()
	}
	if h.Version != 0 {
		rec.Hop2.Version, rec.Hop2.Suite, rec.Hop2.Verify = tls.VersionName(h.Version), suiteName(h.Suite), c.way.verify
	}
	if rec.Outcome == audit.Refused {
		rec.Network, rec.Unknown = c.listener().network(rec.Source), c.who.Name == ""
	}
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

// suiteNames has what tls.CipherSuiteName looks for in lists that it makes anew.
var suiteNames = func() map[uint16]string {
	names := map[uint16]string{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		names[s.ID] = s.Name
	}
	return names
}()

func suiteName(id uint16) string {
	if name, ok := suiteNames[id]; ok {
		return name
	}
	return tls.CipherSuiteName(id) // the number
}
