package certs

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/internal/fault"
)

func TestValidateNamesEveryMistake(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	good := p.mid.leaf(t, ecKey(t), "a.example.com")
	f := good.file(t, dir, "good")
	other := p.mid.leaf(t, ecKey(t), "b.example.com").file(t, dir, "other")
	past := makeNode(t, p.mid, ecKey(t), func(c *x509.Certificate) {
		serverFor("a.example.com")(c)
		c.NotBefore, c.NotAfter = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2020, 4, 1, 12, 0, 0, 0, time.UTC)
	}).file(t, dir, "past")
	future := makeNode(t, p.mid, ecKey(t), func(c *x509.Certificate) {
		serverFor("a.example.com")(c)
		c.NotBefore, c.NotAfter = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 4, 1, 0, 0, 0, 0, time.UTC)
	}).file(t, dir, "future")
	nameless := p.mid.leaf(t, ecKey(t)).file(t, dir, "nameless")
	chain := good.chain()
	write(t, at("short.pem"), chain[:len(chain)-40])
	write(t, at("torn.pem"), append([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n"), chain...))
	write(t, at("bad.pem"), []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	write(t, at("empty.pem"), nil)
	write(t, at("bad.key"), []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	write(t, at("locked.key"), []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"))
	write(t, at("upside.pem"), append(p.mid.pem(), good.pem()...))

	one := func(cert, key string) Config { return Config{Files: []File{{Cert: cert, Key: key}}} }
	tests := []struct {
		name string
		c    Config
		want []string
	}{
		{"nothing is configured", Config{},
			[]string{"no certificates; name PEM pairs under files, or set local for a local CA"}},
		{"no file names", one("", ""), []string{
			"files[0].cert: names no file; set it to a PEM file with the server certificate and its intermediates",
			"files[0].key: names no file; set it to a PEM file with the private key"}},
		{"the files are not there", one(at("x.pem"), at("x.key")), []string{
			"files[0].cert: cannot be read: open DIR/x.pem: no such file or directory; correct the path, or let the broker's user read the file",
			"files[0].key: cannot be read: open DIR/x.key: no such file or directory; correct the path, or let the broker's user read the file"}},
		{"the second pair does not match", Config{Files: []File{f, {Cert: f.Cert, Key: other.Key}}},
			[]string{"files[1].key: DIR/other.key does not belong to the certificate in DIR/good.pem; name the key that the certificate was issued for"}},
		{"the certificate has expired", Config{Files: []File{past}},
			[]string{"files[0].cert: DIR/past.pem expired at 2020-04-01T12:00:00Z; renew the certificate"}},
		{"the certificate is not valid yet", Config{Files: []File{future}},
			[]string{"files[0].cert: DIR/future.pem is not valid before 2200-01-01T00:00:00Z; wait until then, or set this machine's clock"}},
		{"the certificate names nothing", Config{Files: []File{nameless}},
			[]string{"files[0].cert: DIR/nameless.pem names no host; have it issued with the host that callers use as its subject alternative name"}},
		{"the file is empty", one(at("empty.pem"), f.Key),
			[]string{"files[0].cert: DIR/empty.pem holds no certificate in PEM form; put the server certificate first, then each intermediate"}},
		{"certificate and key are interchanged", one(f.Key, f.Cert),
			[]string{"files[0].cert: DIR/good.key holds a private key but no certificate; put the server certificate first, then each intermediate"}},
		{"the last certificate is cut short", one(at("short.pem"), f.Key),
			[]string{"files[0].cert: DIR/short.pem is damaged or cut short: 1 of its 2 certificates are whole; put the server certificate first, then each intermediate"}},
		{"the first certificate is torn", one(at("torn.pem"), f.Key),
			[]string{"files[0].cert: DIR/torn.pem is damaged or cut short: 2 of its 3 certificates are whole; put the server certificate first, then each intermediate"}},
		{"the certificate is no certificate", one(at("bad.pem"), f.Key),
			[]string{"files[0].cert: DIR/bad.pem holds a certificate (number 1) that cannot be parsed: x509: malformed certificate; put the server certificate first, then each intermediate"}},
		{"the intermediate comes first", one(at("upside.pem"), f.Key),
			[]string{"files[0].cert: DIR/upside.pem does not begin with the server certificate; put the server certificate first, then each intermediate"}},
		{"the key file holds no key", one(f.Cert, f.Cert),
			[]string{"files[0].key: DIR/good.pem holds no private key in PEM form; name the file with the certificate's private key"}},
		{"the key is encrypted", one(f.Cert, at("locked.key")),
			[]string{"files[0].key: DIR/locked.key is encrypted with a passphrase; decrypt it with openssl pkey, and guard the file instead"}},
		{"the key cannot be parsed", one(f.Cert, at("bad.key")),
			[]string{"files[0].key: DIR/bad.key cannot be parsed: failed to parse private key; name the file with the certificate's private key, as PKCS #8, PKCS #1 or SEC 1"}},
		{"the roots are not there", Config{Files: []File{f}, TrustedRoots: at("x.pem")},
			[]string{"trusted_roots: cannot be read: open DIR/x.pem: no such file or directory; correct the path, or let the broker's user read the file"}},
		{"the roots hold none", Config{Files: []File{f}, TrustedRoots: at("empty.pem")},
			[]string{"trusted_roots: DIR/empty.pem holds no certificate in PEM form; put in the root certificates that callers trust, in PEM"}},
		{"a local CA without directory and hosts", Config{Local: true}, []string{
			"dir: the local CA has no directory; name one that only the broker can read",
			"hosts: the local CA has no hosts; list the DNS names and IP addresses that callers use"}},
		{"hosts that are no hosts", Config{Files: []File{f}, Hosts: []string{"a.example.com", "https://a", "a:443", "*.example.com", "10.0.0.256", ""}}, []string{
			`hosts[1]: "https://a" is neither a DNS name nor an IP address; write the bare host, without scheme, port or wildcard`,
			`hosts[2]: "a:443" is neither a DNS name nor an IP address; write the bare host, without scheme, port or wildcard`,
			`hosts[3]: "*.example.com" is neither a DNS name nor an IP address; write the bare host, without scheme, port or wildcard`,
			`hosts[4]: "10.0.0.256" is neither a DNS name nor an IP address; write the bare host, without scheme, port or wildcard`,
			`hosts[5]: "" is neither a DNS name nor an IP address; write the bare host, without scheme, port or wildcard`}},
		{"a default that is no host", Config{Files: []File{f}, Default: "a b"},
			[]string{`default: "a b" is neither a DNS name nor an IP address; write the bare host, without scheme, port or wildcard`}},
		{"a default that no certificate carries", Config{Files: []File{f}, Default: "b.example.com"},
			[]string{`default: no certificate carries the name "b.example.com"; use a name that one of the certificates carries`}},
		{"files are good", Config{Files: []File{f, other}, Default: "B.example.com"}, nil},
		{"a local CA is good", Config{Local: true, Dir: at("new"), Hosts: []string{"localhost", "::1"}, Default: "0:0::1"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range fault.Fields(tt.c.Validate()) {
				got = append(got, strings.ReplaceAll(f.Error(), dir, "DIR"))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
	if _, err := os.Stat(at("new")); err == nil {
		t.Error("Validate made the directory of the local CA")
	}
}

func TestAFileMayHoldBothAndAByteOrderMark(t *testing.T) {
	n := newPKI(t).mid.leaf(t, ecKey(t), "a.example.com")
	name := filepath.Join(t.TempDir(), "both.pem")
	write(t, name, bytes.Join([][]byte{[]byte("\xef\xbb\xbf"), n.pem(), n.keyPEM(t), n.up.pem()}, nil))
	r := open(t, Config{Files: []File{{Cert: name, Key: name}}}, Options{})
	if got := r.Certificates()[0].Chain; got != 2 {
		t.Errorf("sends %d certificates, want 2", got)
	}
}

func TestACommonNameCountsWhereThereIsNoOtherName(t *testing.T) {
	n := makeNode(t, newPKI(t).mid, ecKey(t), func(c *x509.Certificate) {
		serverFor()(c)
		c.Subject = pkix.Name{CommonName: "Old.example.com"}
	})
	c := Config{Files: []File{n.file(t, t.TempDir(), "cn")}, Default: "old.example.com"}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestOpenReturnsWhatValidateReturns(t *testing.T) {
	_, err := Open(t.Context(), Config{Local: true}, Options{})
	if got := len(fault.Fields(err)); got != 2 {
		t.Errorf("%d mistakes in %v, want 2", got, err)
	}
}
