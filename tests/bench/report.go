//go:build linux

package main

import (
	"fmt"
	"io"
	"time"
)

// table holds the samples of one work: by proxy, one a round.
type table struct {
	work    work
	names   []string // in the order of the report
	samples map[string][]sample
}

// direct is the name under which the target itself is measured.
const direct = "direct"

// of returns the spread of a figure of one proxy.
func of[T int64 | float64 | time.Duration](t table, name string, figure func(sample) T) spread[T] {
	values := make([]T, 0, len(t.samples[name]))
	for _, s := range t.samples[name] {
		values = append(values, figure(s))
	}
	return spreadOf(values)
}

// print writes the table as Markdown. The first proxy is the one that the others are
// compared with.
func (t table) print(w io.Writer) {
	fmt.Fprintf(w, "\n**%s**: %s\n\n", t.work.name, t.work.about)
	fmt.Fprintf(w, "| | CPU µs/%s | %s ÷ it | %ss/s | p50 ms | p99 ms | added p50, p99 ms | RSS MiB | peak MiB |\n", t.work.unit, t.names[0], t.work.unit)
	fmt.Fprintln(w, "| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, name := range t.names {
		if len(t.samples[name]) > 0 {
			fmt.Fprintln(w, t.row(name))
		}
	}
}

func (t table) row(name string) string {
	rate := of(t, name, sample.rate)
	p50 := of(t, name, func(s sample) time.Duration { return s.p50 }).median
	p99 := of(t, name, func(s sample) time.Duration { return s.p99 }).median
	latency := "| | |"
	if p50 > 0 {
		latency = fmt.Sprintf("| %s | %s |", millis(p50), millis(p99))
	}
	if name == direct {
		return fmt.Sprintf("| %s | | | %.0f (%.0f–%.0f) %s | | |", name, rate.median, rate.min, rate.max, latency+" |")
	}
	cpu, first := of(t, name, sample.perUnit), of(t, t.names[0], sample.perUnit)
	added := ""
	if len(t.samples[direct]) > 0 && p50 > 0 {
		added = millis(p50-of(t, direct, func(s sample) time.Duration { return s.p50 }).median) + ", " +
			millis(p99-of(t, direct, func(s sample) time.Duration { return s.p99 }).median)
	}
	return fmt.Sprintf("| %s | %.1f (%.1f–%.1f) | %.2f | %.0f (%.0f–%.0f) %s %s | %.1f | %.1f |", name, cpu.median, cpu.min, cpu.max, first.median/cpu.median,
		rate.median, rate.min, rate.max, latency, added,
		mebi(of(t, name, func(s sample) int64 { return s.resident }).median), mebi(of(t, name, func(s sample) int64 { return s.peak }).median))
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
func mebi(n int64) float64          { return float64(n) / (1 << 20) }
