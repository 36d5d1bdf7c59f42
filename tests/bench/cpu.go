//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the CPU time, user and system, that the processes have used since they
// started, in nanoseconds of the scheduler's own count. It reads each process's CPU clock
// (clock_getcpuclockid(3)): unlike /proc/PID/schedstat it covers all threads, ended ones
// too, and unlike /proc/PID/stat it is not cut to clock ticks.
func cpuTime(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		const perProcess = 2 // CPUCLOCK_SCHED in the kernel's posix-timers
		var t unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|perProcess), &t); err != nil {
			return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
		}
		sum += time.Duration(t.Nano())
	}
	return sum, nil
}

// family returns pid and its descendants.
func family(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[i], pids[i]))
		for _, f := range strings.Fields(string(children)) {
			if child, err := strconv.Atoi(f); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// memory sums a field of /proc/PID/status, in bytes: VmRSS is what is resident now, VmHWM
// the most since the start or forgetPeak. Pages that processes share count for each.
func memory(pids []int, field string) (int64, error) {
	var sum int64
	for _, pid := range pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		_, rest, found := bytes.Cut(status, []byte("\n"+field+":"))
		line, _, _ := bytes.Cut(rest, []byte(" kB\n"))
		kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
		if !found || err != nil {
			return 0, fmt.Errorf("no %s of process %d", field, pid)
		}
		sum += kib << 10
	}
	return sum, nil
}

// forgetPeak makes VmHWM start again from what is resident now (proc(5), clear_refs).
func forgetPeak(pids []int) error {
	for _, pid := range pids {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return err
		}
	}
	return nil
}
