package callers

import (
	"crypto/sha256"
	"crypto/x509"
	"time"
)

// verdict remembers which callers a certificate chain stands for, and until when.
type verdict struct {
	fits  map[*caller]bool
	until time.Time
}

const (
	cacheSize = 1024 // chains
	cacheTime = 5 * time.Minute
)

// fits reports whether the chain that was shown satisfies x's rule, now.
func (s *Set) fits(chain []*x509.Certificate, x *caller) bool {
	// The whole chain, because it may lack the way to an authority once and not later.
	h := sha256.New()
	for _, c := range chain {
		h.Write(c.Raw) // DER says its own length
	}
	key, now := [sha256.Size]byte(h.Sum(nil)), s.now()
	s.mu.Lock()
	v, ok := s.cache[key]
	s.mu.Unlock()
	if !ok || now.After(v.until) {
		v = s.judge(chain, now)
		s.mu.Lock()
		if len(s.cache) >= cacheSize {
			clear(s.cache)
		}
		s.cache[key] = v
		s.mu.Unlock()
	}
	return v.fits[x]
}

// judge asks every rule, once for all callers.
func (s *Set) judge(chain []*x509.Certificate, now time.Time) verdict {
	v := verdict{map[*caller]bool{}, now.Add(cacheTime)}
	if begins := chain[0].NotBefore; now.Before(begins) && begins.Before(v.until) {
		v.until = begins
	}
	ask := func(x *caller) {
		if x.cert == nil {
			return
		}
		ok, until := x.cert.fits(chain, now)
		if v.fits[x] = ok; ok && until.Before(v.until) {
			v.until = until
		}
	}
	for _, x := range s.byCert {
		ask(x)
	}
	for _, x := range s.byKey {
		ask(x)
	}
	return v
}
