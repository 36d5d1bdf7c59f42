package target

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"twohop/internal/fault"
	"twohop/internal/legacy"
)

func TestACertificateIsTheRightOneOrTheCallFails(t *testing.T) {
	ca, other := newAuthority(t, nil), newAuthority(t, nil)
	between := newAuthority(t, ca)
	wrongPin := "sha256/" + strings.Repeat("A", 43) + "="
	good := issue(t, ca, nil)
	pinOf := func(c *tls.Certificate) string { return Pin(c.Leaf) }
	chained := issue(t, between, nil)
	chained.Certificate = append(chained.Certificate, between.cert.Raw)
	for name, c := range map[string]struct {
		cert  *tls.Certificate
		by    *authority // trusted; nil for the system's roots
		pins  []string
		name  string
		code  fault.Code // "" for served
		cause string
	}{
		"signed by a trusted authority":          {cert: good, by: ca},
		"for another name that the route has":    {cert: good, by: ca, name: hostName},
		"with its intermediate":                  {cert: chained, by: ca},
		"pinned":                                 {cert: good, pins: []string{wrongPin, pinOf(good)}},
		"pinned, expired and for another name":   {cert: issue(t, nil, expired), pins: nil, code: "pin"},
		"trusted and pinned":                     {cert: good, by: ca, pins: []string{pinOf(good)}},
		"trusted, with another key":              {cert: good, by: ca, pins: []string{wrongPin}, code: fault.TargetPin, cause: "none of the 1 pinned keys"},
		"pinned, by another authority":           {cert: good, by: other, pins: []string{pinOf(good)}, code: fault.TargetUntrusted, cause: "not trusted here"},
		"by another authority":                   {cert: good, by: other, code: fault.TargetUntrusted, cause: "not trusted here"},
		"by nobody the system knows":             {cert: good, code: fault.TargetUntrusted, cause: "not trusted here"},
		"without its intermediate":               {cert: issue(t, between, nil), by: ca, code: fault.TargetUntrusted, cause: "not trusted here"},
		"expired":                                {cert: issue(t, ca, expired), by: ca, code: fault.TargetCertExpired, cause: "expired on " + time.Now().UTC().Add(-24*time.Hour).Format(time.DateOnly)},
		"not yet valid":                          {cert: issue(t, ca, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(24 * time.Hour) }), by: ca, code: fault.TargetCertExpired, cause: "valid only from"},
		"for another name":                       {cert: issue(t, ca, func(c *x509.Certificate) { c.IPAddresses = nil }), by: ca, code: fault.TargetCertName, cause: "does not carry the name"},
		"with a name in the common name only":    {cert: issue(t, ca, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, nil }), by: ca, code: fault.TargetCertName, cause: "only a common name"},
		"for clients":                            {cert: issue(t, ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), by: ca, code: fault.TargetUntrusted, cause: "cannot be verified"},
		"self-signed and trusted by itself":      {cert: issue(t, nil, nil), code: "self"},
		"signed by somebody who is no authority": {cert: issue(t, &authority{good.Leaf, good.PrivateKey.(*ecdsa.PrivateKey)}, nil), by: ca, code: fault.TargetUntrusted, cause: "not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := secure(serve(t, &tls.Config{Certificates: []tls.Certificate{*c.cert}}, hello))
			cfg.Pins, cfg.ServerName = c.pins, c.name
			if c.by != nil {
				cfg.CA = trusting(t, c.by.cert)
			}
			switch c.code {
			case "pin":
				cfg.Pins, cfg.ServerName, c.code = []string{pinOf(c.cert)}, "another.example", ""
			case "self":
				cfg.CA, c.code = trusting(t, c.cert.Leaf), ""
			}
			_, h, err := get(t, newTarget(t, cfg))
			if c.code != "" {
				isFault(t, err, c.code, c.cause)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Serial != "beef" || h.Issuer != c.cert.Leaf.Issuer.String() || len(h.Peer) != 64 {
				t.Errorf("the hop says %+v", h)
			}
		})
	}
}

func expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-24 * time.Hour) }

func TestAnExpiredAuthorityIsToldFromAnExpiredLeaf(t *testing.T) {
	ca := newAuthority(t, nil)
	old := newAuthority(t, ca, expired)
	leaf := issue(t, old, nil)
	leaf.Certificate = append(leaf.Certificate, old.cert.Raw)
	cfg := secure(serve(t, &tls.Config{Certificates: []tls.Certificate{*leaf}}, hello))
	cfg.CA = trusting(t, ca.cert)
	_, _, err := get(t, newTarget(t, cfg))
	isFault(t, err, fault.TargetCertExpired, "an authority above the target's")
}

// TestWeakSignatures uses an RSA-1024 key and SHA-1, as certificates of the 2000s have.
func TestWeakSignatures(t *testing.T) {
	s := legacyServer(t, legacy.Options{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		Certificate: legacy.Certificate{KeyBits: 1024, SHA1: true, DNSNames: []string{hostName}}})
	block, _ := pem.Decode(s.CertificatePEM())
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c := secure(s.Addr())
	c.MaxVersion, c.Suites, c.ServerName = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, hostName
	_, _, err = get(t, newTarget(t, c))
	isFault(t, err, fault.TargetCertWeak, "signed with SHA1-RSA")

	c.CA = trusting(t, leaf) // the certificate itself is the anchor: nothing hangs on its signature
	if _, _, err := get(t, newTarget(t, c)); err != nil {
		t.Error(err)
	}
	c.CA, c.Pins = "", []string{s.SPKIPin()}
	if _, _, err := get(t, newTarget(t, c)); err != nil {
		t.Error(err)
	}
}

// TestAResumedSessionIsVerifiedToo gives a target with another pin, and one with another
// clock, the session tickets of one that was served.
func TestAResumedSessionIsVerifiedToo(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cfg := trusted(t, &tls.Config{MinVersion: v, MaxVersion: v})
		first := newTarget(t, cfg)
		for range 2 {
			if _, _, err := get(t, first); err != nil {
				t.Fatal(err)
			}
			first.Close()
		}
		again := newTarget(t, cfg)
		again.tls.ClientSessionCache = first.tls.ClientSessionCache
		if _, h, err := get(t, again); err != nil || !h.Resumed || h.Serial != "beef" {
			t.Errorf("%s: got %v, %+v, want a resumed session", tls.VersionName(v), err, h)
		}
		cfg.Pins = []string{"sha256/" + strings.Repeat("A", 43) + "="}
		pinned := newTarget(t, cfg)
		pinned.tls.ClientSessionCache = first.tls.ClientSessionCache
		_, _, err := get(t, pinned)
		isFault(t, err, fault.TargetPin, "pinned")

		cfg.Pins = nil
		later := newTarget(t, cfg)
		later.tls.ClientSessionCache = first.tls.ClientSessionCache
		later.verify.now = func() time.Time { return time.Now().Add(72 * time.Hour) }
		_, _, err = get(t, later)
		isFault(t, err, fault.TargetCertExpired)
	}
}
