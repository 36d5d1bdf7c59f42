package proxy

import (
	"log/slog"
	"strconv"
	"time"

	"twohop/internal/fault"
)

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
	m.Caller.Observe(time.Since(c.began).Seconds())
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
