//go:build unix

package main

import (
	"math"

	"golang.org/x/sys/unix"
)

// mostFiles returns how many files and sockets this process may have open, 0 when that
// is not known. Go has raised the soft limit to the hard one by now.
func mostFiles() int64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil || uint64(r.Cur) > math.MaxInt32 {
		return 0
	}
	return int64(r.Cur)
}
