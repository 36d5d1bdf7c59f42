//go:build linux

package peers

import (
	"crypto/tls"
	"path/filepath"
	"regexp"
	"testing"
)

// OpenSSLOptions says how `openssl s_server` is to behave. The zero value is TLS 1.0
// with a LegacyIdentity.
type OpenSSLOptions struct {
	Version  uint16            // the only version it speaks: tls.VersionTLS10 (default), 11 or 12
	Ciphers  string            // OpenSSL cipher list; default "ALL:@SECLEVEL=0"
	Identity *Identity         // default LegacyIdentity
	Files    map[string]string // served by name; default "index.html"
	Args     []string          // more arguments, such as "-Verify", "1"
}

// OpenSSL starts an HTTP/1.0 server that answers GET /NAME with a file and then closes.
// It serves one connection at a time and knows no other method. Debian builds it without
// SSLv3, RC4, DES and 3DES.
func OpenSSL(t testing.TB, o OpenSSLOptions) Server {
	t.Helper()
	if o.Identity == nil {
		o.Identity = LegacyIdentity(t)
	}
	if o.Ciphers == "" {
		o.Ciphers = "ALL:@SECLEVEL=0"
	}
	if o.Files == nil {
		o.Files = map[string]string{"index.html": "<p>openssl s_server</p>\n"}
	}
	dir := t.TempDir()
	for name, content := range o.Files {
		writeFile(t, filepath.Join(dir, "www", name), content)
	}
	args := append([]string{
		"s_server", "-accept", "127.0.0.1:0", "-WWW", opensslVersion(t, o.Version),
		"-cert", o.Identity.CertPEM, "-key", o.Identity.KeyPEM, "-cipher", o.Ciphers,
	}, o.Args...)
	cmd := command(t, "openssl", args...)
	cmd.Dir = filepath.Join(dir, "www")
	cmd.Env = append(cmd.Environ(), "OPENSSL_CONF="+legacyConf(t, dir))

	p := start(t, cmd)
	addr := p.announced(t, regexp.MustCompile(`ACCEPT (\S+)`))
	p.reachable(t, dialTo(addr))
	return o.Identity.server(addr)
}

func opensslVersion(t testing.TB, v uint16) string {
	t.Helper()
	switch v {
	case 0, tls.VersionTLS10:
		return "-tls1"
	case tls.VersionTLS11:
		return "-tls1_1"
	case tls.VersionTLS12:
		return "-tls1_2"
	}
	t.Fatalf("peers: OpenSSL peers speak TLS 1.0, 1.1 or 1.2, not %s", tls.VersionName(v))
	return ""
}

// legacyConf writes an OpenSSL configuration that takes back what newer releases and
// Debian's own file forbid, so that the peer does not depend on the machine's policy.
func legacyConf(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "openssl.cnf")
	writeFile(t, path, `openssl_conf = init
[init]
providers = providers
ssl_conf = ssl
[providers]
default = on
legacy = on
[on]
activate = 1
[ssl]
system_default = policy
[policy]
Options = UnsafeLegacyRenegotiation
CipherString = ALL:@SECLEVEL=0
`)
	return path
}
