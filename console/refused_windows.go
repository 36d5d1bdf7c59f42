package console

import (
	"errors"

	"golang.org/x/sys/windows"
)

// nobodyListens reports whether err is that of a socket that a dead process left.
func nobodyListens(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
