//go:build linux

package tests

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Ended waits until the broker has ended and returns its exit code.
func (b *Broker) Ended(limit time.Duration) int {
	b.t.Helper()
	select {
	case <-b.exited:
	case <-time.After(limit):
		b.cmd.Process.Signal(syscall.SIGQUIT) // its goroutines go to the log
		time.Sleep(100 * time.Millisecond)
		b.cmd.Process.Kill()
		<-b.exited
		b.t.Errorf("the broker had not ended after %v", limit)
	}
	b.stopped = true
	return b.cmd.ProcessState.ExitCode()
}

// finish stops the broker, if the test has not, and judges it.
func (b *Broker) finish() {
	t := b.t
	places := map[string]string{"metrics": b.Metrics()}
	if !b.stopped {
		b.Signal(syscall.SIGTERM)
		if code := b.Ended(30 * time.Second); code != 0 {
			t.Errorf("the broker ended with exit code %d", code)
		}
	}
	log := b.Log()
	for _, bad := range []string{"DATA RACE", "panic", "goroutine "} {
		if strings.Contains(log, bad) {
			t.Errorf("the log has %q", bad)
		}
	}
	files := []string{filepath.Join(b.Dir, "twohop.log"), filepath.Join(b.Dir, "twohop.out")}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		places[filepath.Base(name)] = string(text)
	}
	var records bytes.Buffer
	var last []byte
	auditLines(b.t, b.Audit, func(line []byte) {
		records.Write(line)
		if !bytes.Equal(line, last) {
			fitsSchema(b.t, line)
		}
		last = append(last[:0], line...)
	})
	places["the audit log"] = records.String()
	kept, _ := filepath.Glob(filepath.Join(b.Audit, "bodies", "*", "*")) // the pattern is well formed
	for _, name := range kept {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		places[name] = string(text)
	}
	for _, secret := range b.secrets {
		for place, text := range places {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the secret %q", place, secret)
			}
		}
	}
	if t.Failed() {
		if max := 16 << 10; len(log) > max {
			log = log[:max/2] + "\n[...]\n" + log[len(log)-max/2:]
		}
		t.Logf("the broker's log:\n%s", log)
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

// Metrics returns the text of /metrics, "" when the broker does not answer.
func (b *Broker) Metrics() string {
	resp, err := http.Get(b.Admin + "/metrics")
	if err != nil {
		return ""
	}
	return readAll(b.t, resp)
}

// Run runs a subcommand of twohop to its end.
func (b *Broker) Run(args ...string) (code int, stdout, stderr string) {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), twohop(b.t), args...)
	cmd.Env = append(cmd.Environ(), raceOptions)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		b.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// MustReload makes the broker read its routes.yaml again and returns what it printed.
func (b *Broker) MustReload() string {
	b.t.Helper()
	code, out, errs := b.Run("reload", b.File)
	if code != 0 {
		b.t.Fatalf("reload: exit %d\n%s%s", code, out, errs)
	}
	return out
}
