//go:build linux

package peers

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
)

func TestOpenSSL(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			s := OpenSSL(t, OpenSSLOptions{Version: version, Files: map[string]string{"stock": "42"}})
			resp, body := fetch(t, client(t, s.SPKIPin, version), request(t, "GET", "https://"+s.Addr+"/stock", ""))
			if resp.TLS.Version != version || body != "42" {
				t.Errorf("got %s, %q", tls.VersionName(resp.TLS.Version), body)
			}
			if name := resp.TLS.PeerCertificates[0].SignatureAlgorithm.String(); name != "SHA1-RSA" {
				t.Errorf("the legacy certificate is signed with %s", name)
			}
		})
	}
	t.Run("a modern certificate on TLS 1.0", func(t *testing.T) {
		s := OpenSSL(t, OpenSSLOptions{Identity: ModernIdentity(t)})
		resp, body := fetch(t, client(t, s.SPKIPin, tls.VersionTLS10), request(t, "GET", "https://"+s.Addr+"/index.html", ""))
		if name := resp.TLS.PeerCertificates[0].SignatureAlgorithm.String(); name != "SHA256-RSA" || !strings.Contains(body, "s_server") {
			t.Errorf("got %s, %q", name, body)
		}
	})
	t.Run("a client that wants TLS 1.2 is refused", func(t *testing.T) {
		s := OpenSSL(t, OpenSSLOptions{})
		if _, err := client(t, s.SPKIPin, tls.VersionTLS12).Get("https://" + s.Addr + "/"); err == nil {
			t.Error("TLS 1.2 was accepted")
		}
	})
}

func TestGnuTLS(t *testing.T) {
	for name, c := range map[string]struct {
		priority string
		suite    uint16
	}{
		"RC4":  {GnuTLS10RC4, tls.TLS_RSA_WITH_RC4_128_SHA},
		"3DES": {GnuTLS103DES, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
	} {
		t.Run(name, func(t *testing.T) {
			s := GnuTLS(t, GnuTLSOptions{Priority: c.priority})
			resp, body := fetch(t, client(t, s.SPKIPin, tls.VersionTLS10), request(t, "GET", "https://"+s.Addr+"/", ""))
			if resp.TLS.CipherSuite != c.suite || !strings.Contains(body, "GnuTLS") {
				t.Errorf("got %s, %.200q", tls.CipherSuiteName(resp.TLS.CipherSuite), body)
			}
		})
	}
	t.Run("two servers do not meet", func(t *testing.T) {
		a, b := GnuTLS(t, GnuTLSOptions{}), GnuTLS(t, GnuTLSOptions{})
		for _, s := range []Server{a, b} {
			resp, _ := fetch(t, client(t, s.SPKIPin, tls.VersionTLS10), request(t, "GET", "https://"+s.Addr+"/", ""))
			if resp.StatusCode != http.StatusOK {
				t.Errorf("status %d", resp.StatusCode)
			}
		}
	})
}

func TestNginx(t *testing.T) {
	s := Nginx(t, NginxOptions{LargeSize: 3 << 20})
	c := client(t, s.SPKIPin, tls.VersionTLS12)
	secure := "https://" + s.Addr

	t.Run("says what arrived, in the clear and over TLS", func(t *testing.T) {
		for _, base := range []string{secure, "http://" + s.PlainAddr} {
			req := request(t, "POST", base+"/a%20b?c=d", "xyz")
			req.Host = "target.example"
			req.Header.Set("Via", "1.1 broker")
			_, body := fetch(t, c, req)
			for _, line := range []string{"method POST", "host target.example", "uri /a%20b?c=d", "content-length 3", "via 1.1 broker"} {
				if !strings.Contains(body, line+"\n") {
					t.Errorf("%s: no %q in\n%s", base, line, body)
				}
			}
		}
	})
	t.Run("keeps a connection", func(t *testing.T) {
		first, _ := fetch(t, c, request(t, "GET", secure+"/", ""))
		second, _ := fetch(t, c, request(t, "GET", secure+"/", ""))
		if a, b := first.Header.Get("X-Connection"), second.Header.Get("X-Connection"); a != b {
			t.Errorf("connections %s and %s", a, b)
		}
	})
	t.Run("answers in chunks", func(t *testing.T) {
		resp, body := fetch(t, c, request(t, "GET", secure+"/chunked", ""))
		if len(resp.TransferEncoding) != 1 || body != "one GET two\n" {
			t.Errorf("got %v, %q", resp.TransferEncoding, body)
		}
	})
	t.Run("has a large file, a redirect to itself and a busy answer", func(t *testing.T) {
		if _, body := fetch(t, c, request(t, "GET", secure+"/large", "")); len(body) != 3<<20 {
			t.Errorf("%d bytes", len(body))
		}
		if resp, _ := fetch(t, c, request(t, "GET", secure+"/moved", "")); resp.Header.Get("Location") != secure+"/echo" {
			t.Errorf("Location %q", resp.Header.Get("Location"))
		}
		if resp, _ := fetch(t, c, request(t, "GET", secure+"/busy", "")); resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "7" {
			t.Errorf("got %s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
		}
	})
}
