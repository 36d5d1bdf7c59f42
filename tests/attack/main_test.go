//go:build linux

package attack

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write docs/attacks.md anew from the table and what was seen")

// scratch holds the binaries; it is removed when the tests have run.
var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if scratch, err = os.MkdirTemp("", "twohop-attack-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(scratch)
		os.Exit(code)
	}))
}

// buildRace makes the binary with the race detector, buildPlain as it is released; each
// once for all tests.
var (
	buildRace  = sync.OnceValues(func() (string, error) { return build("twohop-race", "-race") })
	buildPlain = sync.OnceValues(func() (string, error) { return build("twohop") })
)

func build(name string, flags ...string) (string, error) {
	path := filepath.Join(scratch, name)
	out, err := exec.Command("go", append(append([]string{"build"}, flags...), "-o", path, "twohop/cmd/twohop")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// absent skips the test, or fails it when CI=true: what is missing must not go unseen.
func absent(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf("SKIPPED, NOT TESTED: "+format, args...)
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	return filepath.Clean(strings.TrimSpace(string(out)))
}
