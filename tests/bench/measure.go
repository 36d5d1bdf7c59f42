//go:build linux

package main

import (
	"fmt"
	"time"
)

// sample is one run of one work against one proxy.
type sample struct {
	result
	cpu      time.Duration // of the proxy's processes, user and system
	resident int64         // bytes, at the end of the load
	peak     int64         // bytes, during the load
}

// perUnit is the CPU time of one request, handshake or MiB, in microseconds.
func (s sample) perUnit() float64 { return float64(s.cpu.Nanoseconds()) / 1e3 / float64(s.count) }

// rate is how many were done in a second.
func (s sample) rate() float64 { return float64(s.count) / s.wall.Seconds() }

// running is a proxy that takes calls, or the target itself, with no process.
type running struct {
	proxy
	address string
	process *process
}

// run starts the proxy on a port of its own.
func (p proxy) run(s *stage) (*running, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	process, err := p.start(s, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return &running{p, address, process}, nil
}

// settling is how long a proxy may finish what its callers no longer see.
const settling = 20 * time.Millisecond

// measure runs the work once.
func (r *running) measure(s *stage, w work, o options) (sample, error) {
	e := endpoint{r.address, "https", "/p"}
	if w.old {
		e.prefix = "/o"
	}
	if r.process == nil { // the target, directly
		e.address, e.scheme = s.Plain, "http"
		if w.old {
			e.address, e.scheme = s.Old, "https"
		}
		got, err := w.load(s, e, o)
		return sample{result: got}, err
	}
	pids := r.process.pids()
	if err := forgetPeak(pids); err != nil {
		return sample{}, err
	}
	before, err := cpuTime(pids)
	if err != nil {
		return sample{}, err
	}
	got, err := w.load(s, e, o)
	if got.close != nil {
		defer got.close()
	}
	if err != nil {
		return sample{}, fmt.Errorf("%s, %s: %w: %s", r.name, w.name, err, r.process.printed())
	}
	time.Sleep(settling)
	after, err := cpuTime(pids)
	if err != nil {
		return sample{}, err
	}
	m := sample{result: got, cpu: after - before}
	if m.resident, err = memory(pids, "VmRSS"); err != nil {
		return sample{}, err
	}
	m.peak, err = memory(pids, "VmHWM")
	return m, err
}
