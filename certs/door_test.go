package certs

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheFullChainIsSent(t *testing.T) {
	p := newPKI(t)
	n := p.mid.ca(t, "Test Issuing").leaf(t, ecKey(t), "a.example.com")
	m := open(t, Config{Files: []File{n.file(t, t.TempDir(), "a")}}, Options{})
	cs, err := dial(t, listen(t, m.TLS()), &tls.Config{RootCAs: p.pool(), ServerName: "a.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cs.PeerCertificates[1:] {
		got = append(got, c.Subject.CommonName)
	}
	if d := cmp.Diff([]string{"Test Issuing", "Test Intermediate"}, got); d != "" {
		t.Errorf("intermediates sent, -want +got:\n%s", d)
	}
}

func TestVersionsAndSuites(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	m := open(t, Config{Files: []File{
		p.mid.leaf(t, ecKey(t), "ec.example.com").file(t, dir, "ec"),
		p.mid.leaf(t, anRSAKey(t), "rsa.example.com").file(t, dir, "rsa"),
		p.mid.leaf(t, ecKey(t), "both.example.com").file(t, dir, "both-ec"),
		p.mid.leaf(t, anRSAKey(t), "both.example.com").file(t, dir, "both-rsa"),
	}, Default: "both.example.com"}, Options{})
	addr := listen(t, m.TLS())

	const v10, v11, v12, v13 = tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13
	aead := []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	rsaOnly := aead[3:]
	cbc := []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	}
	static := []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384}

	type test struct {
		name, host string
		min, max   uint16
		suites     []uint16
		want       string // the kind of key shown, or a part of the error
	}
	tests := []test{
		{"TLS 1.3", "ec.example.com", v12, v13, nil, "ECDSA"},
		{"TLS 1.2 with ECDSA", "ec.example.com", v12, v12, nil, "ECDSA"},
		{"TLS 1.2 with RSA", "rsa.example.com", v12, v12, nil, "RSA"},
		{"TLS 1.1 is refused", "rsa.example.com", v11, v11, nil, "protocol version not supported"},
		{"TLS 1.0 is refused", "rsa.example.com", v10, v10, nil, "protocol version not supported"},
		{"a CBC-only caller is refused, ECDSA", "ec.example.com", v12, v12, cbc, "handshake failure"},
		{"a CBC-only caller is refused, RSA", "rsa.example.com", v12, v12, cbc, "handshake failure"},
		{"static RSA is refused", "rsa.example.com", v12, v12, static, "handshake failure"},
		{"the first of two kinds of key is preferred", "both.example.com", v12, v12, nil, "ECDSA"},
		{"an RSA-only caller gets the RSA certificate", "both.example.com", v12, v12, rsaOnly, "RSA"},
		{"an RSA-only caller of an unknown host gets the RSA certificate", "unknown.example.com", v12, v12, rsaOnly, "RSA"},
		{"an RSA-only caller without SNI gets the RSA certificate", "127.0.0.1", v12, v12, rsaOnly, "RSA"},
	}
	for _, s := range aead {
		host := "rsa.example.com"
		if strings.Contains(tls.CipherSuiteName(s), "ECDSA") {
			host = "ec.example.com"
		}
		kind, _, _ := strings.Cut(strings.TrimPrefix(tls.CipherSuiteName(s), "TLS_ECDHE_"), "_")
		tests = append(tests, test{tls.CipherSuiteName(s), host, v12, v12, []uint16{s}, kind})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cs, err := dial(t, addr, &tls.Config{
				ServerName: tt.host, InsecureSkipVerify: true,
				MinVersion: tt.min, MaxVersion: tt.max, CipherSuites: tt.suites,
			})
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = cs.PeerCertificates[0].PublicKeyAlgorithm.String()
			}
			if !strings.Contains(got, tt.want) || (err == nil) != (got == tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestALPN(t *testing.T) {
	m := open(t, Config{Files: []File{newPKI(t).mid.leaf(t, ecKey(t), "a.example.com").file(t, t.TempDir(), "a")}}, Options{})
	addr := listen(t, m.TLS())
	for _, tt := range []struct {
		name  string
		offer []string
		want  string
	}{
		{"h2 is preferred", []string{"http/1.1", "h2"}, "h2"},
		{"http/1.1 alone", []string{"http/1.1"}, "http/1.1"},
		{"a caller without ALPN, as .NET Framework is", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cs, err := dial(t, addr, &tls.Config{InsecureSkipVerify: true, NextProtos: tt.offer})
			if err != nil || cs.NegotiatedProtocol != tt.want {
				t.Errorf("got %q, %v; want %q", cs.NegotiatedProtocol, err, tt.want)
			}
		})
	}
}

