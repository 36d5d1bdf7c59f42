package target

import (
	"bufio"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/tls"
	"crypto/x509"

	"twohop/internal/fault"
)

// TestATargetThatAsksAfterTheRequest has OpenSSL begin a second handshake when the
// request has come, as IIS and SAP do to get a client certificate.
func TestATargetThatAsksAfterTheRequest(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed (Debian: openssl):", err)
		}
		t.Skip("SKIPPED, NOT TESTED: openssl is not installed (Debian: openssl):", err)
	}
	cert := issue(t, nil, nil)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: cert.Leaf.Raw}, "key": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	server := exec.CommandContext(soon(t), openssl, "s_server", "-accept", addr, "-tls1_2", "-cert", filepath.Join(dir, "cert"), "-key", filepath.Join(dir, "key"))
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		server.Process.Kill()
		<-done
		server.Wait()
	})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "POST / ") {
				io.WriteString(in, "R\n") // renegotiate and ask for a certificate
			}
		}
	}()
	cfg := secure(addr)
	cfg.MaxVersion, cfg.Pins = tls.VersionTLS12, []string{Pin(cert.Leaf)}
	x := newTarget(t, cfg)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			break
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	_, _, err = call(x, request(t, x, "POST", "/", strings.NewReader("x")), patient)
	isFault(t, err, fault.TargetWantsCert, "client certificate")
}
