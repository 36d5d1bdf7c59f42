//go:build linux

package faults

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAFullDisk fills the disk of the audit log while a call is under way, makes room,
// and starts the broker again.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	s := startService(t, plain)
	b := newBroker(t, routesTo(plain, s.Addr(), "", 100*time.Millisecond))
	disk := mountedDir(t, 64)
	b.Audit = filepath.Join(b.Dir, "audit")
	if err := os.Symlink(disk, b.Audit); err != nil {
		t.Fatal(err)
	}
	b.Start(options{})
	c := b.caller(to(b.Addr))
	defer c.close()
	var rest use
	eventually(t, patience, "the broker to come to rest", func() bool { rest = b.use(); time.Sleep(200 * time.Millisecond); return b.use() == rest })

	// A streamed answer runs while other calls fill the disk.
	before := b.Metrics()
	answered := 0
	long := c.do(t.Context(), call{method: "GET", path: "drip?n=200&ms=50", status: 200, ends: "line 200 of 200\n"}, "none", s, func() {
		other := b.caller(to(b.Addr))
		defer other.close()
		for {
			one := other.do(t.Context(), get, "none", s, nil)
			if one.Whole {
				answered++
				continue
			}
			if one.Status != http.StatusServiceUnavailable || one.Code != "audit_unavailable" {
				t.Errorf("the call that fills the disk saw %v", one)
			}
			return
		}
	})
	if answered == 0 {
		t.Fatal("the disk was full from the start: the test shows nothing")
	}
	if long.Whole || long.Status != http.StatusOK || long.Err == nil {
		t.Errorf("the answer whose end cannot be recorded was not cut: %v", long)
	}
	for _, k := range []call{get, post} {
		if one := c.do(t.Context(), k, "none", s, nil); one.Code != "audit_unavailable" || one.Status != http.StatusServiceUnavailable {
			t.Errorf("%s on a full disk saw %v", k.what, one)
		}
	}
	if n := s.orders.Load(); n != 0 {
		t.Errorf("the target got %d calls that could not be recorded", n)
	}
	eventually(t, patience, "the metric", func() bool { return b.Metrics()["twohop_audit_healthy"] == 0 })
	refused := 0.0 // some before their route was known
	for series, n := range b.Metrics().since(before) {
		if strings.HasPrefix(series, `twohop_faults_total{code="audit_unavailable"`) {
			refused += n
		}
	}
	if refused != 4 {
		t.Errorf("%v calls are counted as audit_unavailable, want 4", refused)
	}
	if status := b.Ready(); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", status)
	}

	// Room alone does not bring it back, as the README says: the log's end is unknown.
	grow(t, disk, 4096)
	if one := c.do(t.Context(), get, "none", s, nil); one.Code != "audit_unavailable" {
		t.Errorf("after room was made, without a restart: %v", one)
	}
	c.close()
	eventually(t, patience, "nothing to be left of the calls", func() bool {
		now := b.use()
		return now.goroutines <= rest.goroutines && now.descriptors <= rest.descriptors
	})
	b.Stop()
	whole := len(b.Records(""))
	b.Start(options{})
	c = b.caller(to(b.Addr))
	defer c.close()
	for _, k := range []call{get, post} {
		one := c.do(t.Context(), k, "none", s, nil)
		if !one.Whole {
			t.Errorf("after a restart %s saw %v", k.what, one)
		}
		if n := len(b.Records(one.ID)); n != 2 {
			t.Errorf("after a restart %s left %d records, want 2", k.what, n)
		}
	}
	if n := len(b.Records("")); whole < 2*answered || n < whole+4 {
		t.Errorf("the log has %d records of %d answered calls, and %d after 2 more", whole, answered, n)
	}
}

// mountedDir mounts a file system of so many KiB.
func mountedDir(t *testing.T, kib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=700", kib)); err != nil {
		absent(t, "mounting needs root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func grow(t *testing.T, dir string, kib int) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dk", kib)); err != nil {
		t.Fatal(err)
	}
}
