//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// burn keeps one CPU busy for d, as this process's "burn" command.
func burn(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

// checkClocks runs a process that does nothing but compute and compares two counts of
// its CPU time: the clock that this program measures with, and the kernel's rusage when
// the process was waited for. They must agree, or no figure here means anything.
func checkClocks() (clock, rusage time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(self, "burn")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	out.Read(make([]byte, 1)) // it has burnt, and waits for its end
	clock, err = cpuTime(family(cmd.Process.Pid))
	in.Close()
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		return 0, 0, err
	}
	rusage = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if off := (rusage - clock).Abs(); off > clock/20+5*time.Millisecond {
		return clock, rusage, fmt.Errorf("the process clock says %v and rusage %v of the same busy loop", clock, rusage)
	}
	return clock, rusage, nil
}
