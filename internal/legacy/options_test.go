package legacy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOptionsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"an address of every interface":  {Options{Addr: "0.0.0.0:0"}, `"0.0.0.0:0" is not a loopback address`},
		"a name":                         {Options{Addr: "example.com:80"}, "is not a loopback address"},
		"an address without a port":      {Options{Addr: "127.0.0.1"}, "missing port"},
		"a negative bound":               {Options{MaxConns: -1}, "MaxConns: -1 is negative"},
		"suites without a version":       {Options{CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}}, "without MinVersion"},
		"a reset without a version":      {Options{ResetAbove: tls.VersionTLS10}, "without MinVersion"},
		"SSL 3.0":                        {Options{MinVersion: 0x0300}, "within TLS 1.0 to TLS 1.3"},
		"an upside-down range":           {Options{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS10}, "TLS 1.2 to TLS 1.0: want a range"},
		"an unknown suite":               {Options{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{0x0004}}, "0x0004 is not one"},
		"a suite newer than the version": {Options{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, "AES_128_GCM_SHA256 is not one"},
		"a suite of TLS 1.3":             {Options{MinVersion: tls.VersionTLS13, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}}, "is not one"},
		"a key of 512 bits":              {Options{MinVersion: tls.VersionTLS10, Certificate: Certificate{KeyBits: 512}}, "512 is under 1024"},
		"an empty key pair":              {Options{MinVersion: tls.VersionTLS10, KeyPair: &tls.Certificate{}}, "KeyPair: it has no certificate"},
		"two faults":                     {Options{Addr: "8.8.8.8:1", MaxConns: -1}, "\nlegacy: MaxConns"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(c.options)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	for given, want := range map[string]string{
		"":               "127.0.0.1:0",
		":8081":          "127.0.0.1:8081",
		"localhost:8081": "127.0.0.1:8081",
		"127.0.0.2:0":    "127.0.0.2:0",
		"[::1]:0":        "[::1]:0",
	} {
		if got, err := loopback(given); got != want || err != nil {
			t.Errorf("loopback(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestAPortInUseIsAnError(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	if other, err := PlainJSON(s.Addr()); err == nil {
		other.Close()
		t.Error("a second server listens on the same port")
	}
}

func TestCertificates(t *testing.T) {
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	type seen struct {
		CN        string
		SAN       []string
		Algorithm string
		Bits      int
		From, To  string
	}
	for name, c := range map[string]struct {
		certificate Certificate
		want        seen
	}{
		"the default":   {Certificate{}, seen{HostName, nil, "SHA256-RSA", 2048, "2026-01-31", "2036-02-01"}},
		"old":           {Certificate{KeyBits: 1024, SHA1: true}, seen{HostName, nil, "SHA1-RSA", 1024, "2026-01-31", "2036-02-01"}},
		"with names":    {Certificate{CommonName: "erp", DNSNames: []string{"a.example", "b.example"}}, seen{"erp", []string{"a.example", "b.example"}, "SHA256-RSA", 2048, "2026-01-31", "2036-02-01"}},
		"expired":       {Certificate{NotAfter: now.AddDate(0, -1, 0)}, seen{HostName, nil, "SHA256-RSA", 2048, "2025-01-01", "2026-01-01"}},
		"not yet valid": {Certificate{NotBefore: now.AddDate(0, 1, 0)}, seen{HostName, nil, "SHA256-RSA", 2048, "2026-03-01", "2036-02-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := c.certificate.issue(now)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(pair.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			got := seen{leaf.Subject.CommonName, leaf.DNSNames, leaf.SignatureAlgorithm.String(),
				leaf.PublicKey.(interface{ Size() int }).Size() * 8, leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly)}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnExpiredCertificateIsRefusedAsExpired(t *testing.T) {
	s, err := New(Options{MinVersion: tls.VersionTLS12, Certificate: Certificate{
		DNSNames: []string{HostName}, NotAfter: time.Now().Add(-time.Hour)}})
	started(t, s, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CertificatePEM())
	_, err = client(t, &tls.Config{RootCAs: roots, ServerName: HostName}).Get(s.URL())
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); !ok || invalid.Reason != x509.Expired {
		t.Errorf("got %v", err)
	}
}

func TestAGivenKeyPairIsServed(t *testing.T) {
	pair, err := Certificate{DNSNames: []string{HostName}}.issue(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13, KeyPair: pair})
	started(t, s, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CertificatePEM())
	resp, _ := get(t, client(t, &tls.Config{RootCAs: roots, ServerName: HostName}), s.URL()+"/stock/A1001")
	if resp.StatusCode != 200 || resp.TLS.Version != tls.VersionTLS13 || resp.ProtoMajor != 1 {
		t.Errorf("%s by %s, %s", resp.Status, tls.VersionName(resp.TLS.Version), resp.Proto)
	}
}
