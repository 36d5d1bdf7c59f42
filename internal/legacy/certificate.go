package legacy

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// Certificate describes a self-signed RSA certificate. The zero value is an RSA-2048 one, signed with SHA-256, with
// HostName in the CN, no subject alternative name, and valid from yesterday for ten years.
type Certificate struct {
	// CommonName is the subject's and issuer's CN. Default HostName.
	CommonName string

	// DNSNames are the subject alternative names. Default: none, the extension is absent, and a modern client
	// refuses the certificate for every name.
	DNSNames []string

	// KeyBits is the size of the RSA key, in bits, at least 1024. Default 2048.
	KeyBits int

	// SHA1 signs with SHA-1 instead of SHA-256.
	SHA1 bool

	// NotBefore is when the certificate begins to be valid. Default: yesterday, or a year before NotAfter where
	// that is earlier than yesterday.
	NotBefore time.Time

	// NotAfter is when it ends. Default: ten years from now. A time that has passed makes an expired certificate.
	NotAfter time.Time
}

// issue makes the key and the certificate, as of now.
func (c Certificate) issue(now time.Time) (*tls.Certificate, error) {
	if c.CommonName == "" {
		c.CommonName = HostName
	}
	if c.KeyBits == 0 {
		c.KeyBits = 2048
	}
	if c.KeyBits < 1024 {
		return nil, fmt.Errorf("legacy: Certificate.KeyBits: %d is under 1024, the least that crypto/rsa makes", c.KeyBits)
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = now.AddDate(10, 0, 0)
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = now.AddDate(0, 0, -1)
		if !c.NotAfter.After(c.NotBefore) {
			c.NotBefore = c.NotAfter.AddDate(-1, 0, 0)
		}
	}
	algorithm := x509.SHA256WithRSA
	if c.SHA1 {
		algorithm = x509.SHA1WithRSA
	}

	key, err := rsa.GenerateKey(rand.Reader, c.KeyBits)
	if err != nil {
		return nil, fmt.Errorf("legacy: making the key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, fmt.Errorf("legacy: making the serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:       serial.Add(serial, big.NewInt(1)),
		Subject:            pkix.Name{CommonName: c.CommonName},
		DNSNames:           c.DNSNames,
		NotBefore:          c.NotBefore,
		NotAfter:           c.NotAfter,
		KeyUsage:           x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:        []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		SignatureAlgorithm: algorithm,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("legacy: signing the certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// describe returns the leaf in PEM and its pin, the SHA-256 of its SubjectPublicKeyInfo.
func describe(pair *tls.Certificate) (leafPEM []byte, pin string, err error) {
	if len(pair.Certificate) == 0 {
		return nil, "", fmt.Errorf("legacy: KeyPair: it has no certificate")
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, "", fmt.Errorf("legacy: KeyPair: %w", err)
	}
	sum := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	leafPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	return leafPEM, "sha256/" + base64.StdEncoding.EncodeToString(sum[:]), nil
}
