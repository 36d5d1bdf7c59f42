//go:build linux

package peers

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// OTLP is the OTLP receiver of the OpenTelemetry Collector, over TLS, for who shows a
// certificate of Client; it can be stopped, killed and started again.
type OTLP struct {
	Server
	Client *Identity
	Out    string // the file with what came
	Busy   string // while this file is there, nothing is taken

	t    testing.TB
	args []string
	bin  string
	p    *process
}

// RunOTLP builds the receiver from its module under tests/tools and starts it.
func RunOTLP(t testing.TB) *OTLP {
	t.Helper()
	bin := buildOTLP(t)
	dir, id := t.TempDir(), ModernIdentity(t)
	o := &OTLP{Server: id.server(freeAddr(t)), Client: ModernIdentity(t), Out: filepath.Join(dir, "out"), Busy: filepath.Join(dir, "busy"), t: t, bin: bin}
	o.args = []string{"-listen", o.Addr, "-out", o.Out, "-busy", o.Busy, "-cert", id.CertPEM, "-key", id.KeyPEM, "-clients", o.Client.CertPEM}
	o.Start()
	return o
}

func buildOTLP(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("peers: go env: %v", err)
	}
	module := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "tests", "tools", "otlp")
	get := exec.CommandContext(t.Context(), "go", "mod", "download")
	get.Dir = module
	if out, err := get.CombinedOutput(); err != nil {
		absent(t, "the module of the OTLP receiver cannot be had: %v\n%s", err, out)
	}
	bin := filepath.Join(t.TempDir(), "otlp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-C", module, "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("peers: go build: %v\n%s", err, out)
	}
	return bin
}

// Start starts it again.
func (o *OTLP) Start() {
	o.t.Helper()
	o.p = start(o.t, command(o.t, o.bin, o.args...))
	o.p.announced(o.t, regexp.MustCompile(`(ready)`))
}

// Stop ends it in order.
func (o *OTLP) Stop() { o.p.stop(o.t) }

// Kill ends it at once.
func (o *OTLP) Kill() { o.p.kill() }

// OTLPRecord is a log record as the Collector understood it.
type OTLPRecord struct {
	Resource, Attributes map[string]any
	Body, Event, Trace   string
	Severity             string
	Number               int32
	Time                 int64
}

// Index is the line's in its log.
func (r OTLPRecord) Index() int64 {
	n, _ := r.Attributes["twohop.index"].(float64)
	return int64(n)
}

// Records returns what came so far, in order.
func (o *OTLP) Records() (list []OTLPRecord) {
	o.t.Helper()
	text, err := os.ReadFile(o.Out)
	if err != nil && !os.IsNotExist(err) {
		o.t.Fatalf("peers: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		var r OTLPRecord
		if !strings.HasSuffix(line, "\n") {
			return list // it is being written
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			o.t.Fatalf("peers: the receiver wrote %q: %v", line, err)
		}
		list = append(list, r)
	}
	return list
}
