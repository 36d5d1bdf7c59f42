//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
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
func of(t table, name string, figure func(sample) float64) spread {
	values := make([]float64, 0, len(t.samples[name]))
	for _, s := range t.samples[name] {
		values = append(values, figure(s))
	}
	return spreadOf(values)
}

// print writes the table as Markdown. The first proxy is the one that the others are
// compared with.
func (t table) print(w io.Writer) {
	fmt.Fprintf(w, "\n**%s**: %s\n\n", t.work.name, t.work.about)
	fmt.Fprintf(w, "| | CPU µs/%s | %s ÷ it | %s | p50 ms | p99 ms | added p50, p99 ms | RSS MiB | peak MiB |\n", t.work.unit, t.names[0], t.work.perSecond())
	fmt.Fprintln(w, "| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, name := range t.names {
		if len(t.samples[name]) > 0 {
			fmt.Fprintln(w, t.row(name))
		}
	}
}

func (t table) row(name string) string {
	millis := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	p50 := of(t, name, func(s sample) float64 { return millis(s.p50) }).median
	p99 := of(t, name, func(s sample) float64 { return millis(s.p99) }).median
	var cpu, ratio, latency50, latency99, added, resident, peak string
	if p50 > 0 {
		latency50, latency99 = fmt.Sprintf("%.2f", p50), fmt.Sprintf("%.2f", p99)
	}
	if name != direct {
		own, first := of(t, name, sample.perUnit), of(t, t.names[0], sample.perUnit)
		cpu, ratio = own.format("%.1f"), fmt.Sprintf("%.2f", first.median/own.median)
		resident = fmt.Sprintf("%.1f", of(t, name, func(s sample) float64 { return mebi(s.resident) }).median)
		peak = fmt.Sprintf("%.1f", of(t, name, func(s sample) float64 { return mebi(s.peak) }).median)
		if len(t.samples[direct]) > 0 && p50 > 0 {
			added = fmt.Sprintf("%.2f, %.2f", p50-of(t, direct, func(s sample) float64 { return millis(s.p50) }).median,
				p99-of(t, direct, func(s sample) float64 { return millis(s.p99) }).median)
		}
	}
	rate := of(t, name, sample.rate).format("%.0f")
	return "| " + strings.Join([]string{name, cpu, ratio, rate, latency50, latency99, added, resident, peak}, " | ") + " |"
}

func mebi(n int64) float64 { return float64(n) / (1 << 20) }
