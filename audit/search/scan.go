package search

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"runtime"
	"slices"
	"sync"

	"twohop/audit/entry"
)

// State says how much of a call a row tells.
type State int

const (
	Whole   State = iota
	Amended       // the last bytes did not reach the caller after the end record said so
	Begun         // the call is running
	Cut           // the call has no end record, and does not run
)

// Row is a line that was found.
type Row struct {
	Log   string
	Index int64 // of the line in the log
	Time  int64 // of the entry
	Text  []byte
	State State
}

func before(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Log, b.Log), cmp.Compare(a.Index, b.Index))
}

// buffers are for one block each.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// read returns the rows of a block, in the order of its lines.
func (s *Search) read(at *place) ([]Row, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	text, err := at.Read(*buf, at.block)
	if err != nil {
		return nil, s.damages.pass(at.Trail, err)
	}
	*buf = text
	var rows []Row
	var e entry.Entry
	for n, line := range s.plan.lines(text, at.first, at.unreadable) {
		if e.Parse(line) != nil {
			s.Unreadable.Add(1)
			continue
		}
		state, outcome, is := at.log.state(s.plan, &e, n)
		if is && s.plan.fits(&e, outcome) {
			rows = append(rows, Row{at.log.Name(), n, e.Time, bytes.Clone(line), state})
		}
	}
	return rows, nil
}

// Newest returns the n rows with the latest times, the newest last. It holds no more than
// those, and a block for each thread.
func (s *Search) Newest(ctx context.Context, n int) ([]Row, error) {
	if n <= 0 {
		return nil, nil
	}
	slices.SortFunc(s.places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.max, a.max), cmp.Compare(a.number, b.number), cmp.Compare(b.first, a.first))
	})
	var mu sync.Mutex
	var found rows
	err := parallel(ctx, len(s.places), func(i int) error {
		at := &s.places[i]
		mu.Lock()
		older := len(found) >= n && at.max < found[0].Time && !at.unreadable
		mu.Unlock()
		if older {
			return nil
		}
		list, err := s.read(at)
		mu.Lock()
		defer mu.Unlock()
		for _, r := range list {
			if len(found) < n {
				heap.Push(&found, r)
			} else if before(found[0], r) < 0 {
				found[0] = r
				heap.Fix(&found, 0)
			}
		}
		return err
	})
	slices.SortFunc(found, before)
	return found, err
}

// What Each holds back to put rows in order. A call that runs longer than it takes for so
// many others comes where its end was recorded.
const (
	heldRows  = 1 << 15
	heldBytes = 64 << 20
)

// Each calls yield for every row, the oldest first, until it returns an error.
func (s *Search) Each(ctx context.Context, yield func(Row) error) error {
	slices.SortFunc(s.places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.max, b.max), cmp.Compare(a.number, b.number), cmp.Compare(a.first, b.first))
	})
	var held rows
	size := 0
	release := func(most, bytes int) error {
		for len(held) > most || size > bytes {
			r := heap.Pop(&held).(Row)
			size -= len(r.Text)
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	}
	err := s.inOrder(ctx, func(list []Row) error {
		for _, r := range list {
			heap.Push(&held, r)
			size += len(r.Text)
		}
		return release(heldRows, heldBytes)
	})
	if err != nil {
		return err
	}
	return release(0, 0)
}

// inOrder reads the places on all threads and hands their rows on one after the other.
func (s *Search) inOrder(ctx context.Context, take func([]Row) error) error {
	type result struct {
		rows []Row
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	threads := runtime.GOMAXPROCS(0)
	waiting := make(chan chan result, 2*threads)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() {
		defer close(waiting)
		slots := make(chan struct{}, threads)
		for i := range s.places {
			done := make(chan result, 1)
			select {
			case waiting <- done:
			case <-ctx.Done():
				return
			}
			slots <- struct{}{}
			work.Go(func() {
				list, err := s.read(&s.places[i])
				done <- result{list, err}
				<-slots
			})
		}
	})
	for done := range waiting {
		r := <-done
		if r.err != nil {
			return r.err
		}
		if err := take(r.rows); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// rows is a heap with the oldest on top.
type rows []Row

func (r rows) Len() int           { return len(r) }
func (r rows) Less(i, j int) bool { return before(r[i], r[j]) < 0 }
func (r rows) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *rows) Push(x any)        { *r = append(*r, x.(Row)) }
func (r *rows) Pop() any {
	old := *r
	x := old[len(old)-1]
	*r = old[:len(old)-1]
	return x
}
