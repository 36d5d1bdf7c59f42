//go:build linux

package tests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// countingTarget counts the calls that reach it.
func countingTarget(t *testing.T) (addr string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		fmt.Fprintln(w, "stock")
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), calls
}

// TestNoAuditNoService lets the disk of the audit log run full, in two ways.
func TestNoAuditNoService(t *testing.T) {
	for name, wrap := range map[string]func(b *Broker) func([]string) []string{
		"a full disk": func(b *Broker) func([]string) []string {
			return onDisk(b, "64k")
		},
		"a limit on the file's size": func(b *Broker) func([]string) []string {
			return func(command []string) []string {
				return append([]string{"bash", "-c", `ulimit -f 64 && exec "$0" "$@"`}, command...) // KiB
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, calls := countingTarget(t)
			b := New(t, stockRoute(addr))
			if err := os.Mkdir(b.Audit, 0o700); err != nil {
				t.Fatal(err)
			}
			b.wrap = wrap(b)
			b.Start()
			if name == "a full disk" {
				b.Audit = filepath.Join(fmt.Sprintf("/proc/%d/root", b.cmd.Process.Pid), b.Audit)
				t.Cleanup(func() { b.Audit = filepath.Join(b.Dir, "audit") })
			}
			c := b.Client()
			answered := int64(0)
			for {
				a := b.Do(c, b.Request("GET", "/stock/x", nil))
				if a.StatusCode != http.StatusOK {
					if p := a.Problem(t); p.Code != "audit_unavailable" || p.Status != 503 || p.Hop != "broker" {
						t.Fatalf("got %+v", p)
					}
					break
				}
				if answered++; answered > 200 {
					t.Fatal("the disk does not run full")
				}
			}
			if answered == 0 {
				t.Fatal("the disk was full from the start: the test shows nothing")
			}
			reached := calls.Load()
			if reached > answered+1 {
				t.Errorf("the target was called %d times and %d calls were answered", reached, answered)
			}
			for range 3 {
				soap := b.Call("POST", "/stock/x", "<a/>", `SOAPAction: "x"`, "Content-Type: text/xml")
				if !strings.Contains(soap.Body, "<code>audit_unavailable</code>") || soap.StatusCode != 500 {
					t.Errorf("a SOAP caller got %s, %s", soap.Status, soap.Body)
				}
				if a := b.Call("GET", "/stock/x", ""); a.StatusCode != 503 {
					t.Errorf("a later call got %s", a.Status)
				}
			}
			if now := calls.Load(); now != reached {
				t.Errorf("%d calls reached the target after the log had failed", now-reached)
			}
			if status := b.Ready(); status != 503 {
				t.Errorf("/readyz answers %d", status)
			}
			b.wait(10*time.Second, "the metric", func() bool { return strings.Contains(b.Metrics(), "\ntwohop_audit_healthy 0\n") })
			if !strings.Contains(b.Log(), "audit_unavailable") {
				t.Error("the log says nothing")
			}
			// Whatever is in the log is whole.
			if n := len(b.Records()); int64(n) < 2*answered {
				t.Errorf("%d records of %d answered calls", n, answered)
			}
		})
	}
}
