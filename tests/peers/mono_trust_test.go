//go:build linux

package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"path/filepath"
	"testing"
	"time"
)

// issue makes an ECDSA certificate. Without an issuer it is a root.
func issue(t *testing.T, name string, leaf bool, issuer *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: !leaf, KeyUsage: x509.KeyUsageCertSign,
	}
	if leaf {
		tmpl.KeyUsage, tmpl.DNSNames = x509.KeyUsageDigitalSignature, []string{name}
	}
	parent, signer := tmpl, any(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}
}

func TestMonoTrust(t *testing.T) {
	root := issue(t, "Root", false, nil)
	between := issue(t, "Between", false, root)
	leaf := issue(t, "localhost", true, between)
	ca := filepath.Join(t.TempDir(), "root.pem")
	writePEM(t, ca, "CERTIFICATE", root.Certificate[0])
	whole := tls.Certificate{Certificate: [][]byte{leaf.Certificate[0], between.Certificate[0]}, PrivateKey: leaf.PrivateKey}

	for _, c := range []struct {
		name   string
		pair   tls.Certificate
		ca     string
		sent   int
		errors string
	}{
		{"a full chain is accepted and counted", whole, ca, 2, ""},
		{"a chain without its intermediate is refused", *leaf, ca, 1, "RemoteCertificateChainErrors"},
		{"an unknown root is refused", whole, "", 2, "RemoteCertificateChainErrors"},
	} {
		for _, kind := range []string{HTTPWebRequest, HTTPClient, WCF} {
			t.Run(kind+": "+c.name, func(t *testing.T) {
				url := frontWith(t, envelope(200, "<R/>"), c.pair)
				a := Mono(t, MonoCall{Client: kind, URL: url, CA: c.ca})[0]
				if a.Certificates != c.sent || a.TrustErrors != c.errors {
					t.Errorf("%d certificates, errors %q", a.Certificates, a.TrustErrors)
				}
				if refused := a.Exception != ""; refused != (c.errors != "") {
					t.Errorf("got %+v", a)
				}
				if kind == HTTPWebRequest && c.errors != "" && a.WebStatus != "TrustFailure" {
					t.Errorf("WebException status %q", a.WebStatus)
				}
			})
		}
	}
}
