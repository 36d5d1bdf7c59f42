//go:build linux

package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// show runs twohop audit show on the broker's log and returns the rows.
func (b *Broker) show(args ...string) []string {
	b.t.Helper()
	code, out, said := b.Run(append([]string{"audit", "show", b.Audit}, args...)...)
	if code != 0 {
		b.t.Fatalf("audit show %v: exit status %d\n%s", args, code, said)
	}
	rows := strings.Split(strings.TrimSpace(out), "\n")
	return rows[1:]
}

// TestShowFindsCallsInSealedSegments fills segments until some are compressed, and looks
// for calls there and in the live one, while the broker runs and after it was killed.
func TestShowFindsCallsInSealedSegments(t *testing.T) {
	t.Parallel()
	b := Start(t, `audit: {dir: audit, segment: {size: 64KiB}}
`+fill(`
routes:
  - {name: stock, path: /stock/*, callers: [erp, other], target: {url: "http://ADDR/"}}
  - {name: seldom, path: /seldom/*, callers: [erp, other], target: {url: "http://ADDR/"}}
`, "ADDR", plainTarget(t).Addr()))
	first := b.Call("GET", "/seldom/stock/A1001", "", "X-Api-Key: "+b.OtherKey)
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			c := b.Client()
			for range 100 {
				b.Do(c, b.Request("GET", "/stock/stock/A1001", nil))
			}
		})
	}
	callers.Wait()
	last := b.Call("GET", "/seldom/stock/A1001", "")
	b.wait(30*time.Second, "compressed segments", func() bool {
		plain, _ := filepath.Glob(filepath.Join(b.Audit, "log-1", "*.jsonl")) // the pattern is well formed
		return len(plain) == 1
	})
	compressed, _ := filepath.Glob(filepath.Join(b.Audit, "log-1", "*.jsonl.zst"))
	indexes, _ := filepath.Glob(filepath.Join(b.Audit, "log-1", "*.index"))
	if len(compressed) < 3 || len(indexes) != len(compressed) {
		t.Fatalf("%d compressed segments, %d indexes", len(compressed), len(indexes))
	}
	stream := b.Request("GET", "/stock/drip?n=1000&ms=100", nil)
	resp, err := b.Client().Do(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	running := resp.Header.Get("X-Correlation-Id")
	check := func(state string) {
		t.Helper()
		for _, c := range []struct {
			args []string
			rows int
			in   string
		}{
			{[]string{"--all"}, 403, ""},
			{[]string{"--route", "stock", "--all"}, 401, " erp "},
			{[]string{"--route", "seldom"}, 2, "/seldom/"},
			{[]string{"--caller", "other"}, 1, first.Correlation()},
			{[]string{"--caller", "other", "--caller", "erp", "--route", "seldom"}, 2, "/seldom/"},
			{[]string{"--id", first.Correlation()}, 1, first.Correlation()},
			{[]string{"--id", last.Correlation()}, 1, last.Correlation()},
			{[]string{"--hop2", "plain", "--limit", "7"}, 7, "plain"},
			{[]string{"--outcome", "running", "--outcome", "unfinished"}, 1, state},
			{[]string{"--id", running}, 1, state},
			{[]string{"--id", running, "--outcome", "answered"}, 0, ""},
		} {
			rows := b.show(c.args...)
			if len(rows) != c.rows {
				t.Errorf("%v: %d rows, want %d:\n%.1000s", c.args, len(rows), c.rows, strings.Join(rows, "\n"))
			}
			for _, row := range rows {
				if !strings.Contains(row, c.in) {
					t.Errorf("%v: no %q in %s", c.args, c.in, row)
				}
			}
		}
	}
	check(" running ")
	b.Signal(syscall.SIGKILL)
	b.Ended(10 * time.Second)
	check(" no end record ")

	// without the indexes, and with one that lies
	for _, name := range indexes[1:] {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	lie := append([]byte("2hopidx\x02"), " and nothing"...)
	if err := os.WriteFile(indexes[0], lie, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := b.Run("audit", "verify", b.Audit); code != 1 || !strings.Contains(out, "WRONG: "+filepath.Base(indexes[0])+": the index does not say what the lines say") {
		t.Errorf("verify: %d, %s", code, out)
	}
	if code, out, _ := b.Run("audit", "verify", b.Audit, "--lines-only"); code != 0 {
		t.Errorf("verify of the lines alone: %d, %s", code, out)
	}
	check(" no end record ")
	b.showDamaged(compressed[1])
	if code, out, _ := b.Run("audit", "index", b.Audit); code != 0 || !strings.Contains(out, "0 of them made again") {
		t.Errorf("the indexes were not kept: %d, %s", code, out)
	}
}

// showDamaged damages a compressed segment for a moment: the others are shown, and which
// one is damaged.
func (b *Broker) showDamaged(name string) {
	b.t.Helper()
	whole, err := os.ReadFile(name)
	if err != nil {
		b.t.Fatal(err)
	}
	broken := slices.Clone(whole)
	copy(broken[len(broken)/3:], "damaged! damaged!")
	if err := os.WriteFile(name, broken, 0o600); err != nil {
		b.t.Fatal(err)
	}
	code, out, said := b.Run("audit", "show", b.Audit, "--all")
	if n := strings.Count(out, "\n"); code != 1 || n < 100 || n >= 404 {
		b.t.Errorf("show of a damaged segment: exit status %d, %d lines", code, n)
	}
	if !strings.Contains(said, name+" is damaged, and rows may be missing") || !strings.Contains(said, "twohop audit verify") {
		b.t.Errorf("it said %s", said)
	}
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
