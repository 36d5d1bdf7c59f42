//go:build linux

package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWithin = 30 * time.Second // from start to the first accepted connection
	stopWithin  = 5 * time.Second  // from the polite request to end to the impolite one
	noDeadline  = time.Hour        // life of a peer when the test run has no time-out
	keptOutput  = 64 << 10         // bytes of a peer's output that are kept
)

// process is a peer that runs until the test ends.
type process struct {
	cmd    *exec.Cmd
	output *output
	exited chan struct{} // closed when the program has ended
}

// command prepares program under timeout(1), in a process group of its own. timeout ends
// the peer even when the test binary is killed and no cleanup runs.
func command(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	limit := noDeadline
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, set := d.Deadline(); set {
			limit = time.Until(at) + time.Second
		}
	}
	seconds := strconv.Itoa(max(1, int(limit.Seconds())))
	cmd := exec.Command(need(t, "timeout"), append([]string{"--kill-after=1", seconds, need(t, program)}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// launch starts cmd from the calling thread, whose network namespace the program
// inherits. The caller must see to it that stop is called.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, output: newOutput(), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended matters only before readiness, where output tells more
		close(p.exited)
	}()
	return p, nil
}

// start launches cmd and stops it when the test ends.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p, err := launch(cmd)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	t.Cleanup(func() { p.stop(t) })
	return p
}

// stop asks the program to end, through timeout(1), which kills it a second later, and
// waits for its end. A failed test gets to see what the peer said.
func (p *process) stop(t testing.TB) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.exited:
	case <-time.After(stopWithin):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
	if t.Failed() {
		t.Logf("peers: output of %v:\n%s", p.cmd.Args, p.output)
	}
}

// announced waits until the output matches re and returns its first group.
func (p *process) announced(t testing.TB, re *regexp.Regexp) string {
	t.Helper()
	deadline := time.After(readyWithin)
	for {
		found, grown := p.output.find(re)
		if found != "" {
			return found
		}
		select {
		case <-grown:
		case <-p.exited:
			t.Fatalf("peers: %v ended before it was ready:\n%s", p.cmd.Args, p.output)
		case <-deadline:
			t.Fatalf("peers: %v did not say %q within %v:\n%s", p.cmd.Args, re, readyWithin, p.output)
		}
	}
}

// reachable dials until a connection is accepted.
func (p *process) reachable(t testing.TB, dial func(context.Context) (net.Conn, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyWithin)
	defer cancel()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		conn, err := dial(ctx)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-pause.C:
		case <-p.exited:
			t.Fatalf("peers: %v ended before it was ready:\n%s", p.cmd.Args, p.output)
		case <-ctx.Done():
			t.Fatalf("peers: %v: not reachable within %v: %v\n%s", p.cmd.Args, readyWithin, err, p.output)
		}
	}
}

// dialTo makes the dial function for reachable.
func dialTo(addr string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", addr)
	}
}

// output keeps the beginning of what a peer prints. It is safe for concurrent use.
type output struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	grown chan struct{} // closed and replaced when buf grows
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Write(p[:min(len(p), keptOutput-o.buf.Len())])
	close(o.grown)
	o.grown = make(chan struct{})
	return len(p), nil
}

// find returns the first group of re, or a channel that is closed when there is more.
func (o *output) find(re *regexp.Regexp) (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := re.FindSubmatch(o.buf.Bytes()); m != nil {
		return string(m[1]), nil
	}
	return "", o.grown
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Result is what a program that ran to its end left behind.
type Result struct {
	ExitCode int
	Stdout   string
	Stderr   string
}

// run runs program to its end, at most for limit. An exit code other than 0 is the
// caller's to judge; a program that does not end in time fails the test.
func run(t testing.TB, limit time.Duration, stdin string, env []string, program string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, need(t, program), args...)
	cmd.WaitDelay = 2 * time.Second
	cmd.Stdin = bytes.NewBufferString(stdin)
	if env != nil {
		cmd.Env = append(cmd.Environ(), env...)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("peers: %v: %v (limit %v)\n%s%s", cmd.Args, errors.Join(err, ctx.Err()), limit, &stdout, &stderr)
	}
	return Result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
