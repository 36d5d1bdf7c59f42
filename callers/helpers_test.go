package callers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var today = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// pair is a certificate with its key.
type pair struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// issue makes a client certificate that is valid for a day around today, changed by
// edit; without an authority it signs itself.
func issue(t testing.TB, by *pair, edit func(*x509.Certificate)) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	c := &x509.Certificate{SerialNumber: serial, NotBefore: today.Add(-12 * time.Hour), NotAfter: today.Add(12 * time.Hour),
		Subject:  pkix.Name{CommonName: "edi-gw-01", Organization: []string{"Contoso, Ltd"}, OrganizationalUnit: []string{"EDI", "Gateways"}},
		DNSNames: []string{"edi-gw-01.contoso.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if edit != nil {
		edit(c)
	}
	if by == nil {
		by = &pair{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.Certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &pair{made, key}
}

func authority(t testing.TB, by *pair) *pair {
	return issue(t, by, func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "authority " + rand.Text()}
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		c.NotAfter = today.AddDate(1, 0, 0)
	})
}

func write(t testing.TB, certs ...*pair) string {
	t.Helper()
	var data []byte
	for _, c := range certs {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func shown(chain ...*pair) *tls.ConnectionState {
	cs := &tls.ConnectionState{}
	for _, c := range chain {
		cs.PeerCertificates = append(cs.PeerCertificates, c.Certificate)
	}
	return cs
}

func newSet(t testing.TB, now func() time.Time, configs ...Config) *Set {
	t.Helper()
	s, err := New(configs, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func constant() time.Time { return today }
