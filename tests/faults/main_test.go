//go:build linux

package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// scratch holds the programs; it is removed when the tests have run.
var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	// The rows wait for time limits more than they compute.
	if p := flag.Lookup("test.parallel"); p != nil && p.Value.String() == p.DefValue {
		p.Value.Set("8")
	}
	var err error
	if scratch, err = os.MkdirTemp("", "twohop-faults-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.RemoveAll(scratch)
	os.Exit(code)
}

// compiled builds a program into scratch, once for all tests.
func compiled(name string, args ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		path := filepath.Join(scratch, name)
		out, err := exec.Command("go", append([]string{"build", "-o", path}, args...)...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return path, nil
	})
}

var (
	twohop         = compiled("twohop", "-race", "twohop/cmd/twohop")
	toxiproxyBuilt = sync.OnceValues(func() (string, error) {
		path := filepath.Join(scratch, "toxiproxy")
		out, err := exec.Command("go", "build", "-C", "../tools/toxiproxy", "-o", path, "github.com/Shopify/toxiproxy/v2/cmd/server").CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go build toxiproxy: %w\n%s", err, out)
		}
		return path, nil
	})
)

// absent skips the test, or fails it when CI=true: a build machine that lacks something
// must not call the tests passed.
func absent(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf("SKIPPED, NOT TESTED: "+format, args...)
}

// need ends the test as absent does when a program is missing.
func need(t testing.TB, program, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		absent(t, "%s is not installed; apt-get install %s (see tests/peers/packages.txt)", program, debianPackage)
	}
}

// eventually polls until ok or fails the test.
func eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain for %s", limit, what)
		}
	}
}

// fill replaces words of a text: pairs of word and text.
func fill(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
