package tests

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// layers says who may import whom, from the outside to the inside: a package imports
// what is further in. Packages of one layer import each other only where besides says so.
var layers = [][]string{
	{"cmd"},
	{"console", "proxy", "certs", "door"},
	{"routes", "callers", "limit", "translate", "target", "audit", "metrics"},
	{"internal/legacy", "internal/durable", "internal/fault"},
}

// besides are the arrows within a layer.
var besides = map[[2]string]bool{{"console", "proxy"}: true, {"console", "certs"}: true, {"routes", "translate"}: true}

const (
	module = "twohop"
	stage  = "internal/legacy" // servers for the demo and the tests
	embeds = "twohop"          // the package at the root, with the demo's routes.yaml
)

// place returns the layer of a package and its name there. Packages below another
// belong to it: target/auth to target.
func place(pkg string) (layer int, name string) {
	path := strings.TrimPrefix(pkg, module+"/")
	for i, names := range layers {
		for _, name := range names {
			if path == name || strings.HasPrefix(path, name+"/") {
				return i, name
			}
		}
	}
	return -1, ""
}

// wrong says why from must not import to, "" when it may.
func wrong(from, to string) string {
	if strings.HasPrefix(from, module+"/tests") {
		return ""
	}
	if strings.HasPrefix(to, module+"/tests") {
		return "only tests import tests"
	}
	if from == embeds {
		return "the package at the root only embeds"
	}
	out, outer := place(from)
	if to == embeds {
		if outer != "cmd" {
			return "only cmd imports the package at the root"
		}
		return ""
	}
	in, inner := place(to)
	switch {
	case out < 0 || in < 0:
		return "a package has no layer; give it one in imports_test.go and in the architecture page"
	case inner == stage && outer != "cmd":
		return "only cmd and tests start legacy servers"
	case outer == "internal/durable" || outer == "internal/fault":
		return "it imports nothing of ours"
	case out > in:
		return "the arrow runs back"
	case out == in && outer != inner && !besides[[2]string{outer, inner}]:
		return "packages of one layer do not know each other"
	}
	return ""
}

func TestImportsRunOneWay(t *testing.T) {
	root := moduleRoot(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	arrows := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, to := range p.Imports {
			if to != module && !strings.HasPrefix(to, module+"/") {
				continue
			}
			arrows++
			if why := wrong(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
	if arrows < 10 {
		t.Errorf("only %d imports seen: the test looks at nothing", arrows)
	}
}

// TestWrongArrowsAreFound tries the rule itself.
func TestWrongArrowsAreFound(t *testing.T) {
	for arrow, bad := range map[[2]string]bool{
		{"cmd/twohop", "console"}: false, {"cmd/twohop", "internal/legacy"}: false, {"console", "proxy"}: false, {"proxy", "routes"}: false,
		{"target", "target/auth"}: false, {"certs", "internal/fault"}: false, {"cmd/twohop", "door"}: false, {"door", "metrics"}: false, {"tests/peers", "proxy"}: false, {"audit", "internal/durable"}: false,
		{"proxy", "console"}: true, {"proxy", "certs"}: true, {"door", "proxy"}: true, {"door", "routes"}: false, {"routes", "proxy"}: true, {"target", "audit"}: true, {"limit", "metrics"}: true,
		{"metrics", "audit"}: true, {"proxy", "internal/legacy"}: true, {"internal/fault", "internal/durable"}: true, {"internal/durable", "routes"}: true,
		{"proxy", "tests/peers"}: true, {"routes", "target/auth"}: true, {"proxy", "utilities"}: true,
	} {
		if why := wrong(module+"/"+arrow[0], module+"/"+arrow[1]); (why != "") != bad {
			t.Errorf("%s to %s: %q", arrow[0], arrow[1], why)
		}
	}
	if wrong(module+"/proxy", module) == "" || wrong(module+"/cmd/twohop", module) != "" {
		t.Error("the package at the root is for cmd alone")
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	return filepath.Clean(strings.TrimSpace(string(out)))
}
