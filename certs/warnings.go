package certs

import (
	"crypto/ed25519"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"twohop/internal/fault"
)

// nearEnd is how long before its end a certificate is warned of.
const nearEnd = 30 * 24 * time.Hour

// Warnings returns what does not keep the certificates from being served but will
// trouble callers, now or soon: a chain that is incomplete or out of order, a
// certificate that ends within 30 days of now, a host that no certificate covers.
// Files that Validate finds fault with are passed over. It reads the files and
// writes nothing.
func (c Config) Warnings(now time.Time) []*fault.Field {
	var all []*fault.Field
	roots, rootsErr := readRoots(c.TrustedRoots)
	var pairs []*pair
	for i, f := range c.Files {
		w, err := watch(f, fmt.Sprintf("files[%d]", i), now)
		if err != nil {
			continue
		}
		pairs = append(pairs, w.pair)
		if rootsErr == nil {
			all = append(all, w.warnings(c, roots, now)...)
		}
	}
	if c.Local {
		return append(all, warnLocal(c.Dir, now)...)
	}
	for i, h := range c.Hosts {
		host, err := parseHost(h)
		if err != nil || slices.ContainsFunc(pairs, func(p *pair) bool { return p.leaf().VerifyHostname(host) == nil }) {
			continue
		}
		all = append(all, &fault.Field{
			Path: fmt.Sprintf("hosts[%d]", i),
			What: fmt.Sprintf("no certificate covers %q", h),
			Fix:  "add one that has it as a subject alternative name, or take the host out",
		})
	}
	return all
}

// warnings are those of one file.
func (w *watched) warnings(c Config, roots *x509.CertPool, now time.Time) []*fault.Field {
	var all []*fault.Field
	warn := func(fix, what string, args ...any) {
		all = append(all, &fault.Field{
			Path: w.path + ".cert",
			What: w.file.Cert + " " + fmt.Sprintf(what, args...),
			Fix:  fix,
		})
	}
	chain := w.pair.chain
	if _, ok := w.pair.leaf().PublicKey.(ed25519.PublicKey); ok {
		warn("have an ECDSA P-256 or RSA certificate issued", "has an Ed25519 key, which .NET Framework callers cannot use")
	}
	expired := false
	for i, cert := range chain {
		left := cert.NotAfter.Sub(now)
		kind := "the server certificate"
		if i > 0 {
			kind = fmt.Sprintf("certificate %d, %q,", i+1, cert.Subject.CommonName)
		}
		switch {
		case left < 0:
			expired = true
			warn("ask the issuer for its present intermediate", "holds an expired certificate: %s ended at %s", kind, stamp(cert.NotAfter))
		case left < nearEnd:
			warn("renew it", "is near its end: %s ends at %s, in %d days", kind, stamp(cert.NotAfter), int(left/(24*time.Hour)))
		}
	}
	for i := range len(chain) - 1 {
		if !issued(chain[i+1], chain[i]) {
			warn("put each issuer right after the certificate that it issued",
				"is out of order: certificate %d, %q, was not issued by certificate %d, %q",
				i+1, chain[i].Subject.CommonName, i+2, chain[i+1].Subject.CommonName)
			break
		}
	}
	if expired {
		return all // the chain cannot be verified, and why has been said
	}
	where := "the system's roots"
	if c.TrustedRoots != "" {
		where = "a root in " + c.TrustedRoots
	}
	complete, err := w.pair.verify(roots, now)
	switch {
	case complete:
	case issued(w.pair.leaf(), w.pair.leaf()):
		warn("have it issued by a CA that callers trust, or set trusted_roots to it",
			"is self-signed and not among %s", where)
	case err == nil || len(chain) == 1:
		warn("append its intermediates, or set trusted_roots if a private root issued it",
			"lacks an intermediate and does not reach %s: F&O fails without the full chain", where)
	default:
		warn("append the missing intermediate, or set trusted_roots to the private root",
			"does not reach %s: %s", where, err)
	}
	return all
}

// verify reports whether a caller that trusts roots needs nothing but the file.
func (p *pair) verify(roots *x509.CertPool, now time.Time) (complete bool, err error) {
	given := x509.NewCertPool()
	for _, c := range p.chain[1:] {
		given.AddCert(c)
	}
	found, err := p.leaf().Verify(x509.VerifyOptions{Roots: roots, Intermediates: given, CurrentTime: now})
	return slices.ContainsFunc(found, p.sends), err
}

// sends reports whether path, from leaf to root, needs no intermediate that is not
// sent. Windows and macOS complete chains from stores that the caller may not have.
func (p *pair) sends(path []*x509.Certificate) bool {
	for i := 1; i < len(path)-1; i++ {
		if !slices.ContainsFunc(p.chain, path[i].Equal) {
			return false
		}
	}
	return true
}

func issued(by, cert *x509.Certificate) bool {
	return string(cert.RawIssuer) == string(by.RawSubject) && by.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
}

func warnLocal(dir string, now time.Time) []*fault.Field {
	data, err := readFile(filepath.Join(dir, caCert))
	if err != nil {
		return nil // not made yet
	}
	chain, err := parseChain(data)
	if err != nil || chain[0].NotAfter.Sub(now) >= nearEnd {
		return nil
	}
	return []*fault.Field{{
		Path: "local",
		What: fmt.Sprintf("the local CA ends at %s and is replaced %d days before", stamp(chain[0].NotAfter), int(leafLife/(24*time.Hour))),
		Fix:  "plan to hand the new " + filepath.Join(dir, caCert) + " to every caller then",
	}}
}
