// Package durable writes files so that they are whole after a crash: either the
// old content or the new, never a part.
package durable

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces the file called name by data: it writes a temporary file in
// the same directory, fsyncs it, renames it over name and fsyncs the directory.
// When it returns nil the new content survives a power loss. When it returns an error
// the old content still stands, or, where only the last fsync failed, may come back
// after a power loss.
func WriteFile(name string, data []byte, perm os.FileMode) (err error) {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := f.Chmod(perm); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	return SyncDir(dir)
}

// WriteNew makes the file called name with data, whole or not at all, and makes it survive
// a power loss. The error is fs.ErrExist when name is there already; then nothing is
// changed, even when two processes make it at the same time.
func WriteNew(name string, data []byte, perm os.FileMode) error {
	tmp := fmt.Sprintf("%s.%s", name, rand.Text())
	if err := WriteFile(tmp, data, perm); err != nil {
		return err
	}
	defer os.Remove(tmp)
	err := os.Link(tmp, name)
	if _, missing := os.Lstat(name); err != nil && missing != nil { // a file system without links, such as SMB
		err = os.Rename(tmp, name)
	}
	if err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	return SyncDir(filepath.Dir(name))
}

// MkdirAll makes dir and what is missing above it, and makes their names survive a
// power loss.
func MkdirAll(dir string, perm os.FileMode) error {
	var above []string // directories that get a new name
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		above = append(above, filepath.Dir(d))
	}
	if err := os.MkdirAll(dir, perm); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	for _, d := range above {
		if err := SyncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// File is a file that is appended to. After a Write and a Sync without error, what was
// written survives a power loss.
type File struct{ *os.File }

// Create makes the file called name, which must not exist, and makes its name survive
// a power loss.
func Create(name string, perm os.FileMode) (*File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND|syncedWrites, perm)
	if err != nil {
		return nil, fmt.Errorf("durable: %w", err)
	}
	if err := SyncDir(filepath.Dir(name)); err != nil {
		f.Close()
		return nil, err
	}
	return &File{f}, nil
}

// Append opens the file called name, which must exist, to go on at its end.
func Append(name string) (*File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|syncedWrites, 0)
	if err != nil {
		return nil, fmt.Errorf("durable: %w", err)
	}
	return &File{f}, nil
}

// Rename gives a file another name in the same directory, which survives a power loss.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("durable: %w", err)
	}
	return SyncDir(filepath.Dir(to))
}
