//go:build !windows

package console

import (
	"errors"
	"syscall"
)

// nobodyListens reports whether err is that of a socket that a dead process left.
func nobodyListens(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
