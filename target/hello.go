package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// reply is what a target answered to one ClientHello.
type reply struct {
	version, suite uint16 // 0 when it did not answer with a ServerHello that we take
	chain          []*x509.Certificate
	seen           *sniffer
	err            error // why there is no version
}

var (
	errEnough   = errors.New("seen enough")
	errNotAsked = errors.New("not asked")
)

// ask offers one version with suites and stops as soon as the certificate is here:
// the handshake is never completed and nothing is sent over it. It is how probe and
// the explanation of a failed handshake learn what a target speaks, and the only
// place where a certificate is looked at without being trusted.
func (s *settings) ask(ctx context.Context, version uint16, suites []uint16) reply {
	raw, err := s.tcp(ctx)
	if err != nil {
		return reply{err: err}
	}
	defer raw.Close()
	r := reply{seen: newSniffer(raw)}
	c := tls.Client(r.seen, &tls.Config{
		ServerName: s.verify.name, MinVersion: version, MaxVersion: version, CipherSuites: suites, CurvePreferences: s.Curves,
		InsecureSkipVerify: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			r.version, r.suite, r.chain = cs.Version, cs.CipherSuite, cs.PeerCertificates
			return errEnough
		},
	})
	if r.err = c.HandshakeContext(ctx); errors.Is(r.err, errEnough) {
		r.err = nil
	}
	return r
}

// allVersions are the TLS versions of crypto/tls, oldest first.
var allVersions = []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

// allSuites returns every suite of crypto/tls that has the version, strong ones first.
func allSuites(version uint16) []uint16 {
	var ids []uint16
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range list {
			for _, v := range s.SupportedVersions {
				if v == version {
					ids = append(ids, s.ID)
				}
			}
		}
	}
	return ids
}

// spoken asks for every version in turn and returns what was taken; a server that falls
// silent costs a fourth of limit. A version that is allowed is asked with the suites
// that are allowed, and only then with all.
func (s *settings) spoken(ctx context.Context, limit time.Duration) []reply {
	var taken []reply
	for _, v := range allVersions {
		ctx, cancel := context.WithTimeout(ctx, limit/time.Duration(len(allVersions)))
		r := reply{err: errNotAsked}
		if s.allows(v) {
			r = s.ask(ctx, v, s.suites())
		}
		if r.err != nil {
			r = s.ask(ctx, v, allSuites(v))
		}
		cancel()
		if r.err == nil {
			taken = append(taken, r)
		}
	}
	return taken
}

// allows reports whether the version may be offered.
func (s *settings) allows(v uint16) bool { return v >= s.MinVersion && v <= s.MaxVersion }

// suites returns those that are offered.
func (s *settings) suites() []uint16 {
	if s.Suites != nil {
		return s.Suites
	}
	var ids []uint16
	for _, c := range tls.CipherSuites() {
		ids = append(ids, c.ID)
	}
	return ids
}

// offers reports whether the hello of the route has what r chose.
func (s *settings) offers(r reply) bool {
	return s.allows(r.version) && (r.version == tls.VersionTLS13 || slices.Contains(s.suites(), r.suite))
}
