//go:build linux

package tests

import (
	"fmt"
	"strings"
	"testing"

	"twohop/tests/peers"
)

// TestLegacyServersAreReached calls servers whose certificate (RSA-1024, SHA-1, a name
// in the CN alone) only a pin can vouch for.
func TestLegacyServersAreReached(t *testing.T) {
	for _, c := range []struct {
		name, weak, tls string
		start           func(*testing.T) peers.Server
		suite, body     string
	}{
		{"OpenSSL, RSA key exchange", "tls1.0, rsa_key_exchange", "suites: [TLS_RSA_WITH_AES_128_CBC_SHA]",
			func(t *testing.T) peers.Server {
				return peers.OpenSSL(t, peers.OpenSSLOptions{Ciphers: "AES128-SHA:@SECLEVEL=0", Files: map[string]string{"stock": "42 pieces\n"}})
			}, "TLS_RSA_WITH_AES_128_CBC_SHA", "42 pieces\n"},
		{"OpenSSL, suites as the exception allows", "tls1.0", "",
			func(t *testing.T) peers.Server {
				return peers.OpenSSL(t, peers.OpenSSLOptions{Files: map[string]string{"stock": "42 pieces\n"}})
			}, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "42 pieces\n"},
		{"GnuTLS, 3DES", "tls1.0, 3des, rsa_key_exchange", "",
			func(t *testing.T) peers.Server {
				return peers.GnuTLS(t, peers.GnuTLSOptions{Priority: peers.GnuTLS103DES})
			},
			"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "GnuTLS"},
		{"GnuTLS, RC4", "tls1.0, rc4, rsa_key_exchange", "",
			func(t *testing.T) peers.Server {
				return peers.GnuTLS(t, peers.GnuTLSOptions{Priority: peers.GnuTLS10RC4})
			},
			"TLS_RSA_WITH_RC4_128_SHA", "GnuTLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := c.start(t)
			settings := "version: 1.0, pins: [\"" + s.SPKIPin + "\"]"
			if c.tls != "" {
				settings += ", " + c.tls
			}
			b := Start(t, exception(c.weak, s.Addr)+fmt.Sprintf(`
routes:
  - {name: old, path: /old/*, callers: [erp], target: {url: "https://%s/", exception: OLD, tls: {%s}}}
`, s.Addr, settings))
			a := b.Call("GET", "/old/stock", "")
			if a.StatusCode != 200 || !strings.Contains(a.Body, c.body) {
				t.Fatalf("got %s, %.300q", a.Status, a.Body)
			}
			r := b.End(a.Correlation())
			if r.ProxyTLS.Version != "TLS 1.0" || r.ProxyTLS.Cipher != c.suite || r.Unmapped.Verified != "pin" || r.Policy.UID != "OLD" {
				t.Errorf("the record says %+v, verified by %q under %q", r.ProxyTLS, r.Unmapped.Verified, r.Policy.UID)
			}
			if r.TLS.Version != "TLS 1.3" || fmt.Sprintf("%s:%d", r.Proxy.IP, r.Proxy.Port) != s.Addr {
				t.Errorf("the record says %+v to %+v", r.TLS, r.Proxy)
			}
		})
	}
}
