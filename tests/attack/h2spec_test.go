//go:build linux

package attack

import (
	"encoding/xml"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// h2spec builds the tool from its module under tests/tools.
func h2spec(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(moduleRoot(t), "tests", "tools", "h2spec")
	get := exec.CommandContext(t.Context(), "go", "mod", "download")
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		absent(t, "the module of h2spec cannot be had: %v\n%s", err, out)
	}
	tool := filepath.Join(t.TempDir(), "h2spec")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", dir, "-o", tool, "github.com/summerwind/h2spec/cmd/h2spec").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return tool
}

// verdict is a case of h2spec: "id | case".
type verdict struct {
	id, name string
	failed   string // what came instead, "" when it passed
}

func (v verdict) String() string { return v.id + " | " + v.name }

// TestH2spec holds the HTTP/2 of the front door to RFC 7540 and 7541, strict cases too.
func TestH2spec(t *testing.T) {
	tool := h2spec(t)
	ours, _ := startOurs(t, options{})
	known := baseline(t)
	all := runH2spec(t, tool, ours.addr)
	if len(all) < 140 {
		t.Errorf("h2spec ran %d cases only", len(all))
	}
	passed := 0
	for _, v := range all {
		switch reason := known[v.String()]; {
		case v.failed == "" && reason != "":
			t.Errorf("passes, and testdata/h2spec.txt says that it cannot: %s", v)
		case v.failed == "":
			passed++
		case reason == "" && !passesAlone(t, tool, ours.addr, v): // h2spec waits 2 s, and the machine may be busy
			t.Errorf("failed: %s\n%s", v, v.failed)
		}
		delete(known, v.String())
	}
	for name := range known {
		t.Errorf("testdata/h2spec.txt names a case that h2spec does not know: %s", name)
	}
	t.Logf("%d cases, %d passed", len(all), passed)
}

func passesAlone(t *testing.T, tool, addr string, v verdict) bool {
	for _, again := range runH2spec(t, tool, addr, v.id) {
		if again.name == v.name {
			return again.failed == ""
		}
	}
	return false
}

func runH2spec(t *testing.T, tool, addr string, specs ...string) (list []verdict) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report.xml")
	args := append([]string{"--tls", "--insecure", "--strict", "--timeout", "2", "--host", host, "--port", port, "--path", "/open/a", "--junit-report", report}, specs...)
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput() // it fails when any case does
	text, readErr := os.ReadFile(report)
	if readErr != nil {
		t.Fatalf("h2spec: %v, %v\n%s", err, readErr, out)
	}
	var doc struct {
		Suites []struct {
			Cases []struct {
				ID      string  `xml:"package,attr"`
				Name    string  `xml:"classname,attr"`
				Failure *string `xml:"failure"`
				Error   *string `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Suites {
		for _, c := range s.Cases {
			v := verdict{id: c.ID, name: c.Name}
			if c.Failure != nil || c.Error != nil {
				v.failed = fmt.Sprintf("expected one of these, and got the last:\n%s%s", deref(c.Failure), deref(c.Error))
			}
			list = append(list, v)
		}
	}
	return list
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// baseline reads testdata/h2spec.txt: "id | case" to reason.
func baseline(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "h2spec.txt"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		part := strings.Split(line, " | ")
		if len(part) != 3 || part[2] == "" {
			t.Fatalf("testdata/h2spec.txt: %q: want id | case | reason", line)
		}
		known[part[0]+" | "+part[1]] = part[2]
	}
	return known
}
