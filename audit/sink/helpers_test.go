package sink

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"twohop/audit/trail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// written is a log that a test writes.
type written struct {
	*trail.Writer
	t *testing.T
}

// newLog makes a log; segments are sealed beyond 20 KiB.
func newLog(t *testing.T) *written {
	t.Helper()
	root := filepath.Join(t.TempDir(), "audit")
	if _, err := trail.Init(root, "twohop/test", time.Now()); err != nil {
		t.Fatal(err)
	}
	w, err := trail.Acquire(root, trail.Options{SegmentBytes: 20 << 10, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Abandon() }) // a second time for a test that has closed it
	return &written{w, t}
}

// add appends n calls.
func (w *written) add(n int) {
	w.t.Helper()
	var text []byte
	for range n {
		text = fmt.Appendf(text, `{"class_uid":4002,"severity_id":1,"time":%d,"metadata":{"logged_time":%d,"correlation_uid":"0af7651916cd43dd8448eb211c80319c"},"unmapped":{"stage":"end"}}`+"\n",
			time.Now().UnixMilli(), time.Now().UnixMilli())
	}
	if err := w.Append(text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *written) log() Log { return Log{Log: w.Log, End: w.Durable} }

// receiver is a sink that does as it is told.
type receiver struct {
	connect func() error
	send    func(lines []trail.Line) (*Refusal, error) // what it gets counts as received in any case
	finish  func(context.Context) error
	settle  time.Duration // after which lines count as delivered

	mu       sync.Mutex
	got      []int64
	connects int
	broken   context.CancelCauseFunc // of the last link
	open     int
}

func (r *receiver) String() string { return "test" }

func (r *receiver) Connect(_ context.Context, origin string, broken context.CancelCauseFunc) (Link, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connects++
	if origin != "twohop/test/log-1" {
		return nil, errors.New("connected for " + origin)
	}
	if r.connect != nil {
		if err := r.connect(); err != nil {
			return nil, err
		}
	}
	r.open++
	r.broken = broken
	return &link{r: r}, nil
}

// received returns the indices of the lines that came, in the order in which they came.
func (r *receiver) received() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// link is a connection to a receiver.
type link struct {
	r         *receiver
	sent      []trail.Line // without their text
	times     []time.Time
	delivered int64
}

func (l *link) Send(_ context.Context, lines []trail.Line) (refusal *Refusal, err error) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	for _, line := range lines {
		l.r.got = append(l.r.got, line.Index)
	}
	if l.r.send != nil {
		if refusal, err = l.r.send(lines); err != nil {
			return nil, err
		}
	}
	l.sent, l.times = append(l.sent, lines[len(lines)-1]), append(l.times, time.Now())
	return refusal, nil
}

func (l *link) Delivered() int64 {
	for i, line := range l.sent {
		if time.Since(l.times[i]) >= l.r.settle {
			l.delivered = line.Index + 1
		}
	}
	return l.delivered
}

func (l *link) Finish(ctx context.Context) error {
	if l.r.finish != nil {
		return l.r.finish(ctx)
	}
	return nil
}

func (l *link) Close() {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.r.open--
}

// running is a shipper at work.
type running struct {
	*Shipper
	stop func() error // tells it to stop and returns what Run returned

	mu      sync.Mutex
	changes []Change
}

// run ships the log to r as the sink called test.
func run(t *testing.T, r Receiver, log Log) *running {
	t.Helper()
	s := &running{}
	s.Shipper = New("test", r, log, func(c Change) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changes = append(s.changes, c)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { s.stop() })
	return s
}

// told returns the states that were told of, in order.
func (s *running) told() (list []State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.changes {
		list = append(list, c.State)
	}
	return list
}

// upTo is the indices below n.
func upTo(n int64) (list []int64) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// whole reports what is wrong with lines that a receiver got of a log of n lines: each
// must be there, and a line may only be followed by the next one, or by one from before.
func whole(got []int64, n int64) error {
	high := int64(-1)
	for i, index := range got {
		if index > high+1 {
			return fmt.Errorf("line %d came and line %d never did (the %dth)", index, high+1, i)
		}
		if i > 0 && index > got[i-1]+1 {
			return fmt.Errorf("line %d came after line %d", index, got[i-1])
		}
		high = max(high, index)
	}
	if high != n-1 {
		return fmt.Errorf("the last line that came is %d of %d", high, n)
	}
	return nil
}

// pass lets time go by in a bubble, and all that is due happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
