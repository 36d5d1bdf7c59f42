//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// noise tells how much of the machine went to others since it was made. The figures are
// worth less the more it is.
type noise struct {
	begun         time.Time
	machine, ours time.Duration
}

// listen starts to count. Call it before any process is started.
func listen() (*noise, error) {
	machine, err := busy()
	return &noise{time.Now(), machine, ownTime()}, err
}

// share returns the part of all CPUs' time that other programs used, and the hypervisor.
// alive are the processes that this one started and has not waited for.
func (n *noise) share(alive []int) (float64, error) {
	machine, err := busy()
	if err != nil {
		return 0, err
	}
	living, err := cpuTime(alive)
	if err != nil {
		return 0, err
	}
	others := machine - n.machine - (ownTime() - n.ours + living)
	return max(0, others.Seconds()/time.Since(n.begun).Seconds()/float64(runtime.NumCPU())), nil
}

// busy is the time that all CPUs together were not idle, stolen time included, since the
// start of the machine (proc(5), /proc/stat).
func busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var user, nice, system, idle, wait, irq, softirq, steal int64
	if _, err := fmt.Sscanf(line, "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &wait, &irq, &softirq, &steal); err != nil {
		return 0, fmt.Errorf("/proc/stat: %w", err)
	}
	const tick = time.Second / 100 // USER_HZ, the same on all of Linux's usual machines
	return time.Duration(user+nice+system+irq+softirq+steal) * tick, nil
}

// ownTime is the CPU time of this process and of those it has waited for.
func ownTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		syscall.Getrusage(who, &u) // fails for no such who only
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
