package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"twohop/internal/fault"
)

const (
	fixUnreadable = "correct the path, or let the broker's user read the file"
	fixChain      = "put the server certificate first, then each intermediate"
)

// pair is a certificate that can be served: chain and key that belong together.
type pair struct {
	cert  tls.Certificate
	chain []*x509.Certificate // the server certificate first; never empty
}

func (p *pair) leaf() *x509.Certificate { return p.chain[0] }

// names are the hosts that the certificate is for, lower case; the common name
// counts only where there are no others, as .NET Framework has it.
func (p *pair) names() []string {
	var names []string
	for _, n := range p.leaf().DNSNames {
		names = append(names, strings.ToLower(n))
	}
	for _, ip := range p.leaf().IPAddresses {
		names = append(names, ip.String())
	}
	if cn := p.leaf().Subject.CommonName; len(names) == 0 && cn != "" {
		names = append(names, strings.ToLower(cn))
	}
	return names
}

func (p *pair) info(source, file string) Info {
	sum := sha256.Sum256(p.leaf().Raw)
	return Info{
		Names:    p.names(),
		Source:   source,
		File:     file,
		Issuer:   p.leaf().Issuer.String(),
		NotAfter: p.leaf().NotAfter,
		Chain:    len(p.chain),
		SHA256:   hex.EncodeToString(sum[:]),
	}
}

// readPair returns the content of both files, or a *fault.Field for each that
// cannot be read.
func readPair(f File) (certPEM, keyPEM []byte, err error) {
	read := func(path, name, kind string) ([]byte, error) {
		if name == "" {
			return nil, &fault.Field{Path: path, What: "names no file", Fix: "set it to a PEM file with the " + kind}
		}
		data, err := readFile(name)
		if err != nil {
			return nil, &fault.Field{Path: path, What: "cannot be read: " + err.Error(), Fix: fixUnreadable}
		}
		return data, nil
	}
	certPEM, certErr := read("cert", f.Cert, "server certificate and its intermediates")
	keyPEM, keyErr := read("key", f.Key, "private key")
	return certPEM, keyPEM, errors.Join(certErr, keyErr)
}

// newPair checks that the content of f belongs together.
func newPair(f File, certPEM, keyPEM []byte) (*pair, error) {
	chain, err := parseChain(certPEM)
	if err != nil {
		return nil, &fault.Field{Path: "cert", What: f.Cert + " " + err.Error(), Fix: fixChain}
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, keyFault(f, chain, keyPEM, err)
	}
	p := &pair{cert: cert, chain: chain}
	p.cert.Leaf = chain[0]
	return p, nil
}

// check says what keeps callers from accepting p at now, whatever they trust.
func (p *pair) check(f File, now time.Time) error {
	switch leaf := p.leaf(); {
	case now.After(leaf.NotAfter):
		return &fault.Field{
			Path: "cert",
			What: fmt.Sprintf("%s expired at %s", f.Cert, stamp(leaf.NotAfter)),
			Fix:  "renew the certificate",
		}
	case now.Before(leaf.NotBefore):
		return &fault.Field{
			Path: "cert",
			What: fmt.Sprintf("%s is not valid before %s", f.Cert, stamp(leaf.NotBefore)),
			Fix:  "wait until then, or set this machine's clock",
		}
	case len(p.names()) == 0:
		return &fault.Field{
			Path: "cert",
			What: f.Cert + " names no host",
			Fix:  "have it issued with the host that callers use as its subject alternative name",
		}
	}
	return nil
}

// keyFault says what is wrong with the key, given that the chain is well formed
// and that crypto/tls refused the two together.
func keyFault(f File, chain []*x509.Certificate, keyPEM []byte, cause error) error {
	if bytes.Contains(keyPEM, []byte("ENCRYPTED")) {
		return &fault.Field{
			Path: "key",
			What: f.Key + " is encrypted with a passphrase",
			Fix:  "decrypt it with openssl pkey, and guard the file instead",
		}
	}
	if !bytes.Contains(keyPEM, []byte("PRIVATE KEY-----")) {
		return &fault.Field{
			Path: "key",
			What: f.Key + " holds no private key in PEM form",
			Fix:  "name the file with the certificate's private key",
		}
	}
	if !strings.Contains(cause.Error(), "does not match") {
		return &fault.Field{
			Path: "key",
			What: fmt.Sprintf("%s cannot be parsed: %s", f.Key, strings.TrimPrefix(cause.Error(), "tls: ")),
			Fix:  "name the file with the certificate's private key, as PKCS #8, PKCS #1 or SEC 1",
		}
	}
	owns := func(c *x509.Certificate) bool {
		_, err := tls.X509KeyPair(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: c.Raw}), keyPEM)
		return err == nil
	}
	if slices.ContainsFunc(chain[1:], owns) {
		return &fault.Field{
			Path: "cert",
			What: f.Cert + " does not begin with the server certificate",
			Fix:  fixChain,
		}
	}
	return &fault.Field{
		Path: "key",
		What: fmt.Sprintf("%s does not belong to the certificate in %s", f.Key, f.Cert),
		Fix:  "name the key that the certificate was issued for",
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
