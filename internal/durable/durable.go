// Package durable writes files so that they are whole after a crash: either the
// old content or the new, never a part.
package durable

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces the file called name by data: it writes a temporary file in
// the same directory, fsyncs it, renames it over name and fsyncs the directory.
// When it returns nil the new content survives a power loss; when it returns an
// error the old content still stands.
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
