package target

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"twohop/internal/fault"
)

// TLS alerts, RFC 8446, section 6.
const (
	alertHandshakeFailure     = 40
	alertBadCertificate       = 42
	alertProtocolVersion      = 70
	alertInsufficientSecurity = 71
	alertCertificateRequired  = 116
)

// explain turns a failed handshake into a sentence that tells the admin what the
// target does and what the route allows.
func (t *Target) explain(ctx context.Context, err error, seen *sniffer, wantedCert bool) *fault.Fault {
	var verdict *fault.Fault
	alert, alerted := seen.alert()
	chosen := seen.helloVersion()
	switch {
	case errors.As(err, &verdict):
		return verdict
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.TargetHandshakeTime, "the target accepted the connection and did not finish the handshake within %v; offered: %s", t.Handshake, t.offered()).Because(err)
	case !seen.isTLS():
		return fault.New(fault.TargetNotTLS, "the target's port answered with something that is not TLS").Because(err)
	case wantedCert && (chosen != 0 || alerted):
		return fault.New(fault.TargetWantsCert, "the target asked for a client certificate and ended the handshake without one").Because(err)
	case chosen != 0 && !t.allows(chosen) && (chosen != tls.VersionTLS12 || strings.Contains(err.Error(), "protocol version")):
		// A ServerHello of TLS 1.3 says 1.2 too, so there the error must say it.
		return fault.New(fault.TargetVersion, "the target answered with %s; the route allows %s", tls.VersionName(chosen), t.offered()).Because(err)
	case strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "rsa:"):
		return fault.New(fault.TargetCertWeak, "the target's certificate or key cannot be used by this broker's TLS").Because(err)
	case chosen != 0:
		return fault.New(fault.TargetHandshake, "the target began a %s handshake that could not be finished", tls.VersionName(chosen)).Because(err)
	}
	switch f := t.judge(t.diagnosis.of(ctx, t.settings)); {
	case f != nil:
		return f.Because(err)
	case alerted && alert == alertProtocolVersion:
		return fault.New(fault.TargetVersion, "the target refused every version that the route allows (%s)", t.offered()).Because(err)
	case alerted && (alert == alertHandshakeFailure || alert == alertInsufficientSecurity):
		return fault.New(fault.TargetSuite, "the target found nothing acceptable in what the route offers (%s)", t.offered()).Because(err)
	case alerted && (alert == alertBadCertificate || alert == alertCertificateRequired):
		return fault.New(fault.TargetWantsCert, "the target ended the handshake for want of a client certificate").Because(err)
	case alerted:
		return fault.New(fault.TargetHandshake, "the target ended the handshake with alert %d", alert).Because(err)
	}
	return fault.New(fault.TargetReset, "the target closed the connection during the handshake; offered: %s", t.offered()).Because(err)
}

// judge compares what the target was seen to speak with what the route allows; nil
// when that explains nothing.
func (t *Target) judge(known []reply) *fault.Fault {
	if len(known) == 0 {
		return nil
	}
	var names []string
	for _, r := range known {
		names = append(names, tls.VersionName(r.version))
	}
	slices.Reverse(known) // the best that both sides have is what they would agree on
	i := slices.IndexFunc(known, func(r reply) bool { return t.allows(r.version) })
	if i < 0 {
		return fault.New(fault.TargetVersion, "the target speaks only %s; the route allows %s", strings.Join(names, ", "), t.offered())
	}
	r := known[i]
	if !t.offers(r) {
		return fault.New(fault.TargetSuite, "the target speaks %s with %s, and takes no suite that the route offers", tls.VersionName(r.version), tls.CipherSuiteName(r.suite))
	}
	if t.MinVersion < t.MaxVersion {
		f := fault.New(fault.TargetReset, "the target speaks %s, and ends the handshake when the route offers more (%s)", tls.VersionName(r.version), t.offered())
		f.Fix = fmt.Sprintf("An admin sets the target's `tls.version` to %s, so that nothing else is offered.", strings.TrimPrefix(tls.VersionName(r.version), "TLS "))
		return f
	}
	return nil
}

// offered says which versions the route allows: "TLS 1.2 to TLS 1.3".
func (s *settings) offered() string {
	if s.MinVersion == s.MaxVersion {
		return tls.VersionName(s.MinVersion)
	}
	return tls.VersionName(s.MinVersion) + " to " + tls.VersionName(s.MaxVersion)
}

// diagnosis asks a target what it speaks after a handshake failed without a word,
// at most once a minute, and remembers the answer meanwhile.
type diagnosis struct {
	turn  chan struct{} // holds one; guards the rest
	asked time.Time
	known []reply
}

const (
	diagnoseEvery = time.Minute
	diagnoseLimit = 5 * time.Second
)

// of returns what the target of s speaks; nil when that is not known or ctx is done.
func (d *diagnosis) of(ctx context.Context, s *settings) []reply {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil
	}
	if now := s.verify.now(); d.asked.IsZero() || now.Sub(d.asked) >= diagnoseEvery {
		d.asked = now
		d.known = s.spoken(ctx, diagnoseLimit)
	}
	return slices.Clone(d.known)
}
