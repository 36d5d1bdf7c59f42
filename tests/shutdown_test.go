//go:build linux

package tests

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAShutdownInOrder(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, "shutdown: {drain: 1s, limit: 20s}\n"+stockRoute(s.Addr()))
	drip, err := b.Client().Do(b.Request("GET", "/stock/drip?n=40&ms=100", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer drip.Body.Close()
	idle := b.Client()
	b.Do(idle, b.Request("GET", "/stock/stock/A1001", nil))

	b.Signal(syscall.SIGTERM)
	b.wait(5*time.Second, "/readyz to say 503", func() bool { return b.Ready() == http.StatusServiceUnavailable })
	if a := b.Do(idle, b.Request("GET", "/stock/stock/A1001", nil)); a.StatusCode != http.StatusOK {
		t.Errorf("while draining calls are answered %s", a.Status)
	}
	lines := 0
	for r := bufio.NewScanner(drip.Body); r.Scan(); lines++ {
	}
	if lines != 40 {
		t.Errorf("the running stream ended after %d of 40 lines", lines)
	}
	if code := b.Ended(10 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(filepath.Join(b.Dir, "admin.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
	if !strings.Contains(b.Log(), "msg=stopped") || strings.Contains(b.Log(), "calls were cut") {
		t.Error("the log tells it otherwise")
	}
}

func TestStreamsBeyondTheLimitAreCutAndRecorded(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, "shutdown: {drain: 0s, limit: 1s}\n"+stockRoute(s.Addr()))
	var streams []*http.Response
	for range 20 {
		drip, err := b.Client().Do(b.Request("GET", "/stock/drip?n=10000&ms=50", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer drip.Body.Close()
		streams = append(streams, drip)
	}
	b.Signal(syscall.SIGTERM)
	for _, drip := range streams {
		if _, err := io.Copy(io.Discard, drip.Body); err == nil {
			t.Error("a cut stream looks whole to its caller")
		}
	}
	if code := b.Ended(10 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	lost, blamed := 0, 0
	for _, drip := range streams {
		stages := b.Stages(drip.Header.Get("X-Correlation-Id"))
		switch {
		case len(stages) != 2:
			lost++
		case stages[1].Unmapped.Outcome != "truncated":
			blamed++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d cut streams have no end record", lost, len(streams))
	}
	if blamed > 0 {
		t.Errorf("%d of %d records do not say that the answer was truncated by the broker", blamed, len(streams))
	}
	if !strings.Contains(b.Log(), "calls were cut at the limit") {
		t.Error("the log says nothing of it")
	}
}

// TestAMissingSecretSwitchesOffOneRoute at the start; the others serve.
func TestAMissingSecretSwitchesOffOneRoute(t *testing.T) {
	t.Parallel()
	addr, calls := countingTarget(t)
	b := Start(t, fill(`
routes:
  - {name: fine, path: /fine, callers: [erp], target: {url: "http://ADDR/"}}
  - {name: lacking, path: /lacking, callers: [erp], target: {url: "http://ADDR/", headers: {set: {Authorization: "${file:token.txt}"}}}}
`, "ADDR", addr))
	if a := b.Call("GET", "/fine", ""); a.StatusCode != 200 {
		t.Errorf("the other route: %s", a.Status)
	}
	a := b.Call("GET", "/lacking", "")
	if p := a.Problem(t); p.Code != "route_unavailable" || p.Status != 503 || p.Hop != "broker" || strings.Contains(a.Body, "token.txt") {
		t.Errorf("got %s", a.Body)
	}
	if a := b.Call("GET", "/lacking", "", "X-Api-Key:"); a.StatusCode != 401 {
		t.Errorf("without a credential: %s", a.Status)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("the target was called %d times, want once", n)
	}
	if log := b.Log(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "token.txt") || !strings.Contains(log, "routes[1]") {
		t.Error("the log does not say loudly what is missing")
	}
	b.WriteFile("token.txt", "Bearer token-for-the-target")
	b.Secret("token-for-the-target")
	b.MustReload()
	if a := b.Call("GET", "/lacking", ""); a.StatusCode != 200 {
		t.Errorf("after the secret came and a reload: %s", a.Status)
	}
}
