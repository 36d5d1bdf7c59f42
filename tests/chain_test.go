//go:build linux

package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// chain is a root, an intermediate and leaves below it, as a public CA has, in PEM.
type chain struct {
	root, between, leaf, key string

	signer *authority
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newChain makes a root, an intermediate and a leaf for name.
func newChain(t testing.TB, name string) *chain {
	t.Helper()
	root, rootPEM, _ := issue(t, nil, &x509.Certificate{Subject: pkix.Name{CommonName: "Test Root"}, IsCA: true})
	between, betweenPEM, _ := issue(t, root, &x509.Certificate{Subject: pkix.Name{CommonName: "Test Intermediate"}, IsCA: true})
	c := &chain{root: rootPEM, between: betweenPEM, signer: between}
	c.leaf, c.key = c.server(t, name)
	return c
}

// NewWithChain prepares a broker that has its certificate, with an intermediate, from
// files. Its callers trust the root.
func NewWithChain(t testing.TB, config string) *Broker {
	t.Helper()
	c := newChain(t, "localhost")
	b := New(t, "certificates: {files: [{cert: chain.pem, key: key.pem}], trusted_roots: root.pem}\n"+config)
	b.CA = b.WriteFile("root.pem", c.root)
	b.WriteFile("chain.pem", c.leaf+c.between)
	b.WriteFile("key.pem", c.key)
	return b
}

// server makes a server certificate and its key.
func (c *chain) server(t testing.TB, name string) (cert, key string) {
	t.Helper()
	_, cert, key = issue(t, c.signer, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return cert, key
}

// client makes a client certificate and its key.
func (c *chain) client(t testing.TB, name, organization string) (cert, key string) {
	t.Helper()
	_, cert, key = issue(t, c.signer, &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{organization}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return cert, key
}

func issue(t testing.TB, by *authority, tmpl *x509.Certificate) (a *authority, certPEM, keyPEM string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if tmpl.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		t.Fatal(err)
	}
	tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(0, 2, 0)
	tmpl.BasicConstraintsValid = true
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	if tmpl.IsCA {
		tmpl.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	if by == nil {
		by = &authority{tmpl, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}
