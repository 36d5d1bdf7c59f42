//go:build linux

package peers

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// legacySuites are what Go's TLS can do towards old servers.
func legacySuites() []uint16 {
	return []uint16{
		tls.TLS_RSA_WITH_RC4_128_SHA,
		tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	}
}

// client speaks one TLS version and trusts one key.
func client(t *testing.T, pinned string, version uint16, suites ...uint16) *http.Client {
	t.Helper()
	if suites == nil {
		suites = legacySuites()
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         version,
		MaxVersion:         version,
		CipherSuites:       suites,
		InsecureSkipVerify: true, // the pin below decides
		VerifyConnection: func(c tls.ConnectionState) error {
			if got := pin(c.PeerCertificates[0]); got != pinned {
				return errors.New("the server's key is " + got)
			}
			return nil
		},
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{
		Transport:     tr,
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch returns the answer with its body read.
func fetch(t *testing.T, c *http.Client, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// front is a TLS server of Go's with a ModernIdentity, as twohop would be. It returns its
// URL by name and the certificate to trust.
func front(t *testing.T, h http.Handler) (url, ca string) {
	t.Helper()
	id := ModernIdentity(t)
	pair, err := tls.LoadX509KeyPair(id.CertPEM, id.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return frontWith(t, h, pair), id.CertPEM
}

func frontWith(t *testing.T, h http.Handler, pair tls.Certificate) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what some tests want
	s.StartTLS()
	t.Cleanup(s.Close)
	return "https://localhost:" + s.URL[strings.LastIndex(s.URL, ":")+1:]
}

func TestAMissingProgram(t *testing.T) {
	t.Run("names its package and skips", func(t *testing.T) {
		t.Setenv("CI", "")
		if r := missing(t); r.fatal || !strings.Contains(r.text, "apt-get install no-such-peer") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("fails the test when CI=true", func(t *testing.T) {
		t.Setenv("CI", "true")
		if r := missing(t); !r.fatal {
			t.Errorf("got %+v", r)
		}
	})
}

// recorder is a testing.TB that remembers how it was ended.
type recorder struct {
	testing.TB
	fatal bool
	text  string
}

func (r *recorder) Helper()                          {}
func (r *recorder) Skipf(format string, args ...any) { r.text = fmt.Sprintf(format, args...); panic(r) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal, r.text = true, fmt.Sprintf(format, args...)
	panic(r)
}

func missing(t *testing.T) (r *recorder) {
	t.Helper()
	r = &recorder{TB: t}
	defer func() { _ = recover() }()
	need(r, "no-such-peer")
	return r
}

// TestPackages holds packages.txt and the messages of absent together.
func TestPackages(t *testing.T) {
	list, err := os.ReadFile("packages.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"openssl", "gnutls-serv", "java", "keytool", "nginx", "mcs", "mono", "curl", "sslscan", "timeout", "haproxy"} {
		if !strings.Contains("\n"+string(list), "\n"+packageOf(program)+" ") {
			t.Errorf("packages.txt lacks %s, which has %s", packageOf(program), program)
		}
	}
}
