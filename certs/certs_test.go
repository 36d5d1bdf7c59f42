package certs

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a certificate in a small tree: root, intermediate, leaf.
type node struct {
	cert *x509.Certificate
	key  crypto.Signer
	up   *node
}

func makeNode(t testing.TB, up *node, key crypto.Signer, edit func(*x509.Certificate)) *node {
	t.Helper()
	tmpl := &x509.Certificate{
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(90 * 24 * time.Hour),
		BasicConstraintsValid: true,
	}
	edit(tmpl)
	n := &node{key: key, up: up}
	parent, by := tmpl, key
	if up != nil {
		parent, by = up.cert, up.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	if n.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *node) ca(t testing.TB, name string) *node {
	return makeNode(t, n, ecKey(t), func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		c.IsCA = true
		c.KeyUsage = x509.KeyUsageCertSign
	})
}

func (n *node) leaf(t testing.TB, key crypto.Signer, hosts ...string) *node {
	return makeNode(t, n, key, serverFor(hosts...))
}

func serverFor(hosts ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		for _, h := range hosts {
			if ip := net.ParseIP(h); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, h)
			}
		}
	}
}

// chain is n and what is above it, without the root.
func (n *node) chain() []byte {
	out := n.pem()
	for up := n.up; up != nil && up.up != nil; up = up.up {
		out = append(out, up.pem()...)
	}
	return out
}

func (n *node) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.cert.Raw})
}

func (n *node) keyPEM(t testing.TB) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(n.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// file writes n with its chain to dir as NAME.pem and NAME.key.
func (n *node) file(t testing.TB, dir, name string) File {
	t.Helper()
	f := File{Cert: filepath.Join(dir, name+".pem"), Key: filepath.Join(dir, name+".key")}
	write(t, f.Cert, n.chain())
	write(t, f.Key, n.keyPEM(t))
	return f
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func ecKey(t testing.TB) crypto.Signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var rsaKey = sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func anRSAKey(t testing.TB) crypto.Signer {
	k, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// pki is a private root with one intermediate.
type pki struct{ root, mid *node }

func newPKI(t testing.TB) pki {
	root := (*node)(nil).ca(t, "Test Root")
	return pki{root: root, mid: root.ca(t, "Test Intermediate")}
}

func (p pki) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.root.cert)
	return pool
}

// rig is a Manager that polls only when told to, with what it reported.
type rig struct {
	*Manager
	events []Event
}

func open(t *testing.T, c Config, o Options) *rig {
	t.Helper()
	r := new(rig)
	if o.Poll == 0 {
		o.Poll = time.Hour
	}
	if o.OnChange == nil {
		o.OnChange = func(e Event) { r.events = append(r.events, e) }
	}
	var err error
	if r.Manager, err = Open(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// polls polls n times and returns what was reported meanwhile.
func (r *rig) polls(t *testing.T, n int) []Event {
	r.events = nil
	for range n {
		r.poll(t.Context())
	}
	return r.events
}

// listen serves conf on a loopback port and echoes lines.
func listen(t *testing.T, conf *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Wait()
	})
	return l.Addr().String()
}

// dial connects and sends one line to and fro, so that tickets have arrived.
func dial(t *testing.T, addr string, conf *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	c, err := tls.Dial("tcp", addr, conf)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.Close()
	return c.ConnectionState(), echo(c)
}

func echo(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		return err
	}
	got, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && got != "hello\n" {
		err = errors.New("echo: got " + got)
	}
	return err
}

// shown is the server certificate that a handshake got.
func shown(t *testing.T, addr string, conf *tls.Config) *x509.Certificate {
	t.Helper()
	cs, err := dial(t, addr, conf)
	if err != nil {
		t.Fatal(err)
	}
	return cs.PeerCertificates[0]
}
