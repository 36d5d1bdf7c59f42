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
	"os/user"
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

func TestUpgradesLoseNoCall(t *testing.T) {
	t.Parallel()
	l := StartLine(t, fill(`
routes:
  - {name: in, path: /in/*, callers: [erp], target: {url: "http://ADDR/"}}
`, "ADDR", plainTarget(t).Addr()))
	calls := &workload{b: l.Broker}
	for i := range 8 {
		c := &caller{b: l.Broker}
		calls.run("kept connection", func(n int) (string, error) {
			time.Sleep(time.Duration(n*7%50) * time.Millisecond * time.Duration(i%2)) // half of them rest between calls
			return c.call("POST", "/in/echo", "a body")
		})
	}
	calls.run("new connections", func(int) (string, error) {
		c := &caller{b: l.Broker}
		defer func() {
			if c.conn != nil {
				c.conn.Close()
			}
		}()
		return c.call("GET", "/in/stock/A1001", "")
	})
	h2 := l.Client()
	h2.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	calls.run("HTTP/2", func(int) (string, error) { return l.do(h2, "POST", "/in/echo") })
	for range 4 {
		calls.run("streams", func(int) (string, error) {
			c := &caller{b: l.Broker}
			id, err := c.call("GET", "/in/drip?n=40&ms=50", "")
			if c.conn != nil {
				c.conn.Close()
			}
			return id, err
		})
	}
	probes := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	calls.run("/readyz", func(int) (string, error) {
		resp, err := probes.Get(l.Admin + "/readyz")
		if err == nil && resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		if err == nil {
			resp.Body.Close()
		}
		time.Sleep(5 * time.Millisecond)
		return "", err
	})
	for range 10 {
		time.Sleep(200 * time.Millisecond) // calls on the new process
		l.Upgrade()
	}
	ids := calls.stop()
	t.Logf("%d calls while the process was replaced 10 times", len(ids))

	ended := map[string]bool{}
	for _, r := range l.Records() {
		if r.Unmapped.Stage == "end" {
			ended[r.Metadata.Correlation] = true
		}
	}
	for _, id := range ids {
		if id != "" && !ended[id] {
			t.Errorf("call %s has no end record", id)
		}
	}
	if logs, _ := filepath.Glob(filepath.Join(l.Audit, "*.jsonl")); len(logs) != 11 { // the pattern is well formed
		t.Errorf("%d audit files of 11 processes", len(logs))
	}
	if out := l.MustReload(); !strings.Contains(out, "reloaded, 0 changes") {
		t.Errorf("the last process answers a reload with\n%s", out)
	}
}

func TestAnUpgradeIsRecorded(t *testing.T) {
	t.Parallel()
	l := StartLine(t, stockRoute(plainTarget(t).Addr()))
	l.Upgrade()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("broker %s hand-over begun by process %d", l.Program, l.pids[0]),
		fmt.Sprintf("broker %s process %d takes over from process %d", l.Program, l.pids[1], l.pids[0]),
		fmt.Sprintf("broker %s hand-over finished: process %d serves, process %d ends with its calls", l.Program, l.pids[1], l.pids[0]),
	} {
		l.Found(want, func(r Record) bool { return r.Message == want && r.Actor.User.Name == me.Username })
	}
	if _, err := os.Stat(filepath.Join(l.Dir, "admin.sock")); err != nil {
		t.Errorf("the old process took the socket away: %v", err)
	}
}

// TestAnOldProcessCutsWhatOutlivesItsLimit and records it; the new one serves meanwhile.
func TestAnOldProcessCutsWhatOutlivesItsLimit(t *testing.T) {
	t.Parallel()
	l := StartLine(t, "shutdown: {drain: 0s, limit: 1s}\n"+stockRoute(plainTarget(t).Addr()))
	drip, err := l.Client().Do(l.Request("GET", "/stock/drip?n=10000&ms=50", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer drip.Body.Close()
	l.Upgrade()
	if a := l.Call("GET", "/stock/stock/A1001", ""); a.StatusCode != 200 {
		t.Errorf("the new process: %s", a.Status)
	}
	if _, err := io.Copy(io.Discard, drip.Body); err == nil {
		t.Error("a cut stream looks whole to its caller")
	}
	<-l.first
	if r := l.End(drip.Header.Get("X-Correlation-Id")); r.Unmapped.Outcome != "truncated" {
		t.Errorf("the record says %+v", r)
	}
}

func TestAnUpgradeThatFails(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	l := StartLine(t, stockRoute(s.Addr()))
	taken, _ := listenerCounting(t)
	file := func(text string) string { return filepathOf(t, []byte(text)) }
	whole, err := os.ReadFile(twohop(t))
	if err != nil {
		t.Fatal(err)
	}
	good := stockRoute(s.Addr())
	for _, c := range []struct{ name, program, config, says string }{
		{"no program", file("this is no program"), good, "exec format error"},
		{"half a program", file(string(whole[:len(whole)/3])), good, "the new process ended before it served"},
		{"a program that fails", file("#!/bin/sh\necho is broken >&2\nexit 3\n"), good, "the new process ended before it served (exit status 3)"},
		{"a program that says nothing and ends well", file("#!/bin/sh\n"), good, "the new process ended before it served (exit status 0)"},
		{"a mistake in the file", twohop(t), strings.Replace(good, "target:", "timout: {}, target:", 1), `unknown key; did you mean "timeout"?`},
		{"an address that is taken", twohop(t), "health: {address: \"" + taken + "\"}\n" + good, "address already in use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.Install(c.program)
			l.Write(c.config)
			code, out, errs := l.Run("upgrade", "--socket", filepath.Join(l.Dir, "admin.sock"))
			if code != 1 || !strings.Contains(out, c.says) || !strings.Contains(errs, "no upgrade; the broker goes on as it is") {
				t.Errorf("exit %d, want %q\n%s%s", code, c.says, out, errs)
			}
			if a := l.Call("GET", "/stock/stock/A1001", ""); a.StatusCode != 200 {
				t.Errorf("afterwards calls are answered %s", a.Status)
			}
		})
	}
	l.Found("the failed hand-over", func(r Record) bool {
		return strings.Contains(r.Message, "hand-over failed, process "+strconv.Itoa(l.pids[0])+" serves on: ")
	})
	l.Install(twohop(t))
	l.Write(good)
	if out := l.MustReload(); !strings.Contains(out, "reloaded, 0 changes") {
		t.Errorf("reload printed\n%s", out)
	}
	l.Upgrade()
	l.Call("GET", "/stock/stock/A1001", "")
}

// TestABrokerStopsAfterAFailedUpgrade: a program that dies at once must leave the sockets,
// which it was given too, as they were.
func TestABrokerStopsAfterAFailedUpgrade(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]string{"no program": "this is no program", "a program that fails": "#!/bin/sh\nexit 3\n"} {
		t.Run(name, func(t *testing.T) {
			l := StartLine(t, stockRoute(plainTarget(t).Addr()))
			l.Install(filepathOf(t, []byte(program)))
			if code, out, errs := l.Run("upgrade", l.File); code != 1 {
				t.Fatalf("exit %d\n%s%s", code, out, errs)
			}
			l.Call("GET", "/stock/stock/A1001", "") // each socket has accepted since
			l.MustReload()
			if l.Ready() != http.StatusOK {
				t.Error("not ready")
			}
			http.DefaultClient.CloseIdleConnections()
			l.Signal(syscall.SIGTERM)
			if code := l.Ended(15 * time.Second); code != 0 {
				t.Errorf("exit %d", code)
			}
		})
	}
}
