package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"twohop/internal/fault"
)

const blockType = "CERTIFICATE"

// parseChain returns every certificate in data, in the order of the file. Other
// blocks are passed over, as crypto/tls does. A block that is cut short is an
// error: pem.Decode leaves it out silently, and a half-copied chain would then be
// served without its intermediate. The error completes a sentence about the file.
func parseChain(data []byte) ([]*x509.Certificate, error) {
	begun := bytes.Count(data, []byte("-----BEGIN "+blockType+"-----"))
	var chain []*x509.Certificate
	for rest := data; ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != blockType {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("holds a certificate (number %d) that cannot be parsed: %w", len(chain)+1, err)
		}
		chain = append(chain, c)
	}
	switch {
	case len(chain) < begun:
		return nil, fmt.Errorf("is damaged or cut short: %d of its %d certificates are whole", len(chain), begun)
	case len(chain) == 0 && bytes.Contains(data, []byte("PRIVATE KEY-----")):
		return nil, fmt.Errorf("holds a private key but no certificate")
	case len(chain) == 0:
		return nil, fmt.Errorf("holds no certificate in PEM form")
	}
	return chain, nil
}

// readFile reads a PEM file without the byte order mark that Windows editors put
// in front: encoding/pem does not see the first block behind it.
func readFile(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), err
}

// readRoots returns nil, for the system's roots, if name is empty.
func readRoots(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	const path = "trusted_roots"
	data, err := readFile(name)
	if err != nil {
		return nil, &fault.Field{Path: path, What: "cannot be read: " + err.Error(), Fix: fixUnreadable}
	}
	roots, err := parseChain(data)
	if err != nil {
		return nil, &fault.Field{
			Path: path,
			What: name + " " + err.Error(),
			Fix:  "put in the root certificates that callers trust, in PEM",
		}
	}
	pool := x509.NewCertPool()
	for _, r := range roots {
		pool.AddCert(r)
	}
	return pool, nil
}
