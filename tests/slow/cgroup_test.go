//go:build linux

package slow

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cgroup bounds the memory of a process as a container does.
type cgroup struct{ dir, limit, most string }

// newCgroup makes a cgroup of version 2 or 1 with a limit in bytes, and reports whether
// this machine allows it.
func newCgroup(t testing.TB, limit int64) (*cgroup, bool) {
	name := fmt.Sprintf("twohop-test-%d", os.Getpid())
	for _, g := range []*cgroup{
		{filepath.Join("/sys/fs/cgroup", name), "memory.max", "memory.peak"},
		{filepath.Join("/sys/fs/cgroup/memory", name), "memory.limit_in_bytes", "memory.max_usage_in_bytes"},
	} {
		if os.Mkdir(g.dir, 0o755) != nil {
			continue
		}
		if set(filepath.Join(g.dir, g.limit), strconv.FormatInt(limit, 10)) == nil {
			t.Cleanup(func() {
				for range 100 { // a process that has just ended still counts
					if os.Remove(g.dir) == nil {
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
				t.Errorf("%s cannot be removed", g.dir)
			})
			return g, true
		}
		os.Remove(g.dir)
	}
	return nil, false
}

// set writes a file that is there: one that is not belongs to no cgroup.
func set(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(value)
	return err
}

// peak returns the most memory that the cgroup held, files and sockets included, in MiB.
func (g *cgroup) peak(t testing.TB) float64 {
	text, err := os.ReadFile(filepath.Join(g.dir, g.most))
	if err != nil {
		t.Log(err) // memory.peak is not in every kernel
		return 0
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n / (1 << 20)
}
