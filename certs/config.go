// Package certs holds the certificates that the broker shows to its callers: PEM
// pairs kept by someone else and watched for changes, or the leaf of a small local
// CA. A certmagic cache holds them and picks the one for each handshake.
package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"twohop/internal/fault"
)

// Config says where the front door's certificates come from.
type Config struct {
	// Files are PEM pairs. Where two certificates carry the same name, the first
	// that the caller can use is sent, and Files come before the local CA.
	Files []File

	// TrustedRoots is a PEM file of the private roots that callers trust. It tells
	// a complete chain from one that lacks an intermediate, and changes nothing on
	// the wire. Default: the system's roots.
	TrustedRoots string

	// Local makes a local CA on first use, and a certificate for Hosts from it.
	// Callers must be told to trust Dir/local-ca.pem. Default: false.
	Local bool

	// Dir is where the local CA and certmagic keep their files. It is created with
	// mode 0700 and belongs to one broker. Required with Local.
	Dir string

	// Hosts are the DNS names and IP addresses that callers use, without a port.
	// The local CA can sign for nothing else, and its certificate names them all.
	// Required with Local.
	Hosts []string

	// Default is the server name assumed for callers that send none, or one that no
	// certificate carries. Default: the first of Hosts that a certificate carries,
	// or else the first name of the first certificate.
	Default string
}

// File is one certificate and its private key, both in PEM. The two may be one file.
type File struct {
	// Cert holds the server certificate first, then each intermediate: F&O fails
	// without the full chain.
	Cert string
	// Key holds the private key, not encrypted.
	Key string
}

// Validate returns every mistake that would keep the certificates from being
// served, joined, each a *fault.Field. It reads the files and writes nothing; in
// particular it does not make the local CA. It goes by the system's clock.
func (c Config) Validate() error {
	_, err := c.load(time.Now())
	return err
}

// loaded is what a Config names, read once, so that what was checked is what is served.
type loaded struct {
	files []*watched
	roots *x509.CertPool // nil for the system's roots
}

func (c Config) load(now time.Time) (*loaded, error) {
	var errs []error
	if len(c.Files) == 0 && !c.Local {
		errs = append(errs, &fault.Field{
			What: "no certificates",
			Fix:  "name PEM pairs under files, or set local for a local CA",
		})
	}
	l := new(loaded)
	for i, f := range c.Files {
		w, err := watch(f, fmt.Sprintf("files[%d]", i), now)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		l.files = append(l.files, w)
	}
	var err error
	if l.roots, err = readRoots(c.TrustedRoots); err != nil {
		errs = append(errs, err)
	}
	if c.Local && c.Dir == "" {
		errs = append(errs, &fault.Field{
			Path: "dir",
			What: "the local CA has no directory",
			Fix:  "name one that only the broker can read",
		})
	}
	if c.Local && len(c.Hosts) == 0 {
		errs = append(errs, &fault.Field{
			Path: "hosts",
			What: "the local CA has no hosts",
			Fix:  "list the DNS names and IP addresses that callers use",
		})
	}
	for i, h := range c.Hosts {
		if _, err := parseHost(h); err != nil {
			errs = append(errs, under(fmt.Sprintf("hosts[%d]", i), err))
		}
	}
	// A missing certificate is reported already; "default" would only echo it.
	if len(errs) == 0 {
		errs = append(errs, c.checkDefault(l.files))
	}
	return l, errors.Join(errs...)
}

func (c Config) checkDefault(files []*watched) error {
	if c.Default == "" {
		return nil
	}
	host, err := parseHost(c.Default)
	if err != nil {
		return under("default", err)
	}
	if c.Local && carries(normalise(c.Hosts), host) {
		return nil
	}
	for _, w := range files {
		if carries(w.pair.names(), host) {
			return nil
		}
	}
	return &fault.Field{
		Path: "default",
		What: fmt.Sprintf("no certificate carries the name %q", c.Default),
		Fix:  "use a name that one of the certificates carries",
	}
}

// fallback is the name assumed for a caller that names no host we know.
func (c Config) fallback(all []entry) string {
	for _, h := range append([]string{c.Default}, c.Hosts...) {
		host, err := parseHost(h)
		if err != nil {
			continue
		}
		for _, e := range all {
			if carries(e.pair.names(), host) {
				return host
			}
		}
	}
	return all[0].pair.names()[0]
}

// under puts the mistakes in err below path.
func under(path string, err error) error {
	var errs []error
	for _, f := range fault.Fields(err) {
		g := *f
		g.Path = path
		if f.Path != "" {
			g.Path += "." + f.Path
		}
		errs = append(errs, &g)
	}
	return errors.Join(errs...)
}
