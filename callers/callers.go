// Package callers tells who is calling: by an API key, a client certificate, or both.
package callers

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"twohop/internal/fault"
)

// Header carries the API key.
const Header = "X-Api-Key"

// Challenge is the WWW-Authenticate value of a 401 (RFC 9110, section 11.6.1).
const Challenge = `ApiKey realm="twohop", header="X-Api-Key"`

// Config is one caller. Each credential given must be shown.
type Config struct {
	Name      string
	KeySHA256 string // SHA-256 of the API key, hex; "" for none
	CA        string // PEM file of the authorities of client certificates; "" for none
	Subject   string // attributes that the certificate's subject must have: "CN=a,O=b"; a comma in a value is written \,
	DNS       string // DNS name that the certificate must carry as it stands; a wildcard does not stand for it
}

// Identity is who calls.
type Identity struct {
	Name       string
	By         string // api_key, client_certificate, or both with a +
	Credential string // fingerprint of what was shown, for the audit record
}

// Set is the callers of a configuration. It is immutable but for its cache, and safe
// for concurrent use.
type Set struct {
	now      func() time.Time
	byKey    map[[sha256.Size]byte]*caller
	byCert   []*caller // those that need no key
	anyCerts bool

	mu    sync.Mutex
	cache map[[sha256.Size]byte]verdict // by certificate chain
}

type caller struct {
	name string
	cert *certRule // nil for none
}

// New reads the callers. The error joins *fault.Field values whose paths start with
// the caller's name.
func New(configs []Config, now func() time.Time) (*Set, error) {
	s := &Set{now: now, byKey: map[[sha256.Size]byte]*caller{}, cache: map[[sha256.Size]byte]verdict{}}
	var errs []error
	for _, c := range configs {
		x := &caller{name: c.Name}
		if c.CA != "" {
			rule, err := newCertRule(c)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			x.cert, s.anyCerts = rule, true
		}
		if c.KeySHA256 == "" {
			s.byCert = append(s.byCert, x)
			continue
		}
		raw, err := hex.DecodeString(c.KeySHA256)
		if err != nil || len(raw) != sha256.Size {
			errs = append(errs, &fault.Field{Path: c.Name + ".api_key.sha256", What: "is not a SHA-256 in hex", Fix: "run `twohop caller key new`"})
			continue
		}
		sum := [sha256.Size]byte(raw)
		if first := s.byKey[sum]; first != nil {
			errs = append(errs, &fault.Field{Path: c.Name + ".api_key.sha256", What: "is also the key of caller " + first.name, Fix: "make a key of its own for each caller"})
			continue
		}
		s.byKey[sum] = x
	}
	return s, errors.Join(errs...)
}

// WantsCertificates reports whether the front door should ask for client certificates.
func (s *Set) WantsCertificates() bool { return s.anyCerts }

// Identify tells who shows key ("" for none) on a connection with state cs (nil
// without TLS). Without any credential it returns the zero Identity. A credential
// that fits nobody is a *fault.Fault that does not tell what was wrong with it.
func (s *Set) Identify(key string, cs *tls.ConnectionState) (Identity, error) {
	var leaf *x509.Certificate
	if cs != nil && len(cs.PeerCertificates) > 0 {
		leaf = cs.PeerCertificates[0]
	}
	if key != "" {
		// The lookup's time depends on the hash of what was sent, not on the keys.
		sum := sha256.Sum256([]byte(key))
		x := s.byKey[sum]
		switch {
		case x == nil:
			return Identity{}, unknown("the API key belongs to no caller")
		case x.cert == nil:
			return Identity{x.name, "api_key", fingerprint(sum)}, nil
		case leaf == nil || !s.fits(cs.PeerCertificates, x):
			return Identity{}, unknown("the caller of this API key must show its client certificate too")
		}
		return Identity{x.name, "api_key+client_certificate", fingerprint(sha256.Sum256(leaf.Raw))}, nil
	}
	if leaf == nil {
		return Identity{}, nil
	}
	for _, x := range s.byCert {
		if s.fits(cs.PeerCertificates, x) {
			return Identity{x.name, "client_certificate", fingerprint(sha256.Sum256(leaf.Raw))}, nil
		}
	}
	return Identity{}, unknown("the client certificate belongs to no caller")
}

func unknown(cause string) *fault.Fault { return fault.New(fault.BadCredential, "%s", cause) }

// fingerprint shortens a hash to what tells credentials apart in a log.
func fingerprint(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:8]) }

// keyPrefix marks twohop's keys, so that scanners for leaked secrets find them.
const keyPrefix = "twohop_"

// NewKey returns a new API key with 256 bits from the system's randomness, and the
// hash that stands for it in routes.yaml.
func NewKey() (key, hash string) {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails (crypto/rand, Go 1.24)
	key = keyPrefix + base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(key))
	return key, hex.EncodeToString(sum[:])
}
