package certs

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// Info describes one certificate that is being served.
type Info struct {
	Names    []string  // DNS names, then IP addresses
	Source   string    // "file" or "local"
	File     string    // where the certificate was read from
	Issuer   string    // distinguished name
	NotAfter time.Time // the server certificate's, not the chain's
	Chain    int       // certificates sent, the server certificate included
	SHA256   string    // fingerprint of the server certificate, lower-case hex
}

// Certificates returns what is served now, in the order of preference.
func (m *Manager) Certificates() []Info {
	m.door.RLock()
	defer m.door.RUnlock()
	all := slices.Clone(m.serving)
	for i := range all {
		all[i].Names = slices.Clone(all[i].Names)
	}
	return all
}

// entry is a pair with its place of origin.
type entry struct {
	pair *pair
	info Info
}

func entries(c Config, set *loaded, l *local) []entry {
	var all []entry
	for _, w := range set.files {
		all = append(all, entry{w.pair, w.info()})
	}
	if l != nil {
		all = append(all, entry{l.pair, l.info(c.Dir)})
	}
	return all
}

func (w *watched) info() Info { return w.pair.info("file", w.file.Cert) }

func (l *local) info(dir string) Info {
	return l.pair.info("local", filepath.Join(dir, localCert))
}

// serve puts the certificates of set and l into the cache in place of all others.
// The cache is emptied and filled again, with handshakes waiting some microseconds
// meanwhile, because it prefers what was added first: were a renewed certificate
// added behind the rest, a reload would change who wins where names overlap.
func (m *Manager) serve(ctx context.Context, c Config, set *loaded, l *local) error {
	all := entries(c, set, l)
	magic := newMagic(m.cache, c)
	infos := make([]Info, len(all))

	m.door.Lock()
	defer m.door.Unlock()
	var added []string
	for i, e := range all {
		hash, err := magic.CacheUnmanagedTLSCertificate(ctx, e.pair.cert, nil)
		if err != nil {
			// What the old set shares with the new was not added by this call.
			m.cache.Remove(slices.DeleteFunc(added, func(h string) bool { return slices.Contains(m.hashes, h) }))
			return fmt.Errorf("certs: %s: %w", e.info.File, err)
		}
		infos[i] = e.info
		added = append(added, hash)
	}
	if !slices.Equal(added, m.hashes) {
		m.cache.Remove(append(m.hashes, added...))
		for _, e := range all {
			// Took this very value a moment ago.
			_, _ = magic.CacheUnmanagedTLSCertificate(ctx, e.pair.cert, nil)
		}
	}
	m.magic.Store(magic)
	m.hashes, m.serving, m.fallback = added, infos, c.fallback(all)
	return nil
}

// newMagic returns a certmagic configuration that takes nothing from the package's
// defaults and calls nobody: closed networks have no OCSP responder.
func newMagic(cache *certmagic.Cache, c Config) *certmagic.Config {
	return certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: c.Dir},
		Issuers: []certmagic.Issuer{},
		OCSP:    certmagic.OCSPConfig{DisableStapling: true},
		Logger:  zap.NewNop(),
	})
}
