package certs

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"twohop/internal/durable"
	"twohop/internal/fault"
)

// The files in Config.Dir.
const (
	caCert    = "local-ca.pem"
	caKey     = "local-ca.key"
	localCert = "local.pem"
	localKey  = "local.key"
)

// local is the certificate that the local CA issued.
type local struct {
	pair *pair  // leaf and CA
	made string // why there is a new CA, "" if there is none
}

// due reports whether openLocal would now do more than read.
func (l *local) due(now time.Time) bool {
	return l == nil || pastHalf(l.pair.leaf(), now) || spent(l.pair.chain[1], now)
}

// pastHalf is the time to renew: what is left must outlast a broker that is down,
// or a disk that is full, for days.
func pastHalf(c *x509.Certificate, now time.Time) bool {
	return now.After(c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 2))
}

// spent reports whether a CA's end is so near that a new certificate would outlive it.
func spent(ca *x509.Certificate, now time.Time) bool {
	return ca.NotAfter.Sub(now) < leafLife
}

// openLocal reads the local CA and its certificate from dir, and makes what is
// missing or no longer good.
// If it fails, the CA is the old one, or the next call replaces it and says so.
func openLocal(dir string, hosts []string, now time.Time) (*local, error) {
	hosts = normalise(hosts)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, dirFault(err)
	}
	ca, made, err := openCA(dir, hosts, now)
	if err != nil {
		return nil, dirFault(err)
	}
	l := &local{made: made}
	if made == "" {
		if l.pair = openLeaf(dir, ca.cert, hosts, now); l.pair != nil {
			return l, nil
		}
	}
	leaf, err := ca.issue(hosts, now)
	if err != nil {
		return nil, fmt.Errorf("local CA: cannot sign: %w", err)
	}
	certPEM := append(leaf.certPEM(), ca.certPEM()...)
	keyPEM, err := save(dir, localCert, localKey, certPEM, leaf)
	if err != nil {
		return nil, dirFault(err)
	}
	if made != "" {
		// Last: once it stands, nothing can fail and leave the new CA untold.
		if _, err := save(dir, caCert, caKey, ca.certPEM(), ca); err != nil {
			return nil, dirFault(err)
		}
	}
	l.pair, err = newPair(localFile(dir), certPEM, keyPEM)
	return l, err
}

// openCA returns the CA in dir, or a new one, not saved yet, and the reason for it.
func openCA(dir string, hosts []string, now time.Time) (ca *issuer, made string, err error) {
	p, err := readLocal(dir, caCert, caKey)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		made = "there was none, or a part of it is gone"
	case errors.As(err, new(*fs.PathError)):
		// A CA that cannot be read, for want of permission perhaps, is still
		// trusted by callers: writing over it would cut them off.
		return nil, "", err
	case err != nil:
		made = "the one on disk cannot be used: " + fault.Fields(err)[0].What
	case now.Before(p.leaf().NotBefore):
		// The clock is wrong, as after a start without a battery. A new CA would
		// cost every caller's trust and be of no use once the clock is set.
		return nil, "", fmt.Errorf("%s is not valid before %s, so this machine's clock is slow",
			filepath.Join(dir, caCert), stamp(p.leaf().NotBefore))
	case !p.leaf().IsCA || !fits(p.leaf(), hosts):
		made = "the hosts changed, and the one on disk cannot sign for them"
	case spent(p.leaf(), now):
		made = "the one on disk was at or near its end"
	default:
		return &issuer{cert: p.leaf(), key: p.cert.PrivateKey.(crypto.Signer)}, "", nil
	}
	ca, err = newCA(hosts, now)
	return ca, made, err
}

// openLeaf returns the certificate in dir, or nil if a new one is to be made.
func openLeaf(dir string, ca *x509.Certificate, hosts []string, now time.Time) *pair {
	p, err := readLocal(dir, localCert, localKey)
	if err != nil || len(p.chain) != 2 || !p.chain[1].Equal(ca) || !issued(ca, p.leaf()) {
		return nil
	}
	if now.Before(p.leaf().NotBefore) || pastHalf(p.leaf(), now) {
		return nil
	}
	has, want := p.names(), slices.Clone(hosts)
	slices.Sort(has)
	slices.Sort(want)
	if !slices.Equal(has, want) {
		return nil
	}
	return p
}

func readLocal(dir, cert, key string) (*pair, error) {
	f := File{Cert: filepath.Join(dir, cert), Key: filepath.Join(dir, key)}
	certPEM, err := readFile(f.Cert)
	if err != nil {
		return nil, err
	}
	keyPEM, err := readFile(f.Key)
	if err != nil {
		return nil, err
	}
	return newPair(f, certPEM, keyPEM)
}

// save writes the key first: a certificate without its key would be of no use.
func save(dir, cert, key string, certPEM []byte, i *issuer) (keyPEM []byte, err error) {
	if keyPEM, err = i.keyPEM(); err != nil {
		return nil, err
	}
	if err := durable.WriteFile(filepath.Join(dir, key), keyPEM, 0o600); err != nil {
		return nil, err
	}
	return keyPEM, durable.WriteFile(filepath.Join(dir, cert), certPEM, 0o644)
}

func localFile(dir string) File {
	return File{Cert: filepath.Join(dir, localCert), Key: filepath.Join(dir, localKey)}
}

func dirFault(err error) error {
	return &fault.Field{
		Path: "dir",
		What: "the local CA cannot be kept: " + err.Error(),
		Fix:  "name a directory that the broker's user can write",
	}
}
