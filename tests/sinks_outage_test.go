//go:build linux

package tests

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"twohop/audit"
	"twohop/audit/trail"
	"twohop/tests/peers"
)

// TestALongOutage is an hour without the sink at 10,000 calls an hour, ten times over: what
// waits lies on the disk, and the memory does not know of it.
func TestALongOutage(t *testing.T) {
	t.Parallel()
	const lines = 200_000
	r := peers.RunRsyslog(t)
	r.Stop()
	b := New(t, syslogConfig(r)+stockRoute(plainTarget(t).Addr()))
	backlog(t, b.Audit, lines)
	plain, err := buildPlain()
	if err != nil {
		t.Fatal(err)
	}
	b.wrap = func(command []string) []string { return append([]string{plain}, command[1:]...) }
	b.Start()
	b.Get("/stock/stock/A1001")
	b.wait(time.Minute, "the lag to be measured", func() bool { return b.Metric(`twohop_audit_sink_lag_seconds{sink="siem"}`) > 0 })
	if lag := b.Metric(`twohop_audit_sink_lag_records{sink="siem"}`); lag < lines {
		t.Errorf("%v lines wait", lag)
	}
	before, begun := rss(t, b.cmd.Process.Pid), time.Now()
	r.Start()
	b.allShipped()
	after := rss(t, b.cmd.Process.Pid)
	t.Logf("%d lines in %v with the wait for the next try; memory %d MiB before, %d MiB at most", lines, time.Since(begun).Round(time.Second/10), before, after)
	if after > before+100 { // half of what waited; the log is compressed meanwhile, too
		t.Errorf("the memory grew from %d MiB to %d MiB", before, after)
	}
	next := int64(0)
	r.Each(func(m peers.SyslogMessage) {
		if m.Index > next {
			t.Fatalf("line %d came, line %d never did", m.Index, next)
		}
		next = max(next, m.Index+1)
	})
	if next < lines {
		t.Errorf("%d lines came", next)
	}
}

// backlog writes lines of the usual length to the log that the next broker continues.
func backlog(t testing.TB, dir string, lines int) {
	t.Helper()
	if _, err := trail.Init(dir, "twohop/test", time.Now()); err != nil {
		t.Fatal(err)
	}
	w, err := trail.Acquire(dir, trail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	call := audit.Record{Stage: audit.End, Time: time.Now(), Logged: time.Now(), ID: "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", Correlation: "0af7651916cd43dd8448eb211c80319c",
		Method: "GET", Host: "localhost", Path: "/" + strings.Repeat("x", 500), Proto: "HTTP/1.1", Status: 200, Outcome: audit.Answered,
		Source: "127.0.0.1:40000", Config: "0123456789abcdef", Hop1: audit.Hop{Version: "TLS 1.3", Suite: "TLS_AES_128_GCM_SHA256"}}
	line := append(call.AppendJSON(nil), '\n')
	batch := bytes.Repeat(line, 500)
	for range lines / 500 {
		if err := w.Append(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// rss returns the most memory that a process has had, in MiB.
func rss(t testing.TB, pid int) (mib int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	fmt.Sscanf(rest, "%d", &mib)
	return mib / 1024
}
