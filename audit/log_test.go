package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twohop/audit/trail"
)

func TestAppendReturnsAfterTheSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := &disk{sync: func() error { <-release; return nil }}
		l := start(d, patience)
		returned := make(chan error, 1)
		go func() { returned <- l.Append(sample()) }()
		synctest.Wait()
		select {
		case err := <-returned:
			t.Fatalf("Append returned %v before the sync had", err)
		default:
		}
		if diff := cmp.Diff([]string{"write 1", "sync"}, d.history()); diff != "" {
			t.Error(diff)
		}
		close(release)
		if err := <-returned; err != nil || d.safe() != 1 {
			t.Errorf("got %v, %d lines are safe", err, d.safe())
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"write 1", "sync", "close"}, d.history()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestManyWritersShareOneSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := &disk{sync: func() error { <-release; return nil }}
		l := start(d, patience)
		var writers sync.WaitGroup
		append := func() {
			if err := l.Append(sample()); err != nil {
				t.Error(err)
			}
		}
		writers.Go(append)
		synctest.Wait() // the first is being synced
		for range 100 {
			writers.Go(append)
		}
		synctest.Wait()
		close(release)
		writers.Wait()
		if diff := cmp.Diff([]string{"write 1", "sync", "write 100", "sync"}, d.history()); diff != "" {
			t.Error(diff)
		}
		l.Close()
	})
}

func TestAFailureStopsTheLogForGood(t *testing.T) {
	full := errors.New("no space left on device")
	for name, d := range map[string]*disk{
		"write": {write: func([]byte) error { return full }},
		"sync":  {sync: func() error { return full }},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(d, patience)
			if err := l.Healthy(); err != nil {
				t.Errorf("at first %v", err)
			}
			for range 2 {
				if err := l.Append(sample()); !errors.Is(err, full) {
					t.Errorf("Append returned %v", err)
				}
			}
			if err := l.AppendEvent(&Event{Time: at}); !errors.Is(err, full) {
				t.Errorf("AppendEvent returned %v", err)
			}
			if err := l.Healthy(); !errors.Is(err, full) {
				t.Errorf("Healthy returned %v", err)
			}
			before := len(d.history())
			d.write, d.sync = nil, nil // the disk is mended, but the log has a gap
			if err := l.Append(sample()); !errors.Is(err, full) || len(d.history()) != before {
				t.Errorf("a mended disk: %v, %v", err, d.history())
			}
			if err := l.Close(); !errors.Is(err, full) {
				t.Errorf("Close returned %v", err)
			}
		})
	}
}

func TestAHangingDiskEndsInAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := &disk{sync: func() error { <-release; return nil }}
		l := start(d, patience)
		begun := time.Now()
		var calls sync.WaitGroup
		for i := range 3 {
			calls.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				if err := l.Append(sample()); err == nil || !strings.Contains(err.Error(), "longer than 10s") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(begun); took != patience {
					t.Errorf("it took %v, want all to be told at the first failure", took)
				}
			})
		}
		calls.Wait()
		if l.Healthy() == nil {
			t.Error("the log claims to be healthy")
		}
		closing := time.Now()
		if err := l.Close(); err == nil || time.Since(closing) != patience {
			t.Errorf("Close returned %v after %v", err, time.Since(closing))
		}
		close(release)
		synctest.Wait()
		if h := d.history(); h[len(h)-1] != "abandon" || d.safe() != 1 {
			t.Errorf("in the end %v", h)
		}
	})
}

func TestCloseWritesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := &disk{sync: func() error { <-release; return nil }}
		l := start(d, patience)
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				if err := l.Append(sample()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for range 2 { // twice, at the same time
			calls.Go(func() {
				if err := l.Close(); err != nil || d.safe() != 10 {
					t.Errorf("Close returned %v, %d lines are safe", err, d.safe())
				}
			})
		}
		synctest.Wait()
		if err := l.Append(sample()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close Append returned %v", err)
		}
		if err := l.Healthy(); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close Healthy returned %v", err)
		}
		close(release)
		calls.Wait()
	})
}

// TestCloseBesideAppend is for the race detector, and looks that what was acknowledged
// is stored, and nothing else.
func TestCloseBesideAppend(t *testing.T) {
	for range 100 {
		d := &disk{}
		l := start(d, patience)
		var calls sync.WaitGroup
		var mu sync.Mutex
		acknowledged := 0
		for range 8 {
			calls.Go(func() {
				for l.Append(sample()) == nil {
					mu.Lock()
					acknowledged++
					mu.Unlock()
				}
			})
		}
		calls.Go(func() { l.Close() })
		calls.Wait()
		l.Close()
		if d.safe() != acknowledged {
			t.Fatalf("%d lines are safe, %d were acknowledged", d.safe(), acknowledged)
		}
	}
}

func TestOpenMakesALogForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "audit")
	l, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(sample()); err != nil {
		t.Error(err)
	}
	if len(l.Fresh()) != 2 || l.Trail().Name() != "log-1" {
		t.Errorf("got keys %v and %v", l.Fresh(), l.Trail())
	}
	second, err := Open(Config{Dir: dir})
	if err != nil || second.Trail().Name() != "log-2" || second.Fresh() != nil {
		t.Fatalf("a second process: %v, %v", second, err)
	}
	for _, l := range []*Log{l, second} {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 && e.Name() != "public-keys" {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	keys, err := trail.PublicKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range []trail.Log{l.Trail(), second.Trail()} {
		if r, err := trail.Verify(log, keys, nil); err != nil || len(r.Problems) > 0 || r.Lines < 4 {
			t.Errorf("%v: %+v, %v", log, r, err)
		}
	}
}

func TestOpenWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: filepath.Join(file, "audit")}); err == nil || !strings.HasPrefix(err.Error(), "audit: ") {
		t.Errorf("got %v", err)
	}
}
