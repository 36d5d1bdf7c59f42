//go:build linux

package peers

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Server is a peer that listens: all that a route to it has to name.
type Server struct {
	Addr    string // 127.0.0.1:port
	SPKIPin string // "sha256/BASE64" of the leaf's SubjectPublicKeyInfo
	CertPEM string // path of the leaf certificate
}

// Identity is a server's certificate and key, as files.
type Identity struct {
	CertPEM string // path
	KeyPEM  string // path
	SPKIPin string // as in Server
}

// LegacyIdentity makes what servers of twenty years ago present: RSA-1024, signed with
// SHA-1, self-signed, and named by its common name only (legacy.example).
func LegacyIdentity(t testing.TB) *Identity {
	t.Helper()
	return selfSigned(t, 1024, &x509.Certificate{
		Subject:            pkix.Name{CommonName: "legacy.example"},
		SignatureAlgorithm: x509.SHA1WithRSA,
	})
}

// ModernIdentity makes a certificate that crypto/x509 and Mono accept once it is trusted:
// RSA-2048, SHA-256, self-signed, for localhost and 127.0.0.1.
func ModernIdentity(t testing.TB) *Identity {
	t.Helper()
	return selfSigned(t, 2048, &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		SignatureAlgorithm:    x509.SHA256WithRSA,
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
}

func selfSigned(t testing.TB, bits int, tmpl *x509.Certificate) *Identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatalf("peers: make a key of %d bits: %v", bits, err)
	}
	tmpl.SerialNumber = big.NewInt(time.Now().UnixNano())
	tmpl.NotBefore = time.Now().Add(-time.Hour)
	tmpl.NotAfter = time.Now().Add(24 * time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatalf("peers: make a certificate: %v", err)
	}
	dir := t.TempDir()
	id := &Identity{
		CertPEM: filepath.Join(dir, "cert.pem"),
		KeyPEM:  filepath.Join(dir, "key.pem"),
	}
	writePEM(t, id.CertPEM, "CERTIFICATE", der)
	writePEM(t, id.KeyPEM, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	id.SPKIPin = pinOf(t, id.CertPEM)
	return id
}

func (id *Identity) server(addr string) Server {
	return Server{Addr: addr, SPKIPin: id.SPKIPin, CertPEM: id.CertPEM}
}

// pinOf reads the first certificate of a PEM file, which may be of any age.
func pinOf(t testing.TB, certPEM string) string {
	t.Helper()
	text, err := os.ReadFile(certPEM)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("peers: %s holds no PEM block", certPEM)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("peers: %s: %v", certPEM, err)
	}
	return pin(cert)
}

func pin(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return fmt.Sprintf("sha256/%s", base64.StdEncoding.EncodeToString(sum[:]))
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	writeFile(t, path, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("peers: %v", err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatalf("peers: %v", err)
	}
}
