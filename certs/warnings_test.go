package certs

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWarnings(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	roots := filepath.Join(dir, "roots.pem")
	write(t, roots, p.root.pem())
	full := p.mid.leaf(t, ecKey(t), "a.example.com")
	f := full.file(t, dir, "full")
	custom := func(name string, n *node, parts ...[]byte) File {
		f := n.file(t, dir, name)
		write(t, f.Cert, slices.Concat(parts...))
		return f
	}
	ends := func(up *node, d time.Duration) *node {
		return makeNode(t, up, ecKey(t), func(c *x509.Certificate) {
			serverFor("a.example.com")(c)
			c.NotAfter = now.Add(d)
		})
	}
	deep := p.mid.ca(t, "Test Issuing").leaf(t, ecKey(t), "a.example.com")
	alone := makeNode(t, nil, ecKey(t), serverFor("a.example.com"))
	oldMid := makeNode(t, p.root, ecKey(t), func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "Old Intermediate"}
		c.IsCA, c.NotAfter = true, now.Add(-time.Minute)
	})
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)

	tests := []struct {
		name string
		c    Config
		want []string
	}{
		{"a full chain under a private root", Config{Files: []File{f}, TrustedRoots: roots, Hosts: []string{"a.example.com"}}, nil},
		{"a leaf straight from the root", Config{Files: []File{p.root.leaf(t, ecKey(t), "a.example.com").file(t, dir, "direct")}, TrustedRoots: roots}, nil},
		{"the root sent along", Config{Files: []File{custom("rooted", full, full.pem(), p.mid.pem(), p.root.pem())}, TrustedRoots: roots}, nil},
		{"only the leaf", Config{Files: []File{custom("leaf", full, full.pem())}, TrustedRoots: roots},
			[]string{"files[0].cert: DIR/leaf.pem lacks an intermediate and does not reach a root in DIR/roots.pem: F&O fails without the full chain; append its intermediates, or set trusted_roots if a private root issued it"}},
		{"only the leaf, system roots", Config{Files: []File{custom("leaf2", full, full.pem())}},
			[]string{"files[0].cert: DIR/leaf2.pem lacks an intermediate and does not reach the system's roots: F&O fails without the full chain; append its intermediates, or set trusted_roots if a private root issued it"}},
		{"an unknown root", Config{Files: []File{f}},
			[]string{"files[0].cert: DIR/full.pem does not reach the system's roots: x509: certificate signed by unknown authority; append the missing intermediate, or set trusted_roots to the private root"}},
		{"out of order", Config{Files: []File{custom("mixed", deep, deep.pem(), p.mid.pem(), deep.up.pem())}, TrustedRoots: roots},
			[]string{`files[0].cert: DIR/mixed.pem is out of order: certificate 1, "", was not issued by certificate 2, "Test Intermediate"; put each issuer right after the certificate that it issued`}},
		{"self-signed", Config{Files: []File{alone.file(t, dir, "alone")}},
			[]string{"files[0].cert: DIR/alone.pem is self-signed and not among the system's roots; have it issued by a CA that callers trust, or set trusted_roots to it"}},
		{"near its end", Config{Files: []File{ends(p.mid, 12*24*time.Hour).file(t, dir, "soon")}, TrustedRoots: roots},
			[]string{"files[0].cert: DIR/soon.pem is near its end: the server certificate ends at SOON, in 12 days; renew it"}},
		{"thirty days left is not near", Config{Files: []File{ends(p.mid, nearEnd).file(t, dir, "later")}, TrustedRoots: roots}, nil},
		{"an expired intermediate", Config{Files: []File{ends(oldMid, nearEnd).file(t, dir, "oldmid")}, TrustedRoots: roots},
			[]string{`files[0].cert: DIR/oldmid.pem holds an expired certificate: certificate 2, "Old Intermediate", ended at PAST; ask the issuer for its present intermediate`}},
		{"a key that .NET cannot use", Config{Files: []File{p.mid.leaf(t, edKey, "a.example.com").file(t, dir, "ed")}, TrustedRoots: roots},
			[]string{"files[0].cert: DIR/ed.pem has an Ed25519 key, which .NET Framework callers cannot use; have an ECDSA P-256 or RSA certificate issued"}},
		{"a host without certificate", Config{Files: []File{f}, TrustedRoots: roots, Hosts: []string{"A.example.com", "b.example.com", "10.0.0.1"}}, []string{
			`hosts[1]: no certificate covers "b.example.com"; add one that has it as a subject alternative name, or take the host out`,
			`hosts[2]: no certificate covers "10.0.0.1"; add one that has it as a subject alternative name, or take the host out`}},
		{"the local CA covers every host", Config{Local: true, Dir: filepath.Join(dir, "none"), Hosts: []string{"b.example.com"}}, nil},
		{"faulty files are left to Validate", Config{Files: []File{{Cert: "/none", Key: "/none"}}, TrustedRoots: "/none"}, nil},
	}
	tidy := strings.NewReplacer(dir, "DIR", stamp(now.Add(12*24*time.Hour)), "SOON", stamp(now.Add(-time.Minute)), "PAST")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range tt.c.Warnings(now) {
				got = append(got, tidy.Replace(f.Error()))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestAChainCompletedByThePlatformIsNotComplete(t *testing.T) {
	p := newPKI(t)
	leaf := p.mid.leaf(t, ecKey(t), "a.example.com")
	path := []*x509.Certificate{leaf.cert, p.mid.cert, p.root.cert}
	if alone := (&pair{chain: path[:1]}); alone.sends(path) {
		t.Error("a leaf alone passes for a whole chain")
	}
	if whole := (&pair{chain: path[:2]}); !whole.sends(path) {
		t.Error("leaf and intermediate pass for too little")
	}
}

func TestWarningOfTheLocalCAsEnd(t *testing.T) {
	dir := t.TempDir()
	c := Config{Local: true, Dir: dir, Hosts: []string{"localhost"}}
	start := time.Date(2030, 1, 1, 1, 0, 0, 0, time.UTC)
	if _, err := openLocal(dir, c.Hosts, start); err != nil {
		t.Fatal(err)
	}
	if got := c.Warnings(start.Add(59 * 24 * time.Hour)); got != nil {
		t.Errorf("warned too early: %v", got)
	}
	got := c.Warnings(start.Add(61 * 24 * time.Hour))
	want := "local: the local CA ends at 2030-04-01T00:00:00Z and is replaced 7 days before; plan to hand the new " +
		filepath.Join(dir, "local-ca.pem") + " to every caller then"
	if len(got) != 1 || got[0].Error() != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
