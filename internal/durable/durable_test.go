package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriteNewWritesOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	var wrote atomic.Int64
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			switch err := WriteNew(name, []byte{byte('0' + i)}, 0o600); {
			case err == nil:
				wrote.Store(int64('0' + i))
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	work.Wait()
	if data, err := os.ReadFile(name); err != nil || len(data) != 1 || int64(data[0]) != wrote.Load() {
		t.Errorf("it holds %q, %v; %c was told that it wrote it", data, err, wrote.Load())
	}
	if list := names(t, filepath.Dir(name)); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
}

func TestWriteFileReplacesTheWhole(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"a long first content", "short"} {
		if err := WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(name); err != nil || string(data) != text {
			t.Errorf("got %q, %v", data, err)
		}
	}
	if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if list := names(t, filepath.Dir(name)); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
}

// TestReadersSeeTheOldOrTheNew reads while another writes.
func TestReadersSeeTheOldOrTheNew(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	a, b := strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<15)
	if err := WriteFile(name, []byte(a), 0o600); err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range 50 {
			if err := WriteFile(name, []byte([]string{a, b}[i%2]), 0o600); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		if data, err := os.ReadFile(name); err != nil || string(data) != a && string(data) != b {
			t.Fatalf("got %d bytes, %v", len(data), err)
		}
	}
	writer.Wait()
}

func TestWriteFileThatFailsLeavesTheOldContentAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(name, "by a directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(name, []byte("x"), 0o600); err == nil || !strings.HasPrefix(err.Error(), "durable: ") {
		t.Errorf("got %v", err)
	}
	if list := names(t, dir); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	if err := WriteFile(filepath.Join(dir, "missing", "file"), nil, 0o600); err == nil {
		t.Error("a file was written into a directory that is not there")
	}
}

func TestMkdirAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for d := dir; filepath.Base(d) != "001"; d = filepath.Dir(d) {
		if info, err := os.Stat(d); err != nil || !info.IsDir() || runtime.GOOS != "windows" && info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%s: %v, %v", d, info, err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MkdirAll(filepath.Join(file, "d"), 0o700); err == nil {
		t.Error("a directory was made in a file")
	}
}

func TestCreate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	f, err := Create(name, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, text := range []string{"one\n", "two\n"} {
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(name)
	if got, _ := os.ReadFile(name); string(got) != "one\ntwo\n" || err != nil || info.Mode().Perm()&0o177 != 0 && runtime.GOOS != "windows" {
		t.Errorf("the file has %q, %v, %v", got, info, err)
	}
	if _, err := Create(name, 0o600); err == nil || !strings.HasPrefix(err.Error(), "durable: ") {
		t.Errorf("a file that exists: %v", err)
	}
	if _, err := Create(filepath.Join(t.TempDir(), "missing", "log"), 0o600); err == nil {
		t.Error("a file was made in a directory that is not there")
	}
	if err := SyncDir(filepath.Join(t.TempDir(), "missing")); runtime.GOOS != "windows" && err == nil {
		t.Error("a directory that is not there was synced")
	}
}
