package legacy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
)

// Options says how a server behaves, in the order in which a connection meets it. The zero value is a plain HTTP
// server of JSON on a free port of 127.0.0.1.
type Options struct {
	// Addr is where to listen: a loopback address and port, "127.0.0.1:8081". Without a host (":8081") it is
	// 127.0.0.1; empty, or port 0, takes a free port. Anything but a loopback address is refused.
	Addr string

	// MaxConns is how many connections are held at once; further ones wait in the kernel's queue. Default 256.
	MaxConns int

	// ResetAbove, when set, makes the server reset (RST) a connection whose ClientHello offers a version above this
	// one, without an alert, as version-intolerant servers do. A tls.Version constant. Default: no reset.
	ResetAbove uint16

	// MinVersion is the oldest TLS version spoken, a tls.Version constant. Default 0: plain HTTP, and then every
	// other TLS option must be unset too.
	MinVersion uint16

	// MaxVersion is the newest TLS version spoken. Default: MinVersion, so that one version is spoken.
	MaxVersion uint16

	// CipherSuites are the suites accepted up to TLS 1.2, by their tls constants; weak ones are welcome, and the
	// server's order is that of crypto/tls. Default: what crypto/tls accepts by itself, which excludes RSA key
	// exchange, RC4 and 3DES.
	CipherSuites []uint16

	// Certificate describes the certificate, which is made when the server starts. Default: see Certificate.
	Certificate Certificate

	// KeyPair is used instead of Certificate when set, for a chain made elsewhere. Default: none.
	KeyPair *tls.Certificate

	// Handler answers the requests. It must stop when the request's context ends: Close waits for it.
	// Default: JSON().
	Handler http.Handler
}

// withDefaults returns o with every default filled in, or every fault in it at once.
func (o Options) withDefaults() (Options, error) {
	var errs []error
	addr, err := loopback(o.Addr)
	if err != nil {
		errs = append(errs, err)
	}
	o.Addr = addr
	if o.MaxConns < 0 {
		errs = append(errs, fmt.Errorf("legacy: MaxConns: %d is negative; leave it 0 for 256", o.MaxConns))
	}
	if o.MaxConns == 0 {
		o.MaxConns = 256
	}
	if o.Handler == nil {
		o.Handler = JSON()
	}
	if o.MinVersion == 0 {
		if o.MaxVersion != 0 || o.ResetAbove != 0 || o.CipherSuites != nil || o.KeyPair != nil {
			errs = append(errs, errors.New("legacy: TLS options without MinVersion; set MinVersion, or none of them for plain HTTP"))
		}
		return o, errors.Join(errs...)
	}
	if o.MaxVersion == 0 {
		o.MaxVersion = o.MinVersion
	}
	if o.MinVersion < tls.VersionTLS10 || o.MaxVersion > tls.VersionTLS13 || o.MinVersion > o.MaxVersion {
		errs = append(errs, fmt.Errorf("legacy: versions %s to %s: want a range within TLS 1.0 to TLS 1.3",
			tls.VersionName(o.MinVersion), tls.VersionName(o.MaxVersion)))
	}
	for _, id := range o.CipherSuites {
		if !spoken(id, o.MinVersion, o.MaxVersion) {
			errs = append(errs, fmt.Errorf("legacy: CipherSuites: %s is not one that crypto/tls speaks in %s to %s",
				tls.CipherSuiteName(id), tls.VersionName(o.MinVersion), tls.VersionName(o.MaxVersion)))
		}
	}
	return o, errors.Join(errs...)
}

// loopback completes addr and refuses everything that other machines could reach.
func loopback(addr string) (string, error) {
	if addr == "" {
		addr = ":0"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("legacy: Addr: %w", err)
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return "", fmt.Errorf("legacy: Addr: %q is not a loopback address; these servers are too weak for any other", addr)
	}
	return net.JoinHostPort(host, port), nil
}

// spoken tells whether crypto/tls implements the suite in a version between oldest and newest. The suites of TLS 1.3
// cannot be chosen and so do not count.
func spoken(id, oldest, newest uint16) bool {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if s.ID == id {
			return slices.ContainsFunc(s.SupportedVersions, func(v uint16) bool {
				return v >= oldest && v <= newest && v != tls.VersionTLS13
			})
		}
	}
	return false
}
