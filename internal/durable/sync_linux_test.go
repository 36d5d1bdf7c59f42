package durable

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A File's Sync does nothing on Linux, so its writes must be synced ones.
func TestWritesAreSynced(t *testing.T) {
	f, err := Create(filepath.Join(t.TempDir(), "log"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_DSYNC == 0 || flags&unix.O_APPEND == 0 {
		t.Errorf("the file is open with %#x, %v", flags, err)
	}
}
