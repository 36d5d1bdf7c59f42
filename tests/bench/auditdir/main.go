//go:build linux

// Command auditdir makes the audit log of a broker with so many calls, an even 10,000 an
// hour, through the writer that the broker uses: checkpoints every second, segments,
// compression, indexes. Then it asks twohop audit show for some of them, and prints times
// and sizes as Markdown.
//
//	go run ./tests/bench/auditdir -calls 10000000 -dir /var/tmp/audit
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"twohop/audit"
	"twohop/audit/index"
	"twohop/audit/trail"
	"twohop/tests/auditgen"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const gap = time.Hour / 10000

func main() {
	calls := flag.Int("calls", 10_000_000, "how many calls")
	dir := flag.String("dir", "", "directory to make the log in; removed at the end unless -keep")
	keep := flag.Bool("keep", false, "leave the directory")
	have := flag.Bool("have", false, "the directory is there already, from -keep")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *calls, *dir, *keep, *have); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, calls int, dir string, keep, have bool) error {
	if dir == "" {
		return fmt.Errorf("-dir names no directory")
	}
	if !keep && !have {
		defer os.RemoveAll(dir)
	}
	if !have {
		if err := fill(ctx, calls, dir); err != nil {
			return err
		}
	}
	if err := sizes(dir, calls); err != nil {
		return err
	}
	return ask(ctx, dir)
}

// fill writes the log, a batch for each second in which something was recorded, as a
// broker does at this rate.
func fill(ctx context.Context, calls int, dir string) error {
	if _, err := trail.Init(dir, "twohop/bench", start); err != nil {
		return err
	}
	var now atomic.Int64 // the clock of the records
	now.Store(start.UnixNano())
	w, err := trail.Acquire(dir, trail.Options{Now: func() time.Time { return time.Unix(0, now.Load()) }})
	if err != nil {
		return err
	}
	began := time.Now()
	done := make(chan struct{})
	compressed := make(chan error, 1)
	behind := make(chan struct{}, 1) // filled while the writer may not go on
	go func() { compressed <- compress(w.Log, behind, done) }()
	series := auditgen.New(1, start, gap)
	var batch []byte
	for n, second := 0, int64(0); n < calls && ctx.Err() == nil; {
		r := series.Next()
		if s := r.Logged.Unix(); s != second {
			if len(batch) > 0 {
				if err := w.Append(batch); err != nil {
					return err
				}
				batch = batch[:0]
			}
			behind <- struct{}{}
			<-behind
			second = s
			now.Store(r.Logged.UnixNano())
		}
		batch = append(r.AppendJSON(batch), '\n')
		if r.Stage == audit.End {
			n++
		}
	}
	if err := w.Append(batch); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "written after %v\n", time.Since(began).Round(time.Second))
	close(done)
	if err := <-compressed; err != nil {
		return err
	}
	fmt.Printf("Made in %v: %d lines until %s.\n", time.Since(began).Round(time.Second), w.Durable(), time.Unix(0, now.Load()).UTC().Format(time.DateTime))
	if err := w.Close(); err != nil {
		return err
	}
	return ctx.Err()
}

// compress follows the writer, and tells how long indexing took.
func compress(l trail.Log, behind chan struct{}, done <-chan struct{}) error {
	var indexing, all time.Duration
	var lines int64
	for last := false; ; {
		sealed, err := l.Sealed()
		if err != nil {
			return err
		}
		if len(sealed) > 4 { // the disk holds no more of what is not compressed
			behind <- struct{}{}
		}
		for _, s := range sealed {
			began := time.Now()
			c, err := s.Compress(func(s trail.Segment) error {
				at := time.Now()
				err := index.Build(s)
				indexing += time.Since(at)
				return err
			})
			if err != nil {
				return err
			}
			all += time.Since(began)
			x, err := index.Open(c, false)
			if err != nil {
				return err
			}
			lines += x.Lines
		}
		if len(sealed) > 4 {
			<-behind
		}
		if last {
			fmt.Printf("Compressing and indexing %d lines took %v, of which indexing %v: %.0f lines/s.\n", lines, all.Round(time.Second), indexing.Round(time.Second), float64(lines)/indexing.Seconds())
			return nil
		}
		select {
		case <-done:
			last = true
		case <-time.After(time.Second):
		}
	}
}

// sizes prints what a call takes on the disk.
func sizes(dir string, calls int) error {
	sum := map[string]int64{}
	var text int64
	logs, err := trail.Logs(dir)
	if err != nil {
		return err
	}
	segments := 0
	for _, l := range logs {
		list, err := l.Segments()
		if err != nil {
			return err
		}
		for _, s := range list {
			x, err := index.Open(s, false)
			if err != nil {
				return err
			}
			text += x.Text
			x.Close()
			segments++
		}
	}
	err = filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			_, ext, _ := strings.Cut(filepath.Base(name), ".")
			sum[ext] += info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	each := func(n int64) float64 { return float64(n) / float64(calls) }
	fmt.Printf("\n%d calls, %d segments.\n\n| bytes a call | |\n| --- | --: |\n| lines | %.0f |\n| compressed | %.1f |\n| index | %.1f |\n| leaves | %.1f |\n| seals | %.2f |\n\n",
		calls, segments, each(text), each(sum["jsonl.zst"]), each(sum["index"]), each(sum["leaves"]), each(sum["seal"]))
	return nil
}
