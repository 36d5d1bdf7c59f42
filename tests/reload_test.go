//go:build linux

package tests

import (
	"bufio"
	"net/http"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reloadable has a route whose target can be changed and one that stays.
func reloadable(t *testing.T, stays, changes string) string {
	t.Helper()
	return fill(`
routes:
  - {name: stays, path: /stays/*, callers: [erp], limit: {rate: 3/h, burst: 3}, target: {url: "http://STAYS/"}}
  - {name: stream, path: /stream/*, callers: [erp], target: {url: "http://STAYS/"}}
  - {name: changes, path: /changes/*, callers: [erp], target: {url: "http://CHANGES/"}}
`, "STAYS", stays, "CHANGES", changes)
}

func TestAReloadKeepsWhatDidNotChange(t *testing.T) {
	t.Parallel()
	stays, one, two := plainTarget(t), plainTarget(t), plainTarget(t)
	b := Start(t, reloadable(t, stays.Addr(), one.Addr()))

	// A stream, a connection and two of three tokens from before.
	drip, err := b.Client().Do(b.Request("GET", "/stream/drip?n=60&ms=50", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer drip.Body.Close()
	open := b.Client()
	for range 2 {
		if a := b.Do(open, b.Request("GET", "/stays/stock/A1001", nil)); a.StatusCode != 200 {
			t.Fatalf("got %s", a.Status)
		}
	}
	conns := b.Metric("twohop_connections")

	for i := range 20 {
		target := map[bool]string{true: two.Addr(), false: one.Addr()}[i%2 == 0]
		b.Write(reloadable(t, stays.Addr(), target))
		if i%2 == 0 {
			out := b.MustReload()
			if !strings.Contains(out, "route changes sends ") || !strings.Contains(out, " to http://"+target) || strings.Contains(out, "route stays") || !strings.Contains(out, "reloaded, 1 change") {
				t.Fatalf("reload printed\n%s", out)
			}
			continue
		}
		b.Signal(syscall.SIGHUP)
		b.wait(10*time.Second, "the reload by SIGHUP", func() bool { return b.Metric(`twohop_reloads_total{result="ok"}`) == float64(i+2) })
	}
	if a := b.Do(open, b.Request("GET", "/changes/stock/A1001", nil)); a.StatusCode != 200 {
		t.Errorf("after 20 reloads: %s", a.Status)
	}
	if now := b.Metric("twohop_connections"); now != conns {
		t.Errorf("%v connections, before the reloads %v", now, conns)
	}
	if a := b.Call("GET", "/stays/stock/A1001", ""); a.StatusCode != 200 {
		t.Errorf("the third token: %s", a.Status)
	}
	if a := b.Call("GET", "/stays/stock/A1001", ""); a.StatusCode != 429 {
		t.Errorf("a fourth token came with a reload: %s", a.Status)
	}
	lines := 0
	for s := bufio.NewScanner(drip.Body); s.Scan(); lines++ {
	}
	if lines != 60 {
		t.Errorf("the stream ended after %d of 60 lines", lines)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"msg=reloaded user=" + me.Username + " ", "msg=reloaded user=SIGHUP "} {
		if !strings.Contains(b.Log(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
}

// TestAReloadReachesNewTargetsAndCallers shows that what did change counts at once.
func TestAReloadReachesNewTargetsAndCallers(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, stockRoute(s.Addr()))
	if a := b.Call("GET", "/stock/stock/A1001", "", "X-Api-Key: "+b.OtherKey); a.StatusCode != 403 {
		t.Fatalf("got %s", a.Status)
	}
	open := b.Client()
	b.Do(open, b.Request("GET", "/stock/stock/A1001", nil))
	b.Write(strings.Replace(stockRoute(s.Addr()), "callers: [erp]", "callers: [other]", 1))
	if out := b.MustReload(); !strings.Contains(out, "newly lets in other") || !strings.Contains(out, "no longer lets in erp") {
		t.Errorf("reload printed\n%s", out)
	}
	if a := b.Call("GET", "/stock/stock/A1001", "", "X-Api-Key: "+b.OtherKey); a.StatusCode != 200 {
		t.Errorf("the new caller: %s", a.Status)
	}
	if a := b.Do(open, b.Request("GET", "/stock/stock/A1001", nil)); a.StatusCode != 403 {
		t.Errorf("the old caller, on its open connection: %s", a.Status)
	}
}

func TestABadFileLeavesTheOldTable(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, stockRoute(s.Addr()))
	for name, c := range map[string]struct{ config, mistake string }{
		"a word that is no key":   {strings.Replace(stockRoute(s.Addr()), "target:", "timout: {}, target:", 1), `timout: unknown key; did you mean "timeout"?`},
		"a secret that is gone":   {strings.Replace(stockRoute(s.Addr()), "target: {", "target: {headers: {set: {X-Token: \"${file:gone.txt}\"}}, ", 1), "gone.txt"},
		"an authority that is no": {strings.Replace(stockRoute(s.Addr()), `"http://`+s.Addr()+`/"`, `"https://`+s.Addr()+`/", tls: {ca: routes.yaml}`, 1), "tls.ca"},
		"no YAML":                 {"routes: [", "routes.yaml:"},
	} {
		refused := b.Metric(`twohop_reloads_total{result="refused"}`)
		b.WriteFile("routes.yaml", "")
		b.Write(c.config)
		code, out, errs := b.Run("reload", "--socket", filepath.Join(b.Dir, "admin.sock"))
		if code != 1 || !strings.Contains(out, c.mistake) || !strings.Contains(out, "routes.yaml:") || !strings.Contains(errs, "goes on with the old one") {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, errs)
		}
		if now := b.Metric(`twohop_reloads_total{result="refused"}`); now != refused+1 {
			t.Errorf("%s: the metric counts %v refused, before %v", name, now, refused)
		}
		if a := b.Call("GET", "/stock/stock/A1001", ""); a.StatusCode != 200 {
			t.Errorf("%s: the old table answers %s", name, a.Status)
		}
	}
	b.Signal(syscall.SIGHUP)
	b.wait(5*time.Second, "the refusal of SIGHUP in the log", func() bool {
		return strings.Contains(b.Log(), `msg="reload refused; the old configuration serves on" user=SIGHUP`)
	})
	if status := b.Ready(); status != http.StatusOK {
		t.Errorf("/readyz answers %d", status)
	}
}

func TestTheFileIsWatchedWhenAskedTo(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	const watch = "reload: {watch: true}\n"
	b := Start(t, watch+stockRoute(s.Addr()))
	b.Write(watch + strings.Replace(stockRoute(s.Addr()), "/stock/*", "/store/*", 1))
	b.wait(10*time.Second, "the new route", func() bool { return b.Call("GET", "/store/stock/A1001", "").StatusCode == 200 })
	b.Write(watch + "routes: [")
	b.wait(10*time.Second, "the refusal", func() bool { return b.Metric(`twohop_reloads_total{result="refused"}`) == 1 })
	if a := b.Call("GET", "/store/stock/A1001", ""); a.StatusCode != 200 {
		t.Errorf("after a broken file: %s", a.Status)
	}
	b.Write(watch + stockRoute(s.Addr()))
	b.wait(10*time.Second, "the mended file", func() bool { return b.Call("GET", "/stock/stock/A1001", "").StatusCode == 200 })
}

func TestKeysThatNeedARestartAreListed(t *testing.T) {
	t.Parallel()
	s := plainTarget(t)
	b := Start(t, stockRoute(s.Addr()))
	b.Write("audit: {dir: audit2}\nlog: {level: warn}\n" + stockRoute(s.Addr()))
	out := b.MustReload()
	for _, key := range []string{"audit", "log"} {
		if !strings.Contains(out, "not in force until a restart or twohop upgrade: "+key+"\n") {
			t.Errorf("no %q in\n%s", key, out)
		}
	}
}
