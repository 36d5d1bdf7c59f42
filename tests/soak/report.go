//go:build linux

package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"twohop/audit/trail"
)

// report is what came of it.
type report struct {
	length              time.Duration
	begun               time.Time
	tally, warm         *tally
	before, after, most vitals
	reloads             int
	ends                int64 // records of calls in the audit log
	log                 *trail.Report
	outages             int   // of the collector
	shipped, resent     int64 // lines that it has, and that it got again
	failures            []string
}

// measures are what is compared, and by how much it may be more at the end: goroutines
// and descriptors for what the runtime does by itself, memory for the garbage of the day.
func (r *report) measures() []measure {
	return []measure{
		{"goroutines", r.before.goroutines, r.most.goroutines, r.after.goroutines, 5, "%.0f"},
		{"descriptors", r.before.descriptors, r.most.descriptors, r.after.descriptors, 2, "%.0f"},
		{"heap after GC, MiB", r.before.heap / mib, r.most.heap / mib, r.after.heap / mib, 4, "%.1f"},
		{"resident memory, MiB", r.before.resident / mib, r.most.resident / mib, r.after.resident / mib, 48, "%.1f"},
	}
}

const mib = 1 << 20

type measure struct {
	name                      string
	before, most, after, room float64
	form                      string
}

// judge collects what failed.
func (r *report) judge() {
	for _, t := range []*tally{r.warm, r.tally} {
		if t.failed > 0 {
			r.failures = append(r.failures, fmt.Sprintf("%d calls failed that should not have:\n%s", t.failed, strings.Join(t.wrong, "\n")))
		}
	}
	for _, m := range r.measures() {
		if m.after > m.before+m.room {
			r.failures = append(r.failures, fmt.Sprintf("%s: %.1f at the start, %.1f at the end; %.0f more are allowed", m.name, m.before, m.after, m.room))
		}
	}
	if answered := r.warm.answered() + r.tally.answered(); r.ends < answered {
		r.failures = append(r.failures, fmt.Sprintf("%d calls were answered, and the audit log has the end of %d", answered, r.ends))
	}
}

func (r *report) markdown() string {
	var b strings.Builder
	calls := 0
	for _, outcomes := range r.tally.outcomes {
		for _, n := range outcomes {
			calls += n
		}
	}
	verdict := "nothing failed that should not, and nothing grew"
	if len(r.failures) > 0 {
		verdict = "FAILED" // on standard error why
	}
	fmt.Fprintf(&b, "%s, `make soak SOAK=%v` on %d CPUs, %s, %s: %d calls (%.0f/s) and %d reloads; %s.\n\n",
		r.begun.UTC().Format("2 January 2006"), r.length, runtime.NumCPU(), system(), runtime.Version(), calls, float64(calls)/r.length.Seconds(), r.reloads, verdict)
	b.WriteString("| broker | at rest before | most under load | at rest after | allowed |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, m := range r.measures() {
		fmt.Fprintf(&b, "| %s | "+m.form+" | "+m.form+" | "+m.form+" | +%.0f |\n", m.name, m.before, m.most, m.after, m.room)
	}
	b.WriteString("\n| calls | outcome | p50 | p99 |\n| --- | --- | ---: | ---: |\n")
	for _, k := range kinds {
		outcomes, t := r.tally.outcomes[k.name], r.tally.times[k.name]
		if t == nil {
			continue
		}
		var parts []string
		for _, o := range slices.Sorted(maps.Keys(outcomes)) {
			parts = append(parts, fmt.Sprintf("%d %s", outcomes[o], o))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", k.name, strings.Join(parts, ", "), t.quantile(.5), t.quantile(.99))
	}
	fmt.Fprintf(&b, "\nThe audit log verifies: %d lines in %d segments with %d checkpoints by %d keys. Its collector was away %d times, and has all %d lines (%d came twice).\n",
		r.log.Lines, r.log.Segments, r.log.Checkpoints, r.log.Keys, r.outages, r.shipped, r.resent)
	fmt.Fprintf(&b, "\n%d calls had a whole answer; the audit log has the end of %d, those that hung up or were cut among them.\n",
		r.warm.answered()+r.tally.answered(), r.ends)
	return b.String()
}

// system names the kernel, without the host.
func system() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return runtime.GOOS
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	name := unix.ByteSliceToString(u.Sysname[:]) + " " + release
	if text, err := os.ReadFile("/etc/debian_version"); err == nil {
		name += " (Debian " + strings.TrimSpace(string(text)) + ")"
	}
	return name
}

// times counts durations in steps of 5 %.
type times struct {
	counts [400]int
	n      int
}

const (
	leastTime = 50 * time.Microsecond
	timeStep  = 1.05
)

func (t *times) add(d time.Duration) {
	i := int(math.Log(max(1, float64(d)/float64(leastTime))) / math.Log(timeStep))
	t.counts[min(i, len(t.counts)-1)]++
	t.n++
}

// quantile is the time within which a share of the calls was over, up to 5 % more.
func (t *times) quantile(share float64) string {
	need := int(math.Ceil(share * float64(t.n)))
	for i, n := range t.counts {
		if need -= n; need <= 0 {
			d := time.Duration(float64(leastTime) * math.Pow(timeStep, float64(i+1)))
			if d >= time.Second {
				return fmt.Sprintf("%.2f s", d.Seconds())
			}
			return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
		}
	}
	return "?"
}
