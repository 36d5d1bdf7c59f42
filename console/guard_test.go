package console

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"twohop/internal/fault"
)

const token = "twohop_secret-of-the-test"

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// authority makes a CA file and certificates below it.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	a.cert, a.key = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true})
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) sign(t *testing.T, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key
}

func (a *authority) client(t *testing.T, name string) tls.Certificate {
	c, key := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key}
}

func newRule(t *testing.T, c Credential) *Rule {
	t.Helper()
	r, err := NewRule(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// logBuffer takes lines from several goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// guarded runs the admin address on a real listener and returns what asks it.
func guarded(t *testing.T, c Credential) (g *Guard, log *logBuffer, ask func(tls.Certificate, ...string) *http.Response) {
	t.Helper()
	log = new(logBuffer)
	g = NewGuard(newRule(t, c), slog.New(slog.NewTextHandler(log, nil)))
	s := Server(g.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "inside") })), g.ErrorLog())
	front := newAuthority(t)
	cert, key := front.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	s.TLSConfig = g.TLS(&tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.ServeTLS(l, "", "")
	t.Cleanup(func() { s.Close() })
	roots := x509.NewCertPool()
	roots.AddCert(front.cert)
	return g, log, func(own tls.Certificate, header ...string) *http.Response {
		t.Helper()
		conf := &tls.Config{RootCAs: roots}
		if own.Certificate != nil {
			conf.Certificates = []tls.Certificate{own}
		}
		req, err := http.NewRequestWithContext(context.Background(), "GET", "https://"+l.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range header {
			req.Header.Set("Authorization", h)
		}
		resp, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true, ForceAttemptHTTP2: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
}

func TestWhoIsLetIn(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	prometheus, grafana, stranger := ours.client(t, "prometheus"), ours.client(t, "grafana"), others.client(t, "prometheus")
	none := tls.Certificate{}
	byToken := Credential{TokenSHA256: hashOf(token)}
	byCert := Credential{CA: ours.file, Subject: "CN=prometheus"}
	both := Credential{TokenSHA256: hashOf(token), CA: ours.file, Subject: "CN=prometheus"}
	const asked, wrong = `Bearer realm="twohop admin"`, `Bearer realm="twohop admin", error="invalid_token"`
	for name, c := range map[string]struct {
		rule      Credential
		cert      tls.Certificate
		header    []string
		status    int
		challenge string
		logged    string
	}{
		"the token":                            {byToken, none, []string{"Bearer " + token}, 200, "", ""},
		"the scheme in small letters":          {byToken, none, []string{"bearer " + token}, 200, "", ""},
		"nothing":                              {byToken, none, nil, 401, asked, "no bearer token was shown"},
		"another token":                        {byToken, none, []string{"Bearer " + token + "x"}, 401, wrong, "the bearer token is another"},
		"a prefix of the token":                {byToken, none, []string{"Bearer " + token[:20]}, 401, wrong, "the bearer token is another"},
		"the hash of the token":                {byToken, none, []string{"Bearer " + hashOf(token)}, 401, wrong, "the bearer token is another"},
		"the token by Basic":                   {byToken, none, []string{"Basic " + token}, 401, asked, "no bearer token was shown"},
		"the token, and a strange certificate": {byToken, stranger, []string{"Bearer " + token}, 200, "", ""},
		"the certificate":                      {byCert, prometheus, nil, 200, "", ""},
		"no certificate":                       {byCert, none, nil, 403, "", "no client certificate was shown"},
		"another subject":                      {byCert, grafana, nil, 403, "", "the client certificate is not one that is let in"},
		"another authority":                    {byCert, stranger, nil, 403, "", "the client certificate is not one that is let in"},
		"both":                                 {both, prometheus, []string{"Bearer " + token}, 200, "", ""},
		"both, without the certificate":        {both, none, []string{"Bearer " + token}, 401, wrong, "no client certificate was shown"},
		"both, without the token":              {both, prometheus, nil, 401, asked, "no bearer token was shown"},
	} {
		t.Run(name, func(t *testing.T) {
			_, log, ask := guarded(t, c.rule)
			resp := ask(c.cert, c.header...)
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status || resp.Header.Get("WWW-Authenticate") != c.challenge || (string(body) == "inside") != (c.status == 200) {
				t.Errorf("got %s, %q\n%s", resp.Status, resp.Header.Get("WWW-Authenticate"), body)
			}
			if resp.ProtoMajor != 1 {
				t.Errorf("it speaks %s", resp.Proto)
			}
			if !strings.Contains(log.String(), c.logged) || c.logged == "" && log.String() != "" {
				t.Errorf("the log lacks %q:\n%s", c.logged, log)
			}
			if strings.Contains(log.String()+string(body), token[:20]) {
				t.Errorf("the token is shown:\n%s%s", log, body)
			}
		})
	}
}

func TestANewRuleHoldsAtOnce(t *testing.T) {
	g, _, ask := guarded(t, Credential{TokenSHA256: hashOf(token)})
	if resp := ask(tls.Certificate{}, "Bearer "+token); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	g.Set(newRule(t, Credential{TokenSHA256: hashOf("other")}))
	if resp := ask(tls.Certificate{}, "Bearer "+token); resp.StatusCode != 401 {
		t.Errorf("the old token: %s", resp.Status)
	}
	if resp := ask(tls.Certificate{}, "Bearer other"); resp.StatusCode != 200 {
		t.Errorf("the new token: %s", resp.Status)
	}
}

func TestRulesThatCannotBeRead(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, c := range map[string]Credential{
		"admin.token.sha256":               {TokenSHA256: token},
		"admin.client_certificate.ca":      {CA: empty},
		"admin.client_certificate.subject": {CA: newAuthority(t).file, Subject: "prometheus"},
	} {
		_, err := NewRule(c, time.Now)
		if f := fault.Fields(err); len(f) != 1 || f[0].Path != path || f[0].Fix == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestWhoGuessesWaits has one address guess and another, beside it, know.
func TestWhoGuessesWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logBuffer)
		g := NewGuard(newRule(t, Credential{TokenSHA256: hashOf(token)}), slog.New(slog.NewTextHandler(log, nil)))
		h := g.Protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		ask := func(peer, token string) (status int, took time.Duration) {
			r := httptest.NewRequest("GET", "/metrics", nil)
			r.RemoteAddr = peer
			r.Header.Set("Authorization", "Bearer "+token)
			w, begin := httptest.NewRecorder(), time.Now()
			h.ServeHTTP(w, r)
			return w.Code, time.Since(begin)
		}
		var slow time.Duration
		for i := range 50 {
			_, took := ask("192.0.2.7:1000", fmt.Sprint(i))
			slow += took
		}
		if slow < 20*time.Second {
			t.Errorf("50 guesses took %v", slow)
		}
		for _, peer := range []string{"192.0.2.8:1", "192.0.2.7:1"} {
			if status, took := ask(peer, token); status != 200 || took != 0 {
				t.Errorf("who knows, at %s: %d after %v", peer, status, took)
			}
		}
		if _, took := ask("192.0.2.8:1", "wrong"); took != 0 {
			t.Errorf("the first mistake of another address took %v", took)
		}
		time.Sleep(5 * sumEvery) // the last sums
		if n := strings.Count(log.String(), "peer=192.0.2.7 "); n != 2 || !strings.Contains(log.String(), "peer=192.0.2.7 times=49 within=1m0s") {
			t.Errorf("%d lines of the guesses:\n%s", n, log)
		}
		synctest.Wait()
		if len(g.failures.by) != 0 {
			t.Error("who has stopped is not forgotten")
		}
	})
}

