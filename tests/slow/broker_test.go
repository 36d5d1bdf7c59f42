//go:build linux

package slow

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var clients = flag.Int("clients", 200, "slow clients of each kind")

var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if scratch, err = os.MkdirTemp("", "twohop-slow-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// build makes the binary without the race detector, whose memory is not the product's.
var build = sync.OnceValues(func() (string, error) {
	name := filepath.Join(scratch, "twohop")
	cmd := exec.Command("go", "build", "-o", name, "twohop/cmd/twohop")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// honest is where honest callers come from; the broker's exempt names it.
const honest, key = "127.0.5.1", "key-of-the-honest-caller"

// Broker is a running twohop.
type Broker struct {
	t     testing.TB
	dir   string
	addr  string // of the front door
	admin string
	cmd   *exec.Cmd
	ended chan struct{}
}

// setting changes how a broker is started.
type setting func(*exec.Cmd)

func env(variable string) setting {
	return func(c *exec.Cmd) { c.Env = append(c.Environ(), variable) }
}

// inside starts the broker in a cgroup.
func inside(g *cgroup) setting {
	return func(c *exec.Cmd) {
		c.Args = append([]string{"sh", "-c", `echo $$ > "$0" && exec "$@"`, filepath.Join(g.dir, "cgroup.procs"), c.Path}, c.Args[1:]...)
		c.Path = "/bin/sh"
	}
}

// start runs a broker. listen holds further keys of its listener, target the address
// behind every route.
func start(t testing.TB, listen, target string, settings ...setting) *Broker {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "th-") // short, for the socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "routes.yaml")
	text := fmt.Sprintf(`listen: [{address: "127.0.0.1:0", hosts: [localhost, 127.0.0.1], exempt: [127.0.5.0/24]%s}]
certificates: {local: true}
admin: {address: "127.0.0.1:0", socket: admin.sock}
shutdown: {drain: 0s, limit: 2s}
callers: {erp: {api_key: {sha256: "%x"}}}
routes:
  - {name: keyed, path: /keyed/*, callers: [erp], target: {url: "http://%s/"}}
  - {name: open, path: /open/*, callers: [anyone], target: {url: "http://%[3]s/"}}
`, listen, sha256.Sum256([]byte(key)), target)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	b := &Broker{t: t, dir: dir, cmd: exec.Command(binary, "serve", file), ended: make(chan struct{})}
	b.cmd.Stderr = log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for _, set := range settings {
		set(b.cmd)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		b.cmd.Wait() // judged by what it served
		close(b.ended)
	}()
	t.Cleanup(b.stop)
	listening := regexp.MustCompile(`msg=listening what="?(front door|admin)"? address=(\S+)`)
	b.await("the broker to be ready", func() bool {
		for _, m := range listening.FindAllStringSubmatch(b.log(), -1) {
			if m[1] == "admin" {
				b.admin = "http://" + m[2]
			} else {
				b.addr = m[2]
			}
		}
		return b.addr != "" && b.admin != ""
	})
	return b
}

func (b *Broker) stop() {
	b.cmd.Process.Signal(syscall.SIGTERM) // ended already is fine
	select {
	case <-b.ended:
	case <-time.After(15 * time.Second):
		b.cmd.Process.Kill()
		<-b.ended
		b.t.Error("the broker did not stop within 15 s")
	}
	if log := b.log(); strings.Contains(log, "panic") || strings.Contains(log, "fatal error") {
		b.t.Errorf("the broker's log:\n%s", log)
	}
	if b.t.Failed() {
		log := b.log()
		b.t.Logf("the end of the broker's log:\n%s", log[max(0, len(log)-3000):])
	}
}

func (b *Broker) log() string {
	text, err := os.ReadFile(filepath.Join(b.dir, "log"))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// await polls until ok, for a minute at most.
func (b *Broker) await(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-b.ended:
			b.t.Fatalf("waiting for %s: the broker ended with %v", what, b.cmd.ProcessState)
		default:
		}
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// metric adds up the values of a metric whose line starts with prefix.
func (b *Broker) metric(prefix string) (sum float64) {
	b.t.Helper()
	resp, err := http.Get(b.admin + "/metrics")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
			if err != nil {
				b.t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

// memory returns what the process has in memory now and had at most, in MiB.
func (b *Broker) memory() (now, most float64) {
	b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f", &kib); err == nil {
			now = kib / 1024
		}
		if _, err := fmt.Sscanf(line, "VmHWM: %f", &kib); err == nil {
			most = kib / 1024
		}
	}
	return now, most
}

// processor returns the processor time that the process has used.
func (b *Broker) processor() time.Duration {
	b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.cmd.Process.Pid))
	if err != nil {
		b.t.Fatal(err)
	}
	var user, system int64 // the 14th and 15th field, in ticks of 10 ms; the 2nd ends with )
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// tls is a configuration for a caller that trusts the broker.
func (b *Broker) tls(protocol string) *tls.Config {
	b.t.Helper()
	pem, err := os.ReadFile(filepath.Join(b.dir, "certificates", "local-ca.pem"))
	if err != nil {
		b.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{protocol}}
}
