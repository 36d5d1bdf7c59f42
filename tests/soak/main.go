//go:build linux

// Command soak runs the real broker under a mixed load for a while and prints what came
// of it as Markdown. It fails when a call failed that should not have, when an answered
// call is not in the audit log, or when the broker holds more at the end than at the
// start. Everything listens on the loopback address.
//
//	go run ./tests/soak -for 15m
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	length := flag.Duration("for", 15*time.Minute, "how long the load goes on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := soak(ctx, *length)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	fmt.Print(report.markdown())
	if len(report.failures) > 0 {
		fmt.Fprintln(os.Stderr, "soak: "+strings.Join(report.failures, "\nsoak: "))
		os.Exit(1)
	}
}

// soak runs the load for a length of time, between two looks at the broker at rest.
func soak(ctx context.Context, length time.Duration) (*report, error) {
	targets, err := openTargets()
	if err != nil {
		return nil, err
	}
	defer targets.close()
	sink, err := openCollector()
	if err != nil {
		return nil, err
	}
	defer sink.down()
	b, err := start(ctx, targets, sink)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	defer b.stop()
	warm := newTally()
	if err := load(ctx, b, targets, min(length/4, 20*time.Second), warm); err != nil {
		return nil, err
	}
	r := &report{length: length, begun: time.Now(), tally: newTally(), warm: warm}
	if r.before, err = b.atRest(ctx); err != nil {
		return nil, err
	}
	if err := flapping(ctx, sink, func() error { return load(ctx, b, targets, length, r.tally) }); err != nil {
		return nil, err
	}
	size, err := b.lines()
	if err != nil {
		return nil, err
	}
	if err := sink.has(ctx, size); err != nil {
		return nil, err
	}
	if r.after, err = b.atRest(ctx); err != nil {
		return nil, err
	}
	r.most, r.reloads = b.most, b.reloads
	if err := b.stop(); err != nil {
		return nil, err
	}
	if r.ends, err = b.ends(); err != nil {
		return nil, err
	}
	if r.log, err = b.verified(); err != nil {
		return nil, err
	}
	r.outages, r.shipped, r.resent = sink.totals()
	r.judge()
	return r, nil
}

// How long the collector is there, and away.
const (
	there = 20 * time.Second
	away  = 15 * time.Second
)

// flapping does something while the collector comes and goes.
func flapping(ctx context.Context, sink *collector, do func() error) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- sink.flap(ctx, there, away) }()
	err := do()
	stop()
	return errors.Join(err, <-ended)
}
