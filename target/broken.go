package target

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"twohop/internal/fault"
)

// explain turns the failure of a call before its answer into a fault.
func (x *exchange) explain(err error) *fault.Fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	sent := x.conn != nil && x.conn.written.Load() > x.before
	lost := sent && !x.repeatable()
	if f := x.outside(err); f != nil {
		if lost && f.Entry().Hop != fault.Caller {
			return fault.New(fault.OutcomeUnknown, "the request was sent, and then %s", f.Cause).Because(fault.Unquoted(err))
		}
		return f
	}
	var known *fault.Fault
	switch {
	case errors.As(err, &known): // from dial
		return known
	case x.conn != nil && x.conn.wantsCertificate(err):
		return fault.New(fault.TargetWantsCert, "the target asked for a client certificate and refused the call without one").Because(fault.Unquoted(err))
	}
	bad := x.answered && !brokeOff(err)
	how := "closed the connection without an answer"
	switch {
	case bad: // net/textproto does not tell a torn line from a wrong one
		how = "answered with a head that breaks off, breaks HTTP's rules or is longer than 256 KiB"
	case x.answered:
		how = "closed the connection in the head of its answer"
	case !sent:
		how = "closed the connection before the request was sent"
	}
	switch {
	case lost:
		return fault.New(fault.OutcomeUnknown, "the request was sent, and the target %s", how).Because(fault.Unquoted(err))
	case bad:
		return fault.New(fault.TargetBadAnswer, "the target %s", how).Because(fault.Unquoted(err))
	}
	return fault.New(fault.TargetClosed, "the target %s", how).Because(fault.Unquoted(err))
}

// outside returns why the call was cancelled or its body broke, nil when the target's
// connection failed by itself; x.mu is held.
func (x *exchange) outside(err error) *fault.Fault {
	var known *fault.Fault
	ctx := x.call.Request.Context()
	switch {
	case errors.As(x.uploadErr, &known):
		return known
	case errors.As(x.cause, &known), errors.As(context.Cause(ctx), &known):
		return known.Because(fault.Unquoted(err))
	case ctx.Err() != nil:
		return fault.New(fault.CallerGone, "the caller hung up before the answer was complete").Because(fault.Unquoted(err))
	case x.uploadErr != nil:
		return fault.New(fault.BodyBroken, "the request body broke off on its way from the caller").Because(fault.Unquoted(x.uploadErr))
	}
	return nil
}

// explain turns a failure in the answer's body into a fault.
func (a *answer) explain(err error) *fault.Fault {
	a.x.mu.Lock()
	defer a.x.mu.Unlock()
	if f := a.x.outside(err); f != nil {
		return f
	}
	switch {
	case !brokeOff(err):
		return fault.New(fault.TargetBadAnswer, "the body of the target's answer breaks HTTP's rules after %d bytes", a.x.h.Received).Because(fault.Unquoted(err))
	case a.want >= 0:
		return fault.New(fault.TargetTruncated, "the target announced %d bytes and broke off after %d", a.want, a.x.h.Received).Because(fault.Unquoted(err))
	}
	return fault.New(fault.TargetTruncated, "the target broke off after %d bytes, before the end of its answer", a.x.h.Received).Because(fault.Unquoted(err))
}

// brokeOff reports whether a connection ended, other than by an answer that cannot be
// understood.
func brokeOff(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &op)
}

// wantsCertificate reports whether the target ended the connection for want of a client
// certificate. In TLS 1.3 a client hears of it only after the handshake; IIS and SAP
// ask after the request, by a new handshake, which crypto/tls refuses.
func (c *conn) wantsCertificate(err error) bool {
	s := err.Error()
	return c.asked && strings.Contains(s, "remote error: tls:") || strings.Contains(s, "tls: no renegotiation")
}
