//go:build !linux

package durable

import (
	"fmt"
	"os"
)

// Sync returns once the data written to f is on stable storage.
func Sync(f *os.File) error {
	if err := f.Sync(); err != nil {
		return fmt.Errorf("durable: fsync %s: %w", f.Name(), err)
	}
	return nil
}
