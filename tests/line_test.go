//go:build linux

package tests

import (
	"bufio"
	"crypto/tls"
	"errors"
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
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Line is a broker whose process is replaced by the program that lies at Program.
type Line struct {
	*Broker
	Program string
	first   chan struct{} // closed when the first process has ended
	pids    []int         // of all processes; the last serves
}

// orphansAreOurs makes this process the parent of processes whose parent ended, so that
// it learns how they end.
var orphansAreOurs = sync.OnceValue(func() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) })

// StartLine starts a broker from a copy of the program that the test may replace.
func StartLine(t *testing.T, config string) *Line {
	t.Helper()
	l := newLine(t, config)
	l.begin()
	return l
}

// newLine prepares what begin starts.
func newLine(t *testing.T, config string) *Line {
	t.Helper()
	if err := orphansAreOurs(); err != nil {
		t.Fatal(err)
	}
	l := &Line{Broker: New(t, config)}
	l.Program = filepath.Join(l.Dir, "twohop")
	l.Install(twohop(t))
	l.wrap = func(command []string) []string { return append([]string{l.Program}, command[1:]...) }
	return l
}

// begin starts the first process.
func (l *Line) begin() {
	l.t.Helper()
	l.Start()
	l.first, l.pids = l.exited, []int{l.cmd.Process.Pid}
	l.t.Cleanup(l.end)
}

// Install puts a copy of a file in the place of the program, in one step. Another process
// writes it: a child that this one starts meanwhile would have it open for writing, and
// then it could not be run ("text file busy").
func (l *Line) Install(file string) {
	l.t.Helper()
	if out, err := exec.Command("cp", file, l.Program+".new").CombinedOutput(); err != nil {
		l.t.Fatalf("cp: %v\n%s", err, out)
	}
	if err := os.Chmod(l.Program+".new", 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(l.Program+".new", l.Program); err != nil {
		l.t.Fatal(err)
	}
}

var upgraded = regexp.MustCompile(`^process (\d+) serves; process (\d+) ends when its calls and connections are over, or at shutdown.limit\n$`)

// Upgrade replaces the process that serves.
func (l *Line) Upgrade() {
	l.t.Helper()
	code, out, errs := l.Run("upgrade", l.File)
	m := upgraded.FindStringSubmatch(out)
	if code != 0 || m == nil || m[2] != strconv.Itoa(l.pids[len(l.pids)-1]) {
		l.t.Fatalf("upgrade of %v: exit %d\n%s%s", l.pids, code, out, errs)
	}
	pid, _ := strconv.Atoi(m[1]) // digits, by the pattern
	l.pids = append(l.pids, pid)
	l.exited = make(chan struct{}) // nobody watches this one; it is looked for at the end
	l.guard(pid)
}

// guard has a shell kill a process that the test leaves behind because it was killed.
func (l *Line) guard(pid int) {
	l.t.Helper()
	guard := exec.Command("sh", "-c", "cat; kill -9 "+strconv.Itoa(pid))
	end, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		guard.Process.Kill() // all is in order: the broker has ended
		guard.Wait()
		end.Close()
	})
}

// end stops the process that serves, if there was an upgrade, and judges how each of the
// line ended.
func (l *Line) end() {
	if len(l.pids) == 1 || l.stopped {
		return // the broker's own end
	}
	last := l.pids[len(l.pids)-1]
	http.DefaultClient.CloseIdleConnections() // an old process waits for them
	syscall.Kill(last, syscall.SIGTERM)       // it is missed below when it has ended before
	for _, pid := range l.pids {
		for syscall.Kill(pid, 0) == nil { // each has its limit
			syscall.Wait4(pid, nil, syscall.WNOHANG, nil) // in vain unless its parent has ended before
			time.Sleep(10 * time.Millisecond)
		}
	}
	if n := strings.Count(l.Log(), "msg=stopped"); n != len(l.pids) {
		l.t.Errorf("%d of %d processes ended in order", n, len(l.pids))
	}
	l.stopped = true
}

// caller is one that keeps its connection as .NET does: when it is closed under a call,
// the call has failed. It never repeats one.
type caller struct {
	b    *Broker
	conn net.Conn
	read *bufio.Reader
}

// call makes a call and returns its correlation id.
func (c *caller) call(method, path, body string) (id string, err error) {
	if c.conn == nil {
		if c.conn, err = tls.Dial("tcp", c.b.Addr, c.b.TLS()); err != nil {
			return "", err
		}
		c.read = bufio.NewReader(c.conn)
	}
	c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(c.conn, "%s %s HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\n%s", method, path, c.b.Key, len(body), body)
	resp, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status)
	}
	if resp.Close {
		c.conn.Close()
		c.conn = nil
	}
	return resp.Header.Get("X-Correlation-Id"), nil
}

// workload is calls that go on until stop; each must succeed and be recorded.
type workload struct {
	b       *Broker
	stopped atomic.Bool
	running sync.WaitGroup
	mu      sync.Mutex
	ids     []string
}

// run repeats a call that returns its correlation id.
func (l *workload) run(what string, call func(n int) (id string, err error)) {
	l.running.Go(func() {
		for n := 0; !l.stopped.Load(); n++ {
			id, err := call(n)
			if err != nil {
				l.b.t.Errorf("%s, call %d: %v", what, n, err)
				return
			}
			l.mu.Lock()
			l.ids = append(l.ids, id)
			l.mu.Unlock()
		}
	})
}

// stop ends the workload and returns the ids of its calls.
func (l *workload) stop() []string {
	l.stopped.Store(true)
	l.running.Wait()
	return l.ids
}

// do is for a workload: one call of an HTTP client.
func (b *Broker) do(c *http.Client, method, path string) (id string, err error) {
	resp, err := c.Do(b.Request(method, path, nil))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return resp.Header.Get("X-Correlation-Id"), err
}
