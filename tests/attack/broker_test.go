//go:build linux

package attack

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"twohop/tests/peers"
)

// key is the API key of the caller erp.
const key = "key-of-the-caller-erp-0123456789abcdef"

// config has the same routes as peers.Reverse: /open/ for everybody, /keyed/ for erp.
const config = `
listen: [{address: "127.0.0.1:0", hosts: [localhost, 127.0.0.1]}]
certificates: {files: [{cert: CERT, key: KEY}]}
admin: {address: "127.0.0.1:0", socket: admin.sock}
audit: {dir: audit}
shutdown: {drain: 0s, limit: 5s}
callers: {erp: {api_key: {sha256: "HASH"}}CALLERS}
defaults: {methods: [GET, HEAD, POST, PUT, OPTIONS]}
routes:
  - {name: open, hosts: [localhost, 127.0.0.1], path: /open/*, callers: [anyone], target: {url: "http://TARGET/open"}}
  - {name: keyed, hosts: [localhost, 127.0.0.1], path: /keyed/*, callers: [erp], target: {url: "http://TARGET/keyed"}}
`

// broker is a running twohop.
type broker struct {
	t        testing.TB
	identity *peers.Identity
	addr     string
	dir      string
	cmd      *exec.Cmd
	exited   chan struct{}
}

var listening = regexp.MustCompile(`msg=listening what="front door" address=(\S+)`)

// options say how twohop is started.
type options struct {
	plain   bool   // without the race detector, whose memory is a multiple
	callers string // YAML that is added to the callers
}

// startBroker runs the binary in front of target until the test ends.
func startBroker(t testing.TB, id *peers.Identity, target string, o options) *broker {
	t.Helper()
	build := buildRace
	if o.plain {
		build = buildPlain
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "th-") // short: a Unix socket lies below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	text := strings.NewReplacer("CERT", id.CertPEM, "KEY", id.KeyPEM, "TARGET", target, "CALLERS", o.callers,
		"HASH", fmt.Sprintf("%x", sha256.Sum256([]byte(key)))).Replace(config)
	file := filepath.Join(dir, "routes.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "twohop.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() // the broker has its own descriptor
	b := &broker{t: t, identity: id, dir: dir, cmd: exec.Command(binary, "serve", file), exited: make(chan struct{})}
	b.cmd.Env = append(b.cmd.Environ(), "GORACE=atexit_sleep_ms=20")
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	b.cmd.Stdout, b.cmd.Stderr = out, out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		b.cmd.Wait() // judged by its log
		close(b.exited)
	}()
	t.Cleanup(b.stop)
	for end := time.Now().Add(30 * time.Second); b.addr == ""; time.Sleep(10 * time.Millisecond) {
		if m := listening.FindStringSubmatch(b.log()); m != nil {
			b.addr = m[1]
		}
		if time.Now().After(end) || !b.alive() {
			t.Fatalf("the broker does not listen:\n%s", b.log())
		}
	}
	return b
}

func (b *broker) log() string {
	text, err := os.ReadFile(filepath.Join(b.dir, "twohop.log"))
	if err != nil {
		b.t.Error(err)
	}
	return string(text)
}

func (b *broker) alive() bool {
	select {
	case <-b.exited:
		return false
	default:
		return true
	}
}

// stop ends the broker and looks for what must never stand in its log.
func (b *broker) stop() {
	if !b.alive() {
		b.t.Errorf("the broker ended by itself: %v", b.cmd.ProcessState)
	}
	b.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-b.exited:
	case <-time.After(20 * time.Second):
		b.cmd.Process.Kill()
		<-b.exited
		b.t.Error("the broker did not stop")
	}
	log := b.log()
	for _, never := range []string{"panic", "DATA RACE", key} {
		if i := strings.Index(log, never); i >= 0 {
			b.t.Errorf("the broker's log has %q:\n%.3000s", never, log[max(0, i-200):])
		}
	}
}

// memory returns a figure of /proc/PID/status in bytes: VmRSS, or VmHWM for the most so far.
func (b *broker) memory(name string) int64 {
	b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		b.t.Fatalf("the broker is gone: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				b.t.Fatal(err)
			}
			return kib << 10
		}
	}
	b.t.Fatalf("no %s in %s", name, text)
	return 0
}
