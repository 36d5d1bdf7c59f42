// Package target is the second hop: it reaches a service over plain HTTP or any TLS
// version that crypto/tls speaks, under a policy that is the target's alone, and
// explains every failure.
package target

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"twohop/internal/fault"
)

// Config says how a target is reached. Two equal configs share their connections.
type Config struct {
	Scheme string // http or https
	Host   string // host:port to connect to

	MinVersion, MaxVersion uint16        // TLS versions offered, as crypto/tls numbers them
	Suites                 []uint16      // offered up to TLS 1.2; nil for crypto/tls's default
	Curves                 []tls.CurveID // key exchange groups; nil for crypto/tls's default
	CA                     string        // PEM file of the authorities; "" for the system's
	ServerName             string        // SNI and the name verified; "" for the host
	Pins                   []string      // sha256/BASE64 of the leaf's public key; without CA they are the whole verification

	Via           string // CONNECT proxy, http://[user:password@]host:port; "" for none. A secret.
	SourceAddress string // IP address to call from; "" for the system's choice

	Connect   time.Duration // limit for the TCP connection, DNS and Via included
	Handshake time.Duration // limit for the TLS handshake

	MaxConnections int           // at a time, of one age; 0 for no limit
	Idle           time.Duration // an unused connection is closed after this
	Age            time.Duration // connections are retired after this, so that DNS is asked again
}

// settings is a Config that was checked and read.
type settings struct {
	Config
	tls    *tls.Config // nil for plain HTTP
	via    *url.URL
	source net.Addr
	verify verifier
}

// read checks c and loads the files that it names. The error joins *fault.Field
// values whose paths are keys of a target in routes.yaml.
func (c Config) read(now func() time.Time) (*settings, error) {
	s := &settings{Config: c, verify: verifier{now: now, name: c.ServerName}}
	var errs []error
	bad := func(path, what, fix string) {
		errs = append(errs, &fault.Field{Path: path, What: what, Fix: fix})
	}
	host, _, err := net.SplitHostPort(c.Host)
	if err != nil {
		bad("url", "has no host and port", "write https://host:port/path")
	}
	if s.verify.name == "" {
		s.verify.name = host
	}
	if c.Via != "" {
		if s.via, err = url.Parse(c.Via); err != nil || s.via.Scheme != "http" || s.via.Hostname() == "" || s.via.Port() == "" {
			bad("via", "is not the URL of a CONNECT proxy", "write http://[user:password@]host:port")
		}
	}
	if c.SourceAddress != "" {
		ip := net.ParseIP(c.SourceAddress)
		if ip == nil {
			bad("source_address", "is not an IP address", "write an address of this machine")
		}
		s.source = &net.TCPAddr{IP: ip}
	}
	for i, pin := range c.Pins {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pin, "sha256/"))
		if err != nil || len(raw) != sha256.Size {
			bad(fmt.Sprintf("tls.pins[%d]", i), "is not a pin", "write sha256/ and 44 characters of base64")
			continue
		}
		s.verify.pins = append(s.verify.pins, [sha256.Size]byte(raw))
	}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		s.verify.roots = x509.NewCertPool()
		if err != nil {
			bad("tls.ca", "file cannot be read: "+err.Error(), "name a PEM file that the broker can read")
		} else if !s.verify.roots.AppendCertsFromPEM(pem) {
			bad("tls.ca", "the file holds no certificate", "name a PEM file with the authorities' certificates")
		}
	}
	if c.Scheme == "https" {
		s.tls = &tls.Config{
			MinVersion:         c.MinVersion,
			MaxVersion:         c.MaxVersion,
			CipherSuites:       c.Suites,
			CurvePreferences:   c.Curves,
			ServerName:         s.verify.name,
			ClientSessionCache: tls.NewLRUClientSessionCache(64),
			// VerifyConnection does the whole verification, so that each failure
			// gets its own explanation; it runs on resumed sessions too.
			InsecureSkipVerify: true,
			VerifyConnection:   s.verify.check,
		}
	}
	return s, errors.Join(errs...)
}

// Key is equal for configs that may share connections: same settings, same content
// of the files they name.
func (c Config) Key() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q", fmt.Sprintf("%#v", c))
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		fmt.Fprintf(h, "%q%v", pem, err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Curve returns the group with the name that routes.yaml uses.
func Curve(name string) tls.CurveID {
	return map[string]tls.CurveID{"X25519MLKEM768": tls.X25519MLKEM768, "X25519": tls.X25519,
		"P-256": tls.CurveP256, "P-384": tls.CurveP384, "P-521": tls.CurveP521}[name]
}
