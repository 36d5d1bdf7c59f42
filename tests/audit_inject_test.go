//go:build linux

package tests

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"twohop/tests/peers"
)

// TestAFailingDiskLetsNoCallThrough makes the kernel fail what the audit log does to its
// files in the middle of calls: a write, or a sync while a segment is sealed. strace counts
// for each thread. No call goes to the target unrecorded, and the log verifies afterwards.
func TestAFailingDiskLetsNoCallThrough(t *testing.T) {
	strace := peers.Need(t, "strace")
	for name, c := range map[string]struct {
		file, inject string
	}{
		"a write fails":              {"000000000000.jsonl", "write:error=EIO:when=6+"},
		"no space":                   {"000000000000.jsonl", "write:error=ENOSPC:when=9+"},
		"one write fails, then none": {"000000000000.jsonl", "write:error=EIO:when=8"},
		"the sync of a directory":    {"", "fsync:error=EIO:when=2+"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, calls := countingTarget(t)
			b := New(t, "audit: {dir: audit, segment: {size: 64KiB}}\n"+stockRoute(addr))
			watched := filepath.Join(b.Audit, "log-1", c.file)
			b.wrap = func(command []string) []string {
				trace, _, _ := strings.Cut(c.inject, ":")
				return append([]string{strace, "-D", "-f", "-qq", "-o", filepath.Join(b.Dir, "strace"), "-P", watched, "-e", "trace=" + trace, "-e", "inject=" + c.inject}, command...)
			}
			b.Start()
			client := b.Client()
			answered := int64(0)
			for {
				a := b.Do(client, b.Request("GET", "/stock/x", nil))
				if a.StatusCode != http.StatusOK {
					if p := a.Problem(t); p.Code != "audit_unavailable" || p.Status != 503 {
						t.Fatalf("got %+v", p)
					}
					break
				}
				if answered++; answered > 300 {
					t.Fatal("the disk does not fail")
				}
			}
			reached := calls.Load()
			for range 5 {
				if a := b.Call("GET", "/stock/x", ""); a.StatusCode != 503 {
					t.Errorf("a later call got %s", a.Status)
				}
			}
			if now := calls.Load(); now != reached || answered == 0 {
				t.Errorf("%d calls reached the target after the log had failed, %d were answered", now-reached, answered)
			}
			if status := b.Ready(); status != 503 {
				t.Errorf("/readyz answers %d", status)
			}
			begun, ended := int64(0), int64(0)
			auditLines(t, b.Audit, func(line []byte) {
				if bytes.Contains(line, []byte(`"stage":"begin"`)) {
					begun++
				}
				if bytes.Contains(line, []byte(`"stage":"end"`)) && bytes.Contains(line, []byte(`"outcome":"answered"`)) {
					ended++
				}
			})
			if begun < reached || ended < answered {
				t.Errorf("%d calls reached the target, %d began in the log; %d were answered, %d ended there", reached, begun, answered, ended)
			}
			b.Signal(syscall.SIGKILL)
			b.Ended(20 * time.Second)
			b.wrap = nil
			b.Start()
			if a := b.Call("GET", "/stock/x", ""); a.StatusCode != http.StatusOK {
				t.Errorf("on a mended disk: %s", a.Status)
			}
			verifyAudit(t, b.Audit)
		})
	}
}
