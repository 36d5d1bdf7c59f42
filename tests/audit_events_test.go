//go:build linux

package tests

import (
	"fmt"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"twohop/tests/peers"
)

// Restart stops the broker and runs it again.
func (b *Broker) Restart() {
	b.t.Helper()
	b.Signal(syscall.SIGTERM)
	if code := b.Ended(30 * time.Second); code != 0 {
		b.t.Fatalf("exit %d", code)
	}
	b.stopped, b.Addr = false, ""
	b.Start()
}

// events returns the events of a kind, in order.
func (b *Broker) events(kind string) (list []Record) {
	b.t.Helper()
	for _, r := range b.Records() {
		if r.Unmapped.Kind == kind {
			list = append(list, r)
		}
	}
	return list
}

// TestTheLifeOfABrokerIsRecorded starts, reloads, stops and starts a broker whose
// configuration changes while it runs and while it does not.
func TestTheLifeOfABrokerIsRecorded(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s, exceptions, target := oldTarget(t)
	config := func(target string) string {
		return exceptions + fill(`
routes:
  - {name: stock, path: /stock/*, callers: [erp], target: TARGET, headers: {set: {X-Token: "${env:EVENTS_TOKEN}"}}}
`, "TARGET", target)
	}
	modern := fmt.Sprintf(`{url: "https://%s/", via: "http://u:${env:EVENTS_PROXY}@127.0.0.1:3128"}`, s.Addr())
	b := New(t, config(modern))
	b.env = []string{"EVENTS_TOKEN=token-4711", "EVENTS_PROXY=proxy-4711"}
	b.Secret("token-4711", "proxy-4711", "token-4712")
	b.Start()
	b.Restart() // unchanged
	b.Write(config(target))
	b.env = []string{"EVENTS_TOKEN=token-4712"}
	b.Restart() // weaker than what was last in force, with another secret
	b.Write("routes: [")
	b.Run("reload", "--socket", filepath.Join(b.Dir, "admin.sock"))

	var said []string
	for _, r := range append(b.events("configuration"), b.events("broker")...) {
		if r.Actor.User.Name != me.Username {
			t.Errorf("%s by %s", r.Message, r.Actor.User.Name)
		}
		said = append(said, fmt.Sprintf("%d/%d/%d %s", r.ActivityID, r.StatusID, r.SeverityID, r.Message))
	}
	for i, want := range []string{
		"1/1/1 configuration FILE is the first configuration here",
		"3/1/1 configuration FILE is loaded at the start, unchanged",
		"3/1/3 configuration FILE is loaded at the start in place of ",
		"3/2/2 configuration FILE was not loaded; ",
		"3/1/1 broker PROGRAM started as process ", "4/1/1 broker PROGRAM stopped as process ", "3/1/1 broker PROGRAM started as process ",
		"4/1/1 broker PROGRAM stopped as process ", "3/1/1 broker PROGRAM started as process ",
	} {
		if want = fill(want, "FILE", b.File, "PROGRAM", twohop(t)); i >= len(said) || !strings.HasPrefix(said[i], want) {
			t.Errorf("event %d is not %q", i, want)
		}
	}
	if t.Failed() || len(said) != 9 {
		t.Fatalf("%d events:\n%s", len(said), strings.Join(said, "\n"))
	}
	changes := b.events("configuration")[2].Unmapped.Details
	for _, want := range []string{"WEAKER: route stock newly allows TLS 1.0", "WEAKER: route stock sets another value of X-Token on the way to the target", "WEAKER: route stock no longer goes through its proxy"} {
		if !slices.Contains(changes, want) {
			t.Errorf("the changes made while the broker was stopped lack %q:\n%s", want, strings.Join(changes, "\n"))
		}
	}
	if why := b.events("configuration")[3].Unmapped.Details; len(why) == 0 || !strings.Contains(why[0], "routes.yaml:7:") {
		t.Errorf("the refusal says %q", why)
	}
	if r := b.events("broker")[0]; r.App.Name != "twohop" || r.App.Version == "" || r.Unmapped.Process == 0 {
		t.Errorf("the start says %+v", r)
	}
}

func TestEveryChangeOfALongListIsRecorded(t *testing.T) {
	t.Parallel()
	config := func(n int) string {
		text := "routes:\n"
		for i := range n {
			text += fmt.Sprintf("  - {name: route-%d, path: /r%d, callers: [erp], target: {url: \"http://127.0.0.1:1/\"}}\n", i, i)
		}
		return text
	}
	b := Start(t, config(1))
	b.Write(config(300))
	out := b.MustReload()
	var details []string
	for _, r := range b.events("configuration")[1:] {
		details = append(details, r.Unmapped.Details...)
	}
	printed := strings.Split(strings.TrimSpace(out), "\n")
	if missing := slices.DeleteFunc(printed[:len(printed)-1], func(line string) bool { return slices.Contains(details, line) }); len(missing) > 0 || len(details) < 299 {
		t.Errorf("%d of %d changes are recorded, not %q", len(details), len(printed)-1, missing)
	}
}

func TestAReadingIsRecorded(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	b := Start(t, stockRoute(plainTarget(t).Addr()))
	post := func(body string) peers.Transfer {
		r := peers.Curl(t, "--unix-socket", filepath.Join(b.Dir, "admin.sock"), "--data", body, "http://twohop/audit/read")
		if recorded := strings.Contains(r.Stdout, `"recorded":true`); recorded != (r.Transfers[0].Status == 200) {
			t.Errorf("%d %s", r.Transfers[0].Status, r.Stdout)
		}
		return r.Transfers[0]
	}
	if r := post(`{"command":"show","filter":"--caller erp\n\u0007--since 2026-01-01"}`); r.Status != 200 {
		t.Errorf("got %+v", r)
	}
	if r := post(`{"command":"show","filter":"` + strings.Repeat("ä", 20_000) + `"}`); r.Status != 200 {
		t.Errorf("a long filter: %+v", r)
	}
	for _, wrong := range []string{"", "{}", "[", `{"command":7}`, `{"command":"show","filter":"` + strings.Repeat("x", 100_000) + `"}`} {
		if r := post(wrong); r.Status != 409 {
			t.Errorf("%.20q: %+v", wrong, r)
		}
	}
	list := b.events("log")
	if len(list) != 2 {
		t.Fatalf("%d readings are recorded", len(list))
	}
	if r := list[0]; r.ActivityID != 2 || r.Actor.User.Name != me.Username || r.Message != "log "+b.Audit+" is read by show: --caller erp  --since 2026-01-01" {
		t.Errorf("recorded as %+v", r)
	}
	if n := len(list[1].Message); n > 1200 {
		t.Errorf("a long filter takes %d bytes", n)
	}
}

func TestAnExceptionAboutToEndIsRecorded(t *testing.T) {
	t.Parallel()
	b := Start(t, exceptionUntil(time.Now().AddDate(0, 0, 3), "http", "10.0.0.1:80")+`
routes:
  - {name: old, path: /old, callers: [erp], target: {url: "http://10.0.0.1/", exception: OLD}}
`)
	r := b.Found("the exception that ends", func(r Record) bool { return r.Unmapped.Kind == "exception" })
	if !strings.HasPrefix(r.Message, "exception OLD ends in 3 days, with ") || !strings.Contains(r.Message, "owner it@contoso.example, ticket CHG-1") || r.SeverityID != 2 || r.Actor.User.Name != "twohop" {
		t.Errorf("recorded as %+v", r)
	}
}
