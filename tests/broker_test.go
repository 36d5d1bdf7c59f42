//go:build linux

package tests

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// scratch holds the binary; it is removed when the tests have run.
var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	// These tests wait for other processes more than they compute.
	if p := flag.Lookup("test.parallel"); p != nil && p.Value.String() == p.DefValue {
		p.Value.Set("5")
	}
	var err error
	if scratch, err = os.MkdirTemp("", "twohop-bin-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// build makes the binary, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	name := filepath.Join(scratch, "twohop")
	out, err := exec.Command("go", "build", "-race", "-o", name, "twohop/cmd/twohop").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// buildPlain makes the binary as it is used, without the race detector: for figures.
var buildPlain = sync.OnceValues(func() (string, error) {
	name := filepath.Join(scratch, "plain", "twohop")
	out, err := exec.Command("go", "build", "-o", name, "twohop/cmd/twohop").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// twohop returns the path of the binary.
func twohop(t testing.TB) string {
	t.Helper()
	name, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// raceOptions spares the second that a program with the race detector waits at its end.
const raceOptions = "GORACE=atexit_sleep_ms=20"

// Broker is a running twohop. Its callers erp and other have the keys Key and OtherKey.
type Broker struct {
	Dir   string // holds everything below, the audit log in audit
	File  string // its routes.yaml
	Addr  string // of the front door, 127.0.0.1:port
	URL   string // the same by name, https://localhost:port
	Admin string // http://127.0.0.1:port
	Probe string // 127.0.0.1:port of health.address, "" for none
	CA    string // PEM file that its callers trust
	Audit string // directory of the audit log, as this process reaches it

	Key, OtherKey string

	t       testing.TB
	cmd     *exec.Cmd
	wrap    func(command []string) []string
	env     []string
	exited  chan struct{}
	stopped bool
	secrets []string
}

// short makes a directory whose name leaves room for a Unix socket below it.
func short(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "th-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// New prepares a broker with config, in which the keys of ground may be missing.
// Start runs it.
func New(t testing.TB, config string) *Broker {
	t.Helper()
	dir := short(t)
	b := &Broker{t: t, Dir: dir, File: filepath.Join(dir, "routes.yaml"), Audit: filepath.Join(dir, "audit"),
		CA: filepath.Join(dir, "certificates", "local-ca.pem"), Key: "key-" + rand.Text(), OtherKey: "key-" + rand.Text()}
	b.Secret(b.Key, b.OtherKey)
	b.Write(config)
	return b
}

// Start runs a broker with config until the test ends.
func Start(t testing.TB, config string) *Broker {
	t.Helper()
	b := New(t, config)
	b.Start()
	return b
}

// Write replaces the broker's routes.yaml. Nothing happens before a reload.
func (b *Broker) Write(config string) {
	b.t.Helper()
	hash := func(key string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(key))) }
	ground := [][2]string{
		{"listen", `[{address: "127.0.0.1:0", hosts: [localhost, 127.0.0.1]}]`},
		{"certificates", `{local: true, dir: certificates}`},
		{"admin", `{address: "127.0.0.1:0", socket: admin.sock}`},
		{"audit", `{dir: audit}`},
		{"shutdown", `{drain: 0s, limit: 20s}`},
		{"callers", fmt.Sprintf(`{erp: {api_key: {sha256: "%s"}}, other: {api_key: {sha256: "%s"}}}`, hash(b.Key), hash(b.OtherKey))},
	}
	for _, g := range ground {
		if !regexp.MustCompile(`(?m)^` + g[0] + `:`).MatchString(config) {
			config = g[0] + ": " + g[1] + "\n" + config
		}
	}
	b.WriteFile("routes.yaml", config)
}

// WriteFile puts a file beside routes.yaml, in one step as a careful operator does.
func (b *Broker) WriteFile(name, text string) string {
	b.t.Helper()
	path := filepath.Join(b.Dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// Secret names texts that the broker must never show anywhere.
func (b *Broker) Secret(texts ...string) { b.secrets = append(b.secrets, texts...) }

var listening = regexp.MustCompile(`msg=listening what="?(front door|admin|health)"? address=(\S+)`)

// Start runs the prepared broker and returns when it is ready. One that has Ended may be
// started again.
func (b *Broker) Start() {
	b.t.Helper()
	b.Addr, b.stopped = "", false
	command := []string{twohop(b.t), "serve", b.File}
	if b.wrap != nil {
		command = b.wrap(command)
	}
	b.cmd = exec.Command(command[0], command[1:]...)
	b.cmd.Env = append(b.cmd.Environ(), append(b.env, raceOptions)...)
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	b.cmd.Stdout, b.cmd.Stderr = b.create("twohop.out"), b.create("twohop.log")
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	exited := make(chan struct{})
	b.exited = exited
	go func() {
		b.cmd.Wait() // judged by its exit code
		close(exited)
	}()
	b.t.Cleanup(b.finish)
	b.wait(20*time.Second, "the broker to be ready", func() bool {
		for _, m := range listening.FindAllStringSubmatch(b.Log(), -1) {
			switch {
			case m[1] == "admin":
				b.Admin = "http://" + m[2]
			case m[1] == "health":
				b.Probe = m[2]
			case b.Addr == "":
				b.Addr = m[2]
				b.URL = "https://localhost" + m[2][strings.LastIndex(m[2], ":"):]
			}
		}
		return b.Addr != "" && b.Ready() == http.StatusOK
	})
}

func (b *Broker) create(name string) *os.File {
	b.t.Helper()
	f, err := os.Create(filepath.Join(b.Dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { f.Close() })
	return f
}

// wait polls until ok or fails the test; an ended broker fails it at once.
func (b *Broker) wait(limit time.Duration, what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-b.exited:
			b.t.Fatalf("waiting for %s: the broker ended with %v", what, b.cmd.ProcessState)
		default:
		}
		if time.Now().After(end) {
			b.t.Fatalf("waited %v in vain for %s", limit, what)
		}
	}
}

// Ready returns the status of /readyz, 0 when nothing answers.
func (b *Broker) Ready() int {
	url := b.Admin
	if b.Probe != "" {
		url = "http://" + b.Probe
	}
	resp, err := http.Get(url + "/readyz")
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

// Signal sends the broker a signal.
func (b *Broker) Signal(s syscall.Signal) {
	b.t.Helper()
	if err := b.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		b.t.Fatal(err)
	}
}
