//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// run measures and prints, work by work.
func (p plan) run(ctx context.Context, s *stage, proxies []proxy) error {
	heard, err := listen()
	if err != nil {
		return err
	}
	var kept []*running
	defer func() {
		for _, r := range kept {
			r.process.stop()
		}
	}()
	for _, each := range proxies {
		r, err := each.run(s)
		if err != nil {
			return err
		}
		kept = append(kept, r)
		fmt.Fprintf(os.Stderr, "bench: %s is process %v\n", r.name, r.process.pids())
	}
	for _, w := range p.works {
		t := table{work: w, samples: map[string][]sample{}}
		for round := range p.rounds {
			if err := p.round(ctx, s, kept, &t, round); err != nil {
				return err
			}
		}
		t.print(os.Stdout)
	}
	alive := s.target.pids()
	for _, r := range kept {
		alive = append(alive, r.process.pids()...)
	}
	others, err := heard.share(alive)
	if err != nil {
		return err
	}
	fmt.Printf("\nMeanwhile other programs used %.0f %% of the CPUs; wall time and latencies suffer from it most.\n", 100*others)
	return nil
}

// round measures every proxy once, and the target itself.
func (p plan) round(ctx context.Context, s *stage, kept []*running, t *table, round int) error {
	for _, r := range kept {
		if t.work.old && r.noOld {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := p.once(s, r, t.work, round)
		if err != nil {
			return err
		}
		t.add(r.name, m)
	}
	if t.work.alone || p.profile != "" {
		return nil
	}
	m, err := (&running{}).measure(s, t.work, p.options)
	if err != nil {
		return fmt.Errorf("%s, directly: %w", t.work.name, err)
	}
	t.add(direct, m)
	return nil
}

// once measures a proxy, after a short run to warm it up in the first of many rounds.
func (p plan) once(s *stage, r *running, w work, round int) (sample, error) {
	if w.fresh {
		again, err := r.run(s)
		if err != nil {
			return sample{}, err
		}
		defer again.process.stop()
		return again.measure(s, w, p.options)
	}
	if round == 0 && (p.rounds > 1 || p.profile != "") {
		short := p.options
		short.seconds = time.Second
		if _, err := r.measure(s, w, short); err != nil {
			return sample{}, err
		}
	}
	if p.profile != "" {
		return r.profile(s, w, p.options, p.profile)
	}
	return r.measure(s, w, p.options)
}

func (t *table) add(name string, m sample) {
	if len(t.samples[name]) == 0 {
		t.names = append(t.names, name)
	}
	t.samples[name] = append(t.samples[name], m)
}
