//go:build linux

package peers

import (
	_ "embed"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

//go:embed java/LegacyServer.java
var legacyServer string

// How a Java server speaks HTTP.
const (
	JavaHTTP11        = "http11"         // keep-alive and Content-Length
	JavaHTTP10        = "http10"         // neither: an answer ends with its connection
	JavaRefuseChunked = "refuse-chunked" // JavaHTTP11, but 411 to a chunked request
)

// JavaOptions says how the JSSE server is to behave. The zero value is TLS 1.0 with
// SSL_RSA_WITH_RC4_128_SHA and SSL_RSA_WITH_3DES_EDE_CBC_SHA over HTTP/1.1.
type JavaOptions struct {
	Protocols []string // JSSE names; default "TLSv1"
	Suites    []string // JSSE names
	Mode      string   // default JavaHTTP11
	SigAlg    string   // of its own RSA-1024 certificate; default "SHA1withRSA"
	JVM       []string // options for the virtual machine, such as "-Djdk.tls.ephemeralDHKeySize=1024"
}

// JavaAnswer is what the Java server says about a request, as JSON, with status 200.
type JavaAnswer struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Served  int      `json:"served"`  // the request's number on its connection, from 1
	Length  int64    `json:"length"`  // bytes of the body
	SHA256  string   `json:"sha256"`  // of the body, hex
	Headers []string `json:"headers"` // lines as received, in order, with their case
}

// Java starts an HTTPS server on Java's TLS with every restriction of the runtime lifted:
// SSLv3 to TLS 1.2, RC4, 3DES, DES and export suites. It answers any method with a
// JavaAnswer. Its certificate is RSA-1024, CN-only and made by keytool.
func Java(t testing.TB, o JavaOptions) Server {
	t.Helper()
	if o.Protocols == nil {
		o.Protocols = []string{"TLSv1"}
	}
	if o.Suites == nil {
		o.Suites = []string{"SSL_RSA_WITH_RC4_128_SHA", "SSL_RSA_WITH_3DES_EDE_CBC_SHA"}
	}
	if o.Mode == "" {
		o.Mode = JavaHTTP11
	}
	if o.SigAlg == "" {
		o.SigAlg = "SHA1withRSA"
	}
	dir := t.TempDir()
	id := Identity{CertPEM: filepath.Join(dir, "cert.pem")}
	store := filepath.Join(dir, "keys.p12")
	const password = "changeit" // keytool takes none shorter than six characters
	keytool(t, "-genkeypair", "-alias", "server", "-keyalg", "RSA", "-keysize", "1024", "-sigalg", o.SigAlg,
		"-dname", "CN=legacy.example", "-validity", "2", "-storetype", "PKCS12", "-keystore", store, "-storepass", password)
	keytool(t, "-exportcert", "-rfc", "-alias", "server", "-keystore", store, "-storepass", password, "-file", id.CertPEM)
	id.SPKIPin = pinOf(t, id.CertPEM)

	source := filepath.Join(dir, "LegacyServer.java")
	writeFile(t, source, legacyServer)
	args := append(fastJVM(), o.JVM...)
	args = append(args, source, strings.Join(o.Protocols, ","), strings.Join(o.Suites, ","), store, password, o.Mode)
	p := start(t, command(t, "java", args...))
	addr := p.announced(t, regexp.MustCompile(`ACCEPT (\S+)`))
	p.reachable(t, dialTo(addr))
	return id.server(addr)
}

// fastJVM are the options that shorten the start of a short-lived program.
func fastJVM() []string {
	return []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"}
}

func keytool(t testing.TB, args ...string) {
	t.Helper()
	for _, option := range fastJVM() {
		args = append(args, "-J"+option)
	}
	if r := run(t, 30*time.Second, "", nil, "keytool", args...); r.ExitCode != 0 {
		t.Fatalf("peers: keytool %v: exit %d\n%s%s", args, r.ExitCode, r.Stdout, r.Stderr)
	}
}