// TestACrowdCannotFillTheLog has many addresses fail.
func TestACrowdCannotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logBuffer)
		f := newFailures(slog.New(slog.NewTextHandler(log, nil)))
		for i := range 5000 {
			f.add(fmt.Sprintf("10.%d.%d.1:5", i/256, i%256), "no bearer token was shown")
		}
		time.Sleep(5 * sumEvery)
		if n := strings.Count(log.String(), "\n"); n > 2*maxSums || !strings.Contains(log.String(), "peer=elsewhere times=4935 ") {
			t.Errorf("%d lines:\n%s", n, log)
		}
	})
}

func TestHandshakesThatFailAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logBuffer)
		g := NewGuard(newRule(t, Credential{TokenSHA256: hashOf(token)}), slog.New(slog.NewTextHandler(log, nil)))
		errors := g.ErrorLog()
		for range 1000 {
			errors.Print("http: TLS handshake error from 192.0.2.7:99: tls: client offered only unsupported versions")
		}
		errors.Print("http: TLS handshake error from 192.0.2.8:99: EOF")
		errors.Print("http: panic serving: oops")
		time.Sleep(5 * sumEvery)
		if got := log.String(); strings.Count(got, "\n") != 3 || !strings.Contains(got, "times=999") || !strings.Contains(got, "oops") {
			t.Errorf("the log:\n%s", got)
		}
	})
}
