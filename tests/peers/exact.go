//go:build linux

package peers

import (
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// Exact is a service of JAX-WS and WSS4J whose messages no proxy may write anew, and its
// clients. At /mtom it takes and gives 1 KiB as MTOM, at /swa as an attachment (SAAJ), at
// /signed it verifies the caller's signature over the body and wsa:To, and signs its answer.
type Exact struct {
	Addr string // host:port, plain HTTP

	program []string
}

// JAXWSExact starts an Exact.
func JAXWSExact(t testing.TB) Exact {
	t.Helper()
	needJAXWS(t)
	dir, classes := soapDir(t), t.TempDir()
	path := classes + jarPath(t, append([]string{"wss4j", "xmlsec", "commons-logging", "slf4j-api"}, jaxwsJars...))
	sources := filepath.Join(dir, "jaxws")
	if r := run(t, 2*readyWithin, "", nil, "javac", "-cp", path, "-d", classes, filepath.Join(sources, "Exact.java"), filepath.Join(sources, "Signature.java")); r.ExitCode != 0 {
		t.Fatalf("peers: javac: exit %d\n%s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	keys := filepath.Join(dir, "keys.p12")
	keytool(t, "-genkeypair", "-alias", "signer", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=signer", "-validity", "2", "-storetype", "PKCS12", "-keystore", keys, "-storepass", "changeit")

	program := append(fastJVM(), "-cp", path, "exact.Exact")
	p := start(t, command(t, "java", append(program, "serve", keys)...))
	return Exact{p.announced(t, regexp.MustCompile(`LISTEN (\S+)`)), append(program, "call", keys)}
}

// Call calls the three services below the URL base. The signed message is to the address to.
// It prints "mtom true", "swa true" and "signed é<&>" when all came as it was.
func (e Exact) Call(t testing.TB, base, to string) Result {
	t.Helper()
	return run(t, time.Minute, "", nil, "java", append(e.program, base, to)...)
}
