package main

import (
	"log/slog"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// takeMemoryLimit sets Go's memory limit to nine tenths of the container's, unless
// GOMEMLIMIT is given, and returns the limit in force; without one, what the machine has.
func takeMemoryLimit(log *slog.Logger) int64 {
	limit, err := memlimit.Set() // errs where there is no cgroup to read: limit is what was there before
	if err != nil {
		log.Debug("no memory limit read from a cgroup", "error", err)
	}
	if limit == math.MaxInt64 {
		if all, err := memlimit.FromSystem(); err == nil {
			return int64(min(all/2, math.MaxInt64)) // others run on the machine too
		}
		return 0
	}
	return limit
}
