package target

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"time"
)

// reply is what a target answered to one ClientHello.
type reply struct {
	version, suite uint16 // 0 when it did not answer with a ServerHello that we take
	chain          []*x509.Certificate
	seen           *sniffer
	err            error // why there is no version
}

var errEnough = errors.New("seen enough")

// ask offers one version with suites and stops as soon as the certificate is here:
// the handshake is never completed and nothing is sent over it. It is how probe and
// the explanation of a failed handshake learn what a target speaks, and the only
// place where a certificate is looked at without being trusted.
func ask(ctx context.Context, dial func(context.Context) (net.Conn, error), name string, version uint16, suites []uint16) reply {
	raw, err := dial(ctx)
	if err != nil {
		return reply{err: err}
	}
	defer raw.Close()
	r := reply{seen: &sniffer{Conn: raw}}
	c := tls.Client(r.seen, &tls.Config{
		ServerName: name, MinVersion: version, MaxVersion: version, CipherSuites: suites,
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

// spoken asks for every version in turn, within limit, and returns what was taken.
func (s *settings) spoken(ctx context.Context, limit time.Duration) []reply {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var taken []reply
	for _, v := range allVersions {
		if r := ask(ctx, s.tcp, s.verify.name, v, allSuites(v)); r.err == nil {
			taken = append(taken, r)
		}
	}
	return taken
}