func TestWhichCertificateIsShown(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	a := p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")
	b := p.mid.leaf(t, ecKey(t), "b.example.com", "*.wild.example.com").file(t, dir, "b")
	ip := p.mid.leaf(t, ecKey(t), "c.example.com", "127.0.0.1").file(t, dir, "ip")
	for _, tt := range []struct {
		name  string
		c     Config
		hello string // an IP address stands for no SNI
		want  string // first DNS name
	}{
		{"by its name", Config{Files: []File{a, b}}, "b.example.com", "b.example.com"},
		{"by its name in capitals", Config{Files: []File{a, b}}, "B.EXAMPLE.com", "b.example.com"},
		{"by a wildcard", Config{Files: []File{a, b}}, "x.wild.example.com", "b.example.com"},
		{"no SNI, no default: the first", Config{Files: []File{a, b}}, "127.0.0.1", "a.example.com"},
		{"no SNI: the default", Config{Files: []File{a, b}, Default: "b.example.com"}, "127.0.0.1", "b.example.com"},
		{"no SNI: a default under a wildcard", Config{Files: []File{a, b}, Default: "y.wild.example.com"}, "127.0.0.1", "b.example.com"},
		{"no SNI: the first host", Config{Files: []File{a, b}, Hosts: []string{"none.example.com", "b.example.com"}}, "127.0.0.1", "b.example.com"},
		{"no SNI: the address called", Config{Files: []File{a, ip}}, "127.0.0.1", "c.example.com"},
		{"unknown SNI: the default", Config{Files: []File{a, b}, Default: "b.example.com"}, "other.example.org", "b.example.com"},
		{"unknown SNI that is no host name: the default", Config{Files: []File{a, b}, Default: "b.example.com"}, "my_host.example.org", "b.example.com"},
		{"unknown SNI of odd characters: the default", Config{Files: []File{a, b}, Default: "b.example.com"}, "xn--(.example.org", "b.example.com"},
		{"no SNI: a default that is an address", Config{Files: []File{a, ip}, Default: "127.0.0.1"}, "127.0.0.1", "c.example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := open(t, tt.c, Options{})
			got := shown(t, listen(t, m.TLS()), &tls.Config{ServerName: tt.hello, InsecureSkipVerify: true})
			if got.DNSNames[0] != tt.want {
				t.Errorf("got the certificate of %s, want %s", got.DNSNames[0], tt.want)
			}
		})
	}
}

// A client that makes a connection for each call, as X++ code does, must not pay
// for a full handshake each time, nor trip over a renewal.
func TestSessionsResumeAcrossReload(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			p := newPKI(t)
			dir := t.TempDir()
			p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")
			m := open(t, Config{Files: []File{{Cert: dir + "/a.pem", Key: dir + "/a.key"}}}, Options{})
			addr := listen(t, m.TLS())
			conf := &tls.Config{
				RootCAs: p.pool(), ServerName: "a.example.com", MaxVersion: v,
				ClientSessionCache: tls.NewLRUClientSessionCache(1),
			}
			call := func(when string, want bool) {
				t.Helper()
				cs, err := dial(t, addr, conf)
				if err != nil || cs.DidResume != want {
					t.Errorf("%s: resumed %v, %v; want %v", when, cs.DidResume, err, want)
				}
			}
			call("first", false)
			call("second", true)
			p.mid.leaf(t, ecKey(t), "a.example.com").file(t, dir, "a")
			if got := m.polls(t, 2); len(got) != 1 || got[0].Change != Replaced {
				t.Fatalf("events %v", got)
			}
			call("after the reload", true)
			conf.ClientSessionCache = nil
			call("without a ticket", false)
		})
	}
}

func TestTheCallerOfTLSMayChangeIt(t *testing.T) {
	m := open(t, Config{Files: []File{newPKI(t).mid.leaf(t, ecKey(t), "a.example.com").file(t, t.TempDir(), "a")}}, Options{})
	a := m.TLS()
	a.ClientAuth, a.ClientCAs, a.CipherSuites[0] = tls.RequireAnyClientCert, x509.NewCertPool(), 0
	if b := m.TLS(); b.ClientAuth != tls.NoClientCert || b.CipherSuites[0] == 0 {
		t.Error("two values of TLS share state")
	}
}
