package search

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"twohop/audit/entry"
	"twohop/audit/index"
	"twohop/audit/trail"
)

// Search is a Query put to a directory. It is for one goroutine.
type Search struct {
	dir      string
	plan     *plan
	logs     []*log
	segments []*index.Segment
	places   []place
	seen     [index.Fields]map[string]bool
	partly   [index.Fields]bool // seen lacks some
	damages  damages

	Rebuilt    int          // indexes that were missing or could not be used
	Unreadable atomic.Int64 // lines that are not JSON, of those read
}

// log is what must be known of the log as a whole to tell of one of its calls.
type log struct {
	trail.Log
	open    map[string]int64 // calls without an end, and the lines where they begin
	amended map[string]int64 // and the lines of their last amendments

	live  func() bool // whether a process writes it
	since int64       // the line from which that process wrote
	end   int64       // the line after the last
}

// place is a block to be read.
type place struct {
	*index.Segment
	log         *log
	number      int // of the log
	block       trail.Block
	first       int64
	oldest, max int64 // of its lines' times
	unreadable  bool  // some of its lines are
}

// Open looks into the indexes below dir, which it makes anew where they are missing. The
// answer covers the lines that were there then.
func Open(ctx context.Context, dir string, q *Query) (*Search, error) {
	logs, err := trail.Logs(dir)
	if err != nil {
		return nil, err
	}
	s := &Search{dir: dir, plan: newPlan(q)}
	for f := range s.seen {
		s.seen[f] = map[string]bool{}
	}
	if err := s.open(ctx, logs); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close lets go of the files.
func (s *Search) Close() {
	for _, x := range s.segments {
		x.Close()
	}
}

func (s *Search) open(ctx context.Context, logs []trail.Log) error {
	type job struct {
		number int
		of     trail.Segment
	}
	var jobs []job
	for i, l := range logs {
		s.logs = append(s.logs, &log{Log: l, open: map[string]int64{}, amended: map[string]int64{}, live: sync.OnceValue(l.Held)})
		segments, err := l.Segments()
		if err != nil {
			return err
		}
		for _, x := range segments {
			jobs = append(jobs, job{i, x})
		}
	}
	var mu sync.Mutex
	ended := make([][]index.Call, len(logs))
	err := parallel(ctx, len(jobs), func(i int) error {
		j := jobs[i]
		x, err := index.Open(j.of, s.plan.want.IDs != nil)
		if err != nil {
			return s.damages.pass(j.of, err)
		}
		mu.Lock()
		defer mu.Unlock()
		s.segments = append(s.segments, x)
		ended[j.number] = append(ended[j.number], s.take(x, j.number)...)
		return nil
	})
	if err != nil {
		return err
	}
	for i, calls := range ended {
		for _, c := range calls {
			delete(s.logs[i].open, c.ID)
		}
	}
	return nil
}

// take keeps of an index what the answer needs, and returns the calls that end in its
// segment without having begun there.
func (s *Search) take(x *index.Segment, number int) (ended []index.Call) {
	l := s.logs[number]
	if x.Rebuilt != nil {
		s.Rebuilt++
	}
	for _, c := range x.Open {
		l.open[c.ID] = c.Line
	}
	for _, c := range x.Amended {
		l.amended[c.ID] = max(l.amended[c.ID], c.Line)
	}
	for _, n := range s.blocks(x.Index) {
		b := &x.Blocks[n]
		s.places = append(s.places, place{x, l, number, b.Block, b.First, b.Min, b.Max, b.Unreadable()})
	}
	for f, test := range s.plan.exact {
		if test != nil && !x.Seen(&s.plan.want, index.Field(f), s.seen[f]) {
			s.partly[f] = true
		}
	}
	l.since, l.end = max(l.since, x.Opened), max(l.end, x.First+x.Lines)
	ended = x.Ended
	x.Index = nil // its blocks are as many as the log is long
	return ended
}

// blocks returns the blocks to be read.
func (s *Search) blocks(x *index.Index) []int {
	list := x.Find(&s.plan.want)
	if len(s.plan.Outcomes) == 0 || !s.plan.begun {
		return list
	}
	for _, c := range x.Open { // which have no outcome in the index
		n, ok := slices.BinarySearchFunc(x.Blocks, c.Line, func(b index.Block, line int64) int {
			switch {
			case line < b.First:
				return 1
			case line >= b.First+b.Lines:
				return -1
			}
			return 0
		})
		if ok {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Missing is a value that was asked for and does not occur in the time that was.
type Missing struct {
	What, Value string
	Others      []string // that do occur
}

// Missing returns the callers, routes, targets and so on that do not occur at all.
func (s *Search) Missing() (list []Missing) {
	q := s.plan.Query
	for _, x := range []struct {
		what   string
		field  index.Field
		values []string
	}{{"caller", index.Caller, q.Callers}, {"user", index.User, q.Users}, {"route", index.Route, q.Routes}, {"target", index.Target, q.Targets},
		{"code", index.Code, q.Codes}, {"exception", index.Exception, q.Exceptions}, {"event", index.Event, q.Events}} {
		var others []string
		for v := range s.seen[x.field] {
			if v != "" {
				others = append(others, v)
			}
		}
		slices.Sort(others)
		for _, v := range x.values {
			if !s.seen[x.field][v] && !s.partly[x.field] {
				list = append(list, Missing{x.what, v, others})
			}
		}
	}
	return list
}

// parallel calls do for 0 to n-1, on as many threads as Go uses, until an error or the end
// of ctx.
func parallel(ctx context.Context, n int, do func(int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// state says what becomes of a line: the row of a call, with its outcome, or none.
func (l *log) state(p *plan, e *entry.Entry, n int64) (State, string, bool) {
	outcome := string(e.Outcome)
	if p.Kind != Calls || len(e.Stage) == 0 {
		return Whole, outcome, true
	}
	switch string(e.Stage) {
	case entry.End:
		_, again := l.amended[string(e.Call)]
		return Whole, outcome, !again
	case entry.Amend:
		return Amended, outcome, l.amended[string(e.Call)] == n
	case entry.Begin:
		if _, open := l.open[string(e.Call)]; !open || !p.begun {
			return Whole, "", false
		}
		if n >= l.since && l.live() {
			return Begun, Running, true
		}
		return Cut, Unfinished, true
	}
	return Whole, "", false
}
