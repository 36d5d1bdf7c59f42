//go:build linux

package tests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
	opened := 0
	auditLines(t, l.Audit, func(line []byte) {
		if bytes.Contains(line, []byte(`"kind":"opened"`)) {
			opened++
		}
	})
	if opened != 11 {
		t.Errorf("the audit log was opened %d times by 11 processes", opened)
	}
	verifyAudit(t, l.Audit)
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
