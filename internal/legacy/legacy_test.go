package legacy

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started returns a constructor's server, closed when the test ends.
func started(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// pinned returns a client that accepts s's key only and speaks one version with the suites given.
func pinned(t testing.TB, s *Server, version uint16, suites ...uint16) *http.Client {
	return client(t, &tls.Config{
		MinVersion:         version,
		MaxVersion:         version,
		CipherSuites:       suites,
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if "sha256/"+base64.StdEncoding.EncodeToString(sum[:]) != s.SPKIPin() {
				return errors.New("another key")
			}
			return nil
		},
	})
}

// modern returns a client as today's are: TLS 1.2 and up, default suites. What it meets fails before the certificate.
func modern(t testing.TB) *http.Client {
	return client(t, &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true})
}

func client(t testing.TB, config *tls.Config) *http.Client {
	transport := &http.Transport{TLSClientConfig: config, DisableCompression: true, Proxy: nil}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Minute}
}

func leaf(t *testing.T, s *Server) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(s.CertificatePEM())
	if block == nil || len(rest) != 0 {
		t.Fatalf("CertificatePEM is not one PEM block: %q", s.CertificatePEM())
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// get answers with the status and body of a GET.
func get(t testing.TB, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
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

func TestPlainJSONHasNoTLS(t *testing.T) {
	s, err := PlainJSON("127.0.0.1:0")
	started(t, s, err)
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || s.CertificatePEM() != nil || s.SPKIPin() != "" {
		t.Errorf("URL %s, certificate %q, pin %q", s.URL(), s.CertificatePEM(), s.SPKIPin())
	}
	if resp, body := get(t, modern(t), s.URL()+"/stock/A1001"); resp.StatusCode != 200 {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

func TestSOAPOverTLS10(t *testing.T) {
	s, err := SOAPOverTLS10(":0")
	started(t, s, err)

	t.Run("a modern client gets a protocol_version alert", func(t *testing.T) {
		_, err := modern(t).Get(s.URL())
		if err == nil || !strings.Contains(err.Error(), "remote error: tls: protocol version not supported") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a client with TLS 1.0 and 3DES gets the contract", func(t *testing.T) {
		resp, body := get(t, pinned(t, s, tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), s.URL()+"/ws/stock?wsdl")
		if resp.StatusCode != 200 || !strings.Contains(body, "StockService") {
			t.Errorf("%s: %s", resp.Status, body)
		}
		if resp.TLS.Version != tls.VersionTLS10 || resp.TLS.CipherSuite != tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA {
			t.Errorf("spoke %s with %s", tls.VersionName(resp.TLS.Version), tls.CipherSuiteName(resp.TLS.CipherSuite))
		}
	})
	t.Run("a client with TLS 1.0 and AES finds no suite", func(t *testing.T) {
		_, err := pinned(t, s, tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA).Get(s.URL())
		if err == nil || !strings.Contains(err.Error(), "remote error: tls: handshake failure") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the certificate is RSA-1024, SHA-1, CN only", func(t *testing.T) { isOld(t, leaf(t, s)) })
	t.Run("the default verification refuses the certificate", func(t *testing.T) {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(s.CertificatePEM())
		if _, err := leaf(t, s).Verify(x509.VerifyOptions{Roots: roots, DNSName: HostName}); err == nil {
			t.Error("it was accepted")
		}
	})
}

func isOld(t *testing.T, certificate *x509.Certificate) {
	t.Helper()
	if bits := certificate.PublicKey.(interface{ Size() int }).Size() * 8; bits != 1024 {
		t.Errorf("%d bits", bits)
	}
	if certificate.SignatureAlgorithm != x509.SHA1WithRSA {
		t.Errorf("signed with %s", certificate.SignatureAlgorithm)
	}
	if certificate.Subject.CommonName != HostName || len(certificate.DNSNames)+len(certificate.IPAddresses) != 0 {
		t.Errorf("CN %q, SAN %q %v", certificate.Subject.CommonName, certificate.DNSNames, certificate.IPAddresses)
	}
}

func TestResetsModern(t *testing.T) {
	s, err := ResetsModern("localhost:0")
	started(t, s, err)
	suite := tls.TLS_RSA_WITH_AES_128_CBC_SHA

	for name, c := range map[string]*http.Client{
		"a modern client":            modern(t),
		"a client of TLS 1.1":        pinned(t, s, tls.VersionTLS11, suite),
		"a client of TLS 1.0 to 1.2": client(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true}),
	} {
		t.Run(name+" is reset", func(t *testing.T) {
			if _, err := c.Get(s.URL()); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a client of TLS 1.0 only is served", func(t *testing.T) {
		resp, body := get(t, pinned(t, s, tls.VersionTLS10, suite), s.URL()+"/stock/000417")
		if resp.StatusCode != 200 || !strings.Contains(body, `"on_hand":86`) || resp.TLS.CipherSuite != suite {
			t.Errorf("%s: %s", resp.Status, body)
		}
	})
	t.Run("plain HTTP is answered by crypto/tls and net/http", func(t *testing.T) {
		resp, body := get(t, modern(t), "http://"+s.Addr())
		if resp.StatusCode != 400 {
			t.Errorf("%s: %s", resp.Status, body)
		}
	})
	t.Run("the certificate is RSA-1024, SHA-1, CN only", func(t *testing.T) { isOld(t, leaf(t, s)) })
}

func TestOtherServers(t *testing.T) {
	for name, o := range map[string]Options{
		"TLS 1.1":                       {MinVersion: tls.VersionTLS11, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}},
		"TLS 1.2 with RSA key exchange": {MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
		"RC4":                           {MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}},
		"ECDHE with 3DES":               {MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(o)
			started(t, s, err)
			resp, body := get(t, pinned(t, s, o.MinVersion, o.CipherSuites...), s.URL()+"/stock/A1001")
			if resp.StatusCode != 200 || resp.TLS.Version != o.MinVersion || resp.TLS.CipherSuite != o.CipherSuites[0] {
				t.Errorf("%s by %s, %s: %s", resp.Status, tls.VersionName(resp.TLS.Version), tls.CipherSuiteName(resp.TLS.CipherSuite), body)
			}
			if _, err := modern(t).Get(s.URL()); err == nil {
				t.Error("a modern client was served")
			}
		})
	}
}
