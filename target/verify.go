package target

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"twohop/internal/fault"
)

// verifier decides whether a target's certificate is the right one. It always
// decides: by pins, by an authority, or by both.
type verifier struct {
	pins  [][sha256.Size]byte
	roots *x509.CertPool // nil for the system's
	name  string
	now   func() time.Time
}

// check is a tls.Config.VerifyConnection: it runs before the key exchange. The
// handshake itself proves that the peer holds the leaf's key.
func (v *verifier) check(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return fault.New(fault.TargetUntrusted, "the target sent no certificate")
	}
	leaf := cs.PeerCertificates[0]
	if len(v.pins) > 0 && !v.pinned(leaf) {
		return fault.New(fault.TargetPin, "the target's key matches none of the %d pinned keys", len(v.pins)).Because(errors.New("its key is " + Pin(leaf)))
	}
	if len(v.pins) > 0 && v.roots == nil {
		return nil
	}
	intermediates := x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: v.name, Roots: v.roots, Intermediates: intermediates, CurrentTime: v.now()})
	return untrusted(err, cs.PeerCertificates, v.now())
}

func (v *verifier) pinned(leaf *x509.Certificate) bool {
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	for _, pin := range v.pins {
		if subtle.ConstantTimeCompare(pin[:], sum[:]) == 1 {
			return true
		}
	}
	return false
}

// untrusted names why a certificate was refused, without its names. crypto/x509 looks
// at the dates first, then at the name, and then for a way to an authority.
func untrusted(err error, chain []*x509.Certificate, now time.Time) error {
	leaf := chain[0]
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.Before(leaf.NotBefore):
		return fault.New(fault.TargetCertExpired, "the target's certificate is valid only from %s", leaf.NotBefore.UTC().Format(time.DateOnly)).Because(err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.After(leaf.NotAfter):
		return fault.New(fault.TargetCertExpired, "the target's certificate expired on %s", leaf.NotAfter.UTC().Format(time.DateOnly)).Because(err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fault.New(fault.TargetCertExpired, "the certificate of an authority above the target's is outside its dates").Because(err)
	case weakSignature(leaf):
		return fault.New(fault.TargetCertWeak, "the target's certificate is signed with %v, which proves nothing today", leaf.SignatureAlgorithm).Because(err)
	case errors.As(err, &name) && len(leaf.DNSNames)+len(leaf.IPAddresses) == 0:
		f := fault.New(fault.TargetCertName, "the target's certificate has only a common name and no subject alternative name")
		f.Fix = "The target's owner issues one with a subject alternative name; until then an admin pins its key with `tls.pins`."
		return f.Because(err)
	case errors.As(err, &name):
		return fault.New(fault.TargetCertName, "the target's certificate does not carry the name that the route expects").Because(err)
	case slices.ContainsFunc(chain[1:], func(c *x509.Certificate) bool { return weakSignature(c) && !selfSigned(c) }):
		return fault.New(fault.TargetCertWeak, "the certificate of an authority above the target's is signed with an algorithm that proves nothing today").Because(err)
	case errors.As(err, &unknown):
		return fault.New(fault.TargetUntrusted, "the target's certificate is signed by an authority that is not trusted here").Because(err)
	}
	return fault.New(fault.TargetUntrusted, "the target's certificate cannot be verified").Because(err)
}

func weakSignature(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// selfSigned reports whether a certificate stands for itself, so that its signature
// says nothing.
func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// Pin returns the pin of a certificate's public key, as routes.yaml writes it.
func Pin(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return "sha256/" + base64.StdEncoding.EncodeToString(sum[:])
}
