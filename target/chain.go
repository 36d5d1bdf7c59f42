package target

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"twohop/internal/fault"
)

// Certificate is one certificate of a chain, and what is weak in it.
type Certificate struct {
	Subject, Issuer, Key, Signature string
	NotBefore, NotAfter             time.Time
	Names                           []string
	SHA256                          string
	Weak                            []string
}

// describe puts the chain into the report; that of the highest version stays.
func (r *Report) describe(chain []*x509.Certificate, v verifier, now time.Time) {
	if len(chain) == 0 {
		return
	}
	r.Chain, r.Trust, r.Pin = nil, "", Pin(chain[0])
	var f *fault.Fault
	if err := v.check(tls.ConnectionState{PeerCertificates: chain}); errors.As(err, &f) {
		r.Trust = f.Cause
	}
	for i, c := range chain {
		sum := sha256.Sum256(c.Raw)
		d := Certificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Key: keyName(c), Signature: c.SignatureAlgorithm.String(),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, Names: c.DNSNames, SHA256: hex.EncodeToString(sum[:])}
		for _, ip := range c.IPAddresses {
			d.Names = append(d.Names, ip.String())
		}
		if weakSignature(c) && (i == 0 || !selfSigned(c)) {
			d.Weak = append(d.Weak, "signed with "+d.Signature)
		}
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
			d.Weak = append(d.Weak, "key under 2048 bits")
		}
		if i == 0 && len(d.Names) == 0 {
			d.Weak = append(d.Weak, "common name only")
		}
		if now.Before(c.NotBefore) {
			d.Weak = append(d.Weak, "not yet valid")
		}
		if now.After(c.NotAfter) {
			d.Weak = append(d.Weak, "expired")
		}
		r.Chain = append(r.Chain, d)
	}
}

func keyName(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return c.PublicKeyAlgorithm.String()
}
