//go:build linux

package faults

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"twohop/audit/trail"
)

// Broker is a running twohop with one caller, erp.
type Broker struct {
	Dir, Addr, Admin, Audit, Key string

	t      testing.TB
	cmd    *exec.Cmd
	admin  *http.Client // keeps its one connection, so that looking changes nothing
	exited chan struct{}
}

// options are what a broker is run with.
type options struct {
	wrap func(command []string, audit string) []string // another program around it
	env  []string
	dial func(ctx context.Context, addr string) (net.Conn, error) // to the admin address; nil for the ordinary way
}

var listening = regexp.MustCompile(`msg=listening what="?(front door|admin)"? address=(\S+)`)

// newBroker prepares a broker with config, which needs only exceptions and routes.
func newBroker(t testing.TB, config string) *Broker {
	t.Helper()
	dir, err := os.MkdirTemp("", "th-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &Broker{Dir: dir, Audit: filepath.Join(dir, "audit"), Key: "key-" + rand.Text(), t: t}
	ground := "admin: {address: \"127.0.0.1:0\", socket: admin.sock}\ncertificates: {local: true, dir: certificates}\naudit: {dir: audit}\n" +
		"shutdown: {drain: 0s, limit: 5s}\n" + fmt.Sprintf("callers: {erp: {api_key: {sha256: \"%x\"}}}\n", sha256.Sum256([]byte(b.Key)))
	if !strings.Contains(config, "listen:") {
		ground += "listen: [{address: \"127.0.0.1:0\", hosts: [localhost], header_timeout: 2s}]\n"
	}
	if err := os.WriteFile(b.file(), []byte(ground+config), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *Broker) file() string { return filepath.Join(b.Dir, "routes.yaml") }

// Start runs the broker and returns when it serves. It ends with the test.
func (b *Broker) Start(o options) {
	b.t.Helper()
	program, err := twohop()
	if err != nil {
		b.t.Fatal(err)
	}
	command := []string{program, "serve", b.file()}
	if o.wrap != nil {
		command = o.wrap(command, b.Audit)
	}
	log, err := os.Create(filepath.Join(b.Dir, "twohop.log"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	b.cmd = exec.Command(command[0], command[1:]...)
	b.cmd.Env = append(b.cmd.Environ(), append(o.env, "GORACE=atexit_sleep_ms=20")...)
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	b.cmd.Stdout, b.cmd.Stderr = log, log
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.exited, b.Addr, b.Admin = make(chan struct{}), "", ""
	go func(cmd *exec.Cmd, exited chan struct{}) {
		cmd.Wait() // judged by its exit code
		close(exited)
	}(b.cmd, b.exited)
	admin := &http.Transport{MaxConnsPerHost: 1}
	if o.dial != nil {
		admin.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) { return o.dial(ctx, addr) }
	}
	b.admin = &http.Client{Transport: admin, Timeout: patience}
	b.t.Cleanup(b.Stop)
	eventually(b.t, 30*time.Second, "the broker to be ready", func() bool {
		select {
		case <-b.exited:
			b.t.Fatalf("the broker ended: %v\n%s", b.cmd.ProcessState, b.Log())
		default:
		}
		for _, m := range listening.FindAllStringSubmatch(b.Log(), -1) {
			if m[1] == "admin" {
				b.Admin = "http://" + m[2]
			} else {
				b.Addr = m[2]
			}
		}
		return b.Addr != "" && b.Admin != "" && b.Ready() == http.StatusOK
	})
}

// Stop ends the broker in order, if it still runs, and looks for what must not be in
// its log.
func (b *Broker) Stop() {
	select {
	case <-b.exited:
		return
	default:
	}
	b.admin.CloseIdleConnections()
	b.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-b.exited:
	case <-time.After(30 * time.Second):
		b.cmd.Process.Kill()
		<-b.exited
		b.t.Error("the broker did not end within 30 s")
	}
	if code := b.cmd.ProcessState.ExitCode(); code != 0 {
		b.t.Errorf("the broker ended with exit code %d", code)
	}
	for _, bad := range []string{"DATA RACE", "panic", "goroutine ", b.Key} {
		if strings.Contains(b.Log(), bad) {
			b.t.Errorf("the log has %q", bad)
		}
	}
	if log := b.Log(); b.t.Failed() {
		b.t.Logf("the end of the broker's log:\n%s", log[max(0, len(log)-16<<10):])
	}
}

// Log returns what the broker has logged so far.
func (b *Broker) Log() string {
	text, err := os.ReadFile(filepath.Join(b.Dir, "twohop.log"))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// Ready returns the status of /readyz, 0 when nothing answers.
func (b *Broker) Ready() int {
	resp, err := b.admin.Get(b.Admin + "/readyz")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// Metrics is one reading of /metrics: series, as written there, and their values.
type Metrics map[string]float64

// Metrics reads /metrics.
func (b *Broker) Metrics() Metrics {
	b.t.Helper()
	resp, err := b.admin.Get(b.Admin + "/metrics")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	m := Metrics{}
	for line := range strings.Lines(string(text)) {
		if i := strings.LastIndexByte(line, ' '); i > 0 && line[0] != '#' {
			if v, err := strconv.ParseFloat(strings.TrimSpace(line[i:]), 64); err == nil {
				m[line[:i]] = v
			}
		}
	}
	return m
}

// TLS is a configuration for a caller of the broker.
func (b *Broker) TLS() *tls.Config {
	b.t.Helper()
	pem, err := os.ReadFile(filepath.Join(b.Dir, "certificates", "local-ca.pem"))
	if err != nil {
		b.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		b.t.Fatal("the CA file holds no certificate")
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// Record is what the tests look at in an audit record.
type Record struct {
	StatusCode string `json:"status_code"`
	Metadata   struct {
		Correlation string `json:"correlation_uid"`
		Logged      int64  `json:"logged_time"`
	}
	Time     int64
	Duration int64
	Response struct{ Code int } `json:"http_response"`
	Unmapped struct {
		Stage, Outcome, Route string
		Retries               int
		Reused                bool    `json:"target_connection_reused"`
		ConnectMS             float64 `json:"target_connect_ms"`
		HandshakeMS           float64 `json:"target_handshake_ms"`
		FirstByteMS           float64 `json:"target_first_byte_ms"`
		TotalMS               float64 `json:"target_total_ms"`
		CallMS                float64 `json:"call_ms"`
	}
}

// Records returns the whole lines of the audit log of one call, or of all calls when
// correlation is "".
func (b *Broker) Records(correlation string) (list []Record) {
	b.t.Helper()
	auditLines(b.t, b.Audit, func(line []byte) {
		if !bytes.Contains(line, []byte(correlation)) {
			return
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			b.t.Fatalf("%v in %s", err, line)
		}
		if r.Unmapped.Stage != "" && (correlation == "" || r.Metadata.Correlation == correlation) {
			list = append(list, r)
		}
	})
	return list
}

// auditLines calls f with each line of the audit log below dir, of all processes.
func auditLines(t testing.TB, dir string, f func(line []byte)) {
	t.Helper()
	logs, err := trail.Logs(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range logs {
		segments, err := l.Segments()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range segments {
			for line, err := range s.Lines() {
				if err != nil {
					t.Fatal(err)
				}
				f(line.Text)
			}
		}
	}
}

// negative reports whether the record holds a time below zero, or ends before it begins.
func (r Record) negative() bool {
	u := r.Unmapped
	return min(u.ConnectMS, u.HandshakeMS, u.FirstByteMS, u.TotalMS, u.CallMS, float64(r.Duration), float64(r.Metadata.Logged-r.Time)) < 0
}
