//go:build linux

package attack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"twohop/tests/peers"
)

const honest = "GET /open/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// TestALPN: the protocol is the one that ALPN chose, and no other (RFC 7301, section 3.2).
func TestALPN(t *testing.T) {
	ours, _ := startOurs(t, options{})
	dial := func(offer ...string) (*tls.Conn, error) {
		c, err := tls.Dial("tcp", ours.addr, &tls.Config{RootCAs: ours.roots, ServerName: "localhost", NextProtos: offer})
		if err == nil {
			c.SetDeadline(time.Now().Add(patience))
			t.Cleanup(func() { c.Close() })
		}
		return c, err
	}
	t.Run("a protocol that nobody knows is refused with no_application_protocol", func(t *testing.T) {
		for _, offer := range [][]string{{"spdy/3"}, {"h3"}, {"http/1.0"}, {"H2"}, {"acme-tls/1"}} {
			if _, err := dial(offer...); err == nil || !strings.Contains(err.Error(), "no application protocol") {
				t.Errorf("%q: %v", offer, err)
			}
		}
	})
	t.Run("of several the known one is chosen", func(t *testing.T) {
		c, err := dial("spdy/3", "http/1.1", "foo")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("without ALPN it is HTTP/1.1", func(t *testing.T) {
		c, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, honest)
		if got, err := newResponses(c).next("GET"); err != nil || got.status != 200 {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("h2 was chosen and HTTP/1.1 is spoken: nothing reaches the target", func(t *testing.T) {
		ours.target.take()
		c, err := dial("h2")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, honest)
		answer, err := io.ReadAll(io.LimitReader(c, 1<<20)) // until the broker closes
		if timedOut(err) || strings.Contains(string(answer), "200 OK") {
			t.Errorf("%.300q, %v", answer, err)
		}
		if seen := ours.target.take(); len(seen) > 0 {
			t.Errorf("at the target: %+v", seen)
		}
	})
	t.Run("http/1.1 was chosen and HTTP/2 is spoken: nothing reaches the target", func(t *testing.T) {
		ours.target.take()
		c, err := dial("http/1.1")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, http2.ClientPreface)
		http2.NewFramer(c, c).WriteSettings()
		answer, err := io.ReadAll(io.LimitReader(c, 1<<20))
		if timedOut(err) || !strings.HasPrefix(string(answer), "HTTP/1.1 505") && !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
			t.Errorf("%.300q, %v", answer, err)
		}
		if seen := ours.target.take(); len(seen) > 0 {
			t.Errorf("at the target: %+v", seen)
		}
	})
}

// TestSessions: openssl s_client tries what sessions may be used for.
func TestSessions(t *testing.T) {
	ours, b := startOurs(t, options{})
	connect := func(stdin string, args ...string) peers.Result {
		t.Helper()
		return peers.SClient(t, stdin, append([]string{"-connect", ours.addr, "-servername", "localhost", "-CAfile", b.identity.CertPEM}, args...)...)
	}
	t.Run("renegotiation is refused", func(t *testing.T) {
		r := connect("R\n", "-tls1_2", "-no_ign_eof")
		if r.ExitCode == 0 || !strings.Contains(r.Stderr, "RENEGOTIATING") || !strings.Contains(r.Stderr, " alert ") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("a session is resumed on another connection", func(t *testing.T) {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			session := filepath.Join(t.TempDir(), "session.pem")
			first := connect(honest, version, "-sess_out", session)
			again := connect(honest, version, "-sess_in", session)
			if !strings.Contains(first.Stdout, "New, TLSv1") || !strings.Contains(again.Stdout, "Reused, TLSv1") || !strings.Contains(again.Stdout, "200 OK") {
				t.Errorf("%s: got %+v\n%+v", version, first, again)
			}
		}
	})
	t.Run("early data is not taken", func(t *testing.T) {
		session := filepath.Join(t.TempDir(), "session.pem")
		early := filepath.Join(t.TempDir(), "early.txt")
		if err := os.WriteFile(early, []byte("GET /open/early HTTP/1.1\r\nHost: localhost\r\n\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		first := connect(honest, "-tls1_3", "-sess_out", session)
		if !strings.Contains(first.Stdout, "Max Early Data: 0") {
			t.Errorf("the ticket allows early data: %s", first.Stdout)
		}
		ours.target.take()
		r := connect(honest, "-tls1_3", "-sess_in", session, "-early_data", early)
		if strings.Contains(r.Stdout, "Early data was accepted") {
			t.Errorf("got %+v", r)
		}
		for _, a := range ours.target.take() {
			if strings.Contains(a.Line, "early") {
				t.Errorf("at the target: %s", a.Line)
			}
		}
	})
	t.Run("a broken ticket costs a full handshake and nothing more", func(t *testing.T) {
		cache := &broken{}
		for i := range 2 {
			c, err := tls.Dial("tcp", ours.addr, &tls.Config{RootCAs: ours.roots, ServerName: "localhost", ClientSessionCache: cache})
			if err != nil {
				t.Fatal(err)
			}
			c.SetDeadline(time.Now().Add(patience))
			io.WriteString(c, honest)
			if got, err := newResponses(c).next("GET"); err != nil || got.status != 200 || c.ConnectionState().DidResume {
				t.Errorf("connection %d: %+v, %v, resumed %v", i, got, err, c.ConnectionState().DidResume)
			}
			c.Close()
		}
		if !cache.given {
			t.Error("no ticket was offered")
		}
	})
}

// broken is a cache whose tickets have a bit turned over.
type broken struct {
	state *tls.ClientSessionState
	given bool
}

func (b *broken) Put(_ string, s *tls.ClientSessionState) { b.state = s }

func (b *broken) Get(string) (*tls.ClientSessionState, bool) {
	if b.state == nil {
		return nil, false
	}
	ticket, state, err := b.state.ResumptionState()
	if err != nil || state == nil {
		return nil, false
	}
	ticket = append([]byte(nil), ticket...)
	ticket[len(ticket)/2] ^= 1
	s, err := tls.NewResumptionState(ticket, state)
	b.given = b.given || err == nil
	return s, err == nil
}

// TestRecords: what TLS forbids ends the connection.
func TestRecords(t *testing.T) {
	ours, b := startOurs(t, options{})
	for name, first := range map[string]string{
		"a record beyond 2^14 + 2048 bytes": "\x16\x03\x01\xff\xff" + strings.Repeat("\x01", 0xffff),
		"an empty record":                   strings.Repeat("\x16\x03\x01\x00\x00", 1000),
		"a hello of 16 MiB":                 "\x16\x03\x01\x40\x00\x01\xff\xff\xff" + strings.Repeat("\x03", 1<<14-4),
		"a hello that ends early":           "\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03",
		"application data first":            "\x17\x03\x03\x00\x05hello",
		"an alert first":                    "\x15\x03\x03\x00\x02\x02\x28",
		"SSL 2.0":                           "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + strings.Repeat("\x01", 37),
		"HTTP without TLS":                  honest,
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", ours.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			io.WriteString(c, first) // the broker may close before it has everything
			if answer, err := io.ReadAll(c); timedOut(err) || strings.Contains(string(answer), "200 OK") {
				t.Errorf("%.100q, %v", answer, err)
			}
			if _, err := ours.honest(); err != nil {
				t.Error(err)
			}
		})
	}
	if log := b.log(); strings.Contains(log, "panic") {
		t.Error(log)
	}
	if seen := ours.target.take(); len(seen) != 8 { // the honest ones
		t.Errorf("at the target: %+v", seen)
	}
}

// TestClientCertificates: a chain that is long, large or nobody's gets no further than
// the route.
func TestClientCertificates(t *testing.T) {
	ca := chainOf(t, 1, 0)
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ours, b := startOurs(t, options{callers: fmt.Sprintf(", gateway: {client_certificate: {ca: %q}}", file)})
	for _, c := range []struct {
		name        string
		chain       tls.Certificate
		mayComplete bool
	}{
		{"of nobody we know", chainOf(t, 3, 0), true},
		{"of 40 certificates", chainOf(t, 40, 0), true},
		{"of 100 KiB", chainOf(t, 2, 100<<10), true},
		{"of 1 MiB, beyond what crypto/tls takes", chainOf(t, 2, 1<<20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.forgetPeak()
			config := &tls.Config{RootCAs: ours.roots, ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.chain, nil }}
			got, err := func() (response, error) {
				conn, err := tls.Dial("tcp", ours.addr, config)
				if err != nil {
					return response{}, err
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(patience))
				if err := write(conn, req("GET /keyed/a", "Connection: close")); err != nil {
					return response{}, err
				}
				return newResponses(conn).next("GET")
			}()
			if timedOut(err) || got.status == 200 || (err == nil) != c.mayComplete || err == nil && got.status != 401 {
				t.Errorf("%+v, %v", got, err)
			}
			if _, err := ours.honest(); err != nil {
				t.Error(err)
			}
			t.Logf("at most %d MiB", b.memory("VmHWM")>>20)
		})
	}
	for _, a := range ours.target.take() {
		if strings.Contains(a.Line, "keyed") {
			t.Errorf("at the target: %s", a.Line)
		}
	}
}

// chainOf makes n certificates, each signed by the next, and pads the leaf's subject.
func chainOf(t *testing.T, n, pad int) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var chain tls.Certificate
	chain.PrivateKey = key
	for i := range n {
		subject := pkix.Name{CommonName: fmt.Sprintf("attack %d", i)}
		if i == 0 && pad > 0 {
			subject.Organization = []string{strings.Repeat("x", pad)}
		}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: subject,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}, &x509.Certificate{Subject: pkix.Name{CommonName: fmt.Sprintf("attack %d", i+1)}, SerialNumber: big.NewInt(int64(i + 2))}, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		chain.Certificate = append(chain.Certificate, der)
	}
	return chain
}
