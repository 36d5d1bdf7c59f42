//go:build linux

package peers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// trust puts a certificate into the user's trust store of Mono below home. Its TLS engine
// looks certificates up as OpenSSL does: in files named by the hash of the subject.
func trust(t testing.TB, home, ca string) {
	t.Helper()
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	r := run(t, 10*time.Second, "", nil, "openssl", "x509", "-in", ca, "-noout", "-subject_hash")
	if r.ExitCode != 0 {
		t.Fatalf("peers: %s: %s", ca, r.Stderr)
	}
	file := strings.TrimSpace(r.Stdout) + ".0"
	writeFile(t, filepath.Join(home, ".mono", "new-certs", "Trust", file), string(text))
}
