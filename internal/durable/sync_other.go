//go:build !linux

package durable

import "fmt"

const syncedWrites = 0

// Sync returns once what was written is on stable storage.
func (f *File) Sync() error {
	if err := f.File.Sync(); err != nil {
		return fmt.Errorf("durable: fsync %s: %w", f.Name(), err)
	}
	return nil
}
