package search

import (
	"context"
	"errors"
	"sync"
	"time"

	"twohop/audit/entry"
	"twohop/audit/trail"
)

const (
	followed  = 256 << 10       // bytes of lines that are taken at a time
	newLogs   = 2 * time.Second // how often is looked for further logs
	lineAhead = 1               // batches of a log that wait
)

// Follow calls yield for each row that is recorded after Open, as it comes, until ctx is
// done or yield returns an error. A call comes when it has ended, and again when that is
// amended.
func (s *Search) Follow(ctx context.Context, yield func(Row) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel(nil)
	found := make(chan []Row, lineAhead)
	known := map[string]bool{}
	follow := func(l trail.Log, from int64) {
		known[l.Dir] = true
		work.Go(func() {
			if err := s.follow(ctx, l, from, found); err != nil {
				cancel(err)
			}
		})
	}
	for _, l := range s.logs {
		follow(l.Log, l.end)
	}
	look := time.NewTicker(newLogs)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case list := <-found:
			for _, r := range list {
				if err := yield(r); err != nil {
					return err
				}
			}
		case <-look.C:
			logs, err := trail.Logs(s.dir)
			if err != nil {
				return err
			}
			for _, l := range logs {
				if !known[l.Dir] {
					follow(l, 0)
				}
			}
		}
	}
}

// follow sends what fits of the lines of one log.
func (s *Search) follow(ctx context.Context, l trail.Log, from int64, found chan<- []Row) error {
	f := trail.Follow(l, from, nil)
	defer f.Close()
	var e entry.Entry
	for {
		list, err := f.Next(ctx, followed)
		if errors.Is(err, trail.ErrPruned) {
			err = f.Skip()
		}
		if err != nil {
			return err
		}
		var rows []Row
		for _, line := range list {
			if r, ok := s.live(l, line, &e); ok {
				rows = append(rows, r)
			}
		}
		if len(rows) == 0 {
			continue
		}
		select {
		case found <- rows:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// live makes a row of a line that just came.
func (s *Search) live(l trail.Log, line trail.Line, e *entry.Entry) (Row, bool) {
	if e.Parse(line.Text) != nil {
		s.Unreadable.Add(1)
		return Row{}, false
	}
	if !s.plan.fits(e, string(e.Outcome)) {
		return Row{}, false
	}
	state := Whole
	if s.plan.Kind == Calls && len(e.Stage) > 0 {
		switch string(e.Stage) {
		case entry.End:
		case entry.Amend:
			state = Amended
		default:
			return Row{}, false
		}
	}
	return Row{l.Name(), line.Index, e.Time, line.Text, state}, true
}
