package target

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twohop/internal/fault"
	"twohop/internal/legacy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostName is on the certificates made here; no caller may ever read it.
const hostName = "wms.test.example"

var patient = Limits{FirstByte: 5 * time.Second, Idle: 5 * time.Second}

// plain and secure are configs that a test changes further.
func plain(addr string) Config {
	return Config{Scheme: "http", Host: addr, Connect: 2 * time.Second, Handshake: 2 * time.Second, Idle: time.Minute}
}

func secure(addr string) Config {
	c := plain(addr)
	c.Scheme, c.MinVersion, c.MaxVersion = "https", tls.VersionTLS12, tls.VersionTLS13
	return c
}

func newTarget(t testing.TB, c Config) *Target {
	t.Helper()
	x, err := New(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

func request(t testing.TB, x *Target, method, path string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, x.Scheme+"://target"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// call returns the answer's body; reading it may fail too.
func call(x *Target, req *http.Request, l Limits) (string, *Hop, error) {
	return send(x, &Call{Request: req, Limits: l})
}

func send(x *Target, c *Call) (string, *Hop, error) {
	h := &Hop{}
	resp, err := x.Do(c, h)
	if err != nil {
		return "", h, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), h, err
}

func get(t testing.TB, x *Target) (string, *Hop, error) {
	t.Helper()
	return call(x, request(t, x, "GET", "/", nil), patient)
}

// isFault checks err's code and that its cause has every word; what a caller reads
// must not tell the target's address or the names in its certificate.
func isFault(t testing.TB, err error, code fault.Code, words ...string) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want the fault %s", err, code)
	}
	if f.Code != code {
		t.Errorf("got %v, want the code %s", f, code)
	}
	for _, w := range words {
		if !strings.Contains(f.Cause, w) {
			t.Errorf("the cause %q does not say %q", f.Cause, w)
		}
	}
	for _, secret := range []string{"127.0.0.", "::1", "169.254.", hostName, legacy.HostName, "CN="} {
		if strings.Contains(f.Cause+f.Advice(), secret) {
			t.Errorf("the caller reads %q in %q %q", secret, f.Cause, f.Advice())
		}
	}
	return f
}

// listen hands every connection to serve, which closes it by returning.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// serve runs an HTTP server, over TLS when config is given.
func serve(t testing.TB, config *tls.Config, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if config != nil {
		l = tls.NewListener(l, config)
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return addr
}

func hello(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, "hello")
}

func legacyServer(t testing.TB, o legacy.Options) *legacy.Server {
	t.Helper()
	s, err := legacy.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, parent *authority, edits ...func(*x509.Certificate)) *authority {
	t.Helper()
	pair := issue(t, parent, func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames, c.IPAddresses = "authority "+rand.Text(), nil, nil
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		for _, edit := range edits {
			edit(c)
		}
	})
	return &authority{pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)}
}

// issue makes a certificate for hostName and 127.0.0.1, changed by edit; without an
// authority it signs itself.
func issue(t testing.TB, by *authority, edit func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(0xBEEF), Subject: pkix.Name{CommonName: hostName}, DNSNames: []string{hostName},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if edit != nil {
		edit(c)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// trusting writes the certificates to a file for Config.CA.
func trusting(t testing.TB, certs ...*x509.Certificate) string {
	t.Helper()
	var data []byte
	for _, c := range certs {
		data = append(data, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// trusted serves hello with a certificate of a new authority, and returns how to reach it.
func trusted(t testing.TB, config *tls.Config) Config {
	t.Helper()
	ca := newAuthority(t, nil)
	config.Certificates = []tls.Certificate{*issue(t, ca, nil)}
	c := secure(serve(t, config, hello))
	c.CA = trusting(t, ca.cert)
	return c
}

// soon is a context for what must end by itself.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
