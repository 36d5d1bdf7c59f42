package audit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"twohop/audit/trail"
)

// Config is where and how the audit log is kept.
type Config struct {
	Dir     string // audit.dir: the logs of all processes are below it
	Options trail.Options
	Keep    time.Duration             // how long lines are kept; 0 for ever
	Held    func(trail.Log) int64     // from which line on a log has not been read by all who must; negative: by all. nil: nobody must
	Finish  func(trail.Segment) error // called for each segment that was compressed; may be nil
	Report  func(error)               // of what went wrong with compression and retention, from one goroutine
}

func (c Config) now() time.Time {
	if c.Options.Now != nil {
		return c.Options.Now()
	}
	return time.Now()
}

func (c Config) held(l trail.Log) int64 {
	if c.Held == nil {
		return -1
	}
	return c.Held(l)
}

// Log is the audit log of one running broker. It is safe for concurrent use.
type Log struct {
	store    store
	trail    *trail.Writer // the store, but in tests
	config   Config
	fresh    []string // verifier keys, when Open made the logs
	patience time.Duration

	mu     sync.Mutex
	next   *batch
	broken error // set once, by the first failure; nothing is written afterwards
	closed bool

	wake   chan struct{}
	signs  chan chan error // who wants a checkpoint now
	broke  chan struct{}   // closed when broken is set
	done   chan struct{}   // closed when the writer has ended
	closes error           // of the store; final when done is closed

	closing chan struct{} // closed by Close
	chores  sync.WaitGroup
	pruning sync.Mutex
}

// store is what the log needs of a *trail.Writer; a test replaces it by a failing one.
type store interface {
	Append(lines []byte) error // synced
	Tick() error
	Sign() error
	Close() error
	Abandon() error
}

// batch is the lines that go to the disk together.
type batch struct {
	lines []byte
	n     int
	done  chan struct{}
	err   error
}

// ErrClosed is returned by Append after Close.
var ErrClosed = errors.New("audit: the log is closed")

// patience bounds the wait for a disk that hangs.
const patience = 10 * time.Second

// Open takes the first log below c.Dir that no other process writes, and continues it.
// Where there is none, the logs and their keys are made first.
func Open(c Config) (*Log, error) {
	keys, err := trail.Init(c.Dir, DefaultName(), c.now())
	if err != nil && !errors.Is(err, trail.ErrThere) {
		return nil, err
	}
	w, err := trail.Acquire(c.Dir, c.Options)
	if err != nil {
		return nil, err
	}
	l := start(w, patience)
	l.trail, l.config, l.fresh = w, c, keys
	l.chores.Go(func() { l.keep(c) })
	return l, nil
}

// DefaultName tells the logs of one directory from those of others: the host's name and a
// few random digits.
func DefaultName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "broker"
	}
	return "twohop/" + strings.Map(plain, host) + "-" + strings.ToLower(rand.Text()[:8])
}

// plain keeps what may stand in the name of a key (C2SP signed-note).
func plain(r rune) rune {
	if r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '-'
}

func start(s store, patience time.Duration) *Log {
	l := &Log{store: s, patience: patience, next: newBatch(nil), signs: make(chan chan error),
		wake: make(chan struct{}, 1), broke: make(chan struct{}), done: make(chan struct{}), closing: make(chan struct{})}
	go l.write()
	return l
}

func newBatch(buf []byte) *batch { return &batch{lines: buf[:0], done: make(chan struct{})} }

// Trail returns the log on the disk.
func (l *Log) Trail() trail.Log { return l.trail.Log }

// Durable returns how many of its lines are on stable storage.
func (l *Log) Durable() int64 { return l.trail.Durable() }

// Found says what had to be mended after a crash.
func (l *Log) Found() trail.Found { return l.trail.Found }

// Fresh returns the verifier keys when Open has made the logs: somebody else should keep
// them. Else it returns nothing.
func (l *Log) Fresh() []string { return l.fresh }

// Append writes r and returns once it is on stable storage. If it returns an error
// the call must not be made, or its answer not completed; every later Append fails
// too, so that nothing is missing in the middle.
func (l *Log) Append(r *Record) error {
	buf := lines.Get().(*[]byte)
	*buf = r.line((*buf)[:0])
	err := l.append(*buf)
	lines.Put(buf)
	return err
}

// lines are buffers for one line each.
var lines = sync.Pool{New: func() any { return new([]byte) }}

// AppendEvent writes e under the same promise: if it returns an error, what the event
// tells of must not be done.
func (l *Log) AppendEvent(e *Event) error { return l.append(e.line()) }

func (l *Log) append(line []byte) error {
	l.mu.Lock()
	if err := l.usable(); err != nil {
		l.mu.Unlock()
		return err
	}
	b := l.next
	if b.lines = append(b.lines, line...); b.lines[len(b.lines)-1] != '\n' {
		b.lines = append(b.lines, '\n')
	}
	b.n++
	l.call()
	l.mu.Unlock()
	select {
	case <-b.done:
		return b.err
	case <-l.broke: // by the batch before, or because the disk hangs
		return l.Healthy()
	}
}

func (l *Log) hangs() error { return fmt.Errorf("audit: the disk took longer than %v", l.patience) }

// call wakes the writer; l.mu is held.
func (l *Log) call() {
	select {
	case l.wake <- struct{}{}:
	default: // it is called already and will see the line
	}
}

// Healthy returns nil while calls can be recorded, else why not.
func (l *Log) Healthy() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.usable()
}

func (l *Log) usable() error {
	if l.broken != nil {
		return l.broken
	}
	if l.closed {
		return ErrClosed
	}
	return nil
}

// fail makes the log refuse everything from now on, and returns the first failure.
func (l *Log) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
		close(l.broke)
	}
	return l.broken
}

// One synced write costs the same CPU for one line as for many. While many calls append at
// the same time, the writer lets more of them go along; a few need not wait.
const (
	crowded = 4  // lines in one batch
	ample   = 48 // lines that need not wait for more
	gather  = 600 * time.Microsecond
	looks   = 2 // within that time
)

// write is the one writer: it takes all lines that wait, writes and syncs them
// together, and then lets every waiting call go on.
func (l *Log) write() {
	defer close(l.done)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	var spare []byte
	crowd := 0 // lines of the batch before
	for {
		select {
		case <-tick.C:
			l.do(l.store.Tick)
			continue
		case reply := <-l.signs:
			reply <- l.do(l.store.Sign)
			continue
		case _, open := <-l.wake:
			if !open {
				l.end()
				return
			}
		}
		for i := 0; i < looks && crowd >= crowded && l.waiting() < ample; i++ {
			pause(gather / looks)
		}
		runtime.Gosched() // who is about to append goes along
		l.mu.Lock()
		b, broken := l.next, l.broken
		l.next = newBatch(spare)
		l.mu.Unlock()
		crowd = b.n
		if b.err = broken; broken == nil && len(b.lines) > 0 {
			b.err = l.do(func() error { return l.store.Append(b.lines) })
		}
		spare = b.lines
		close(b.done)
	}
}

// waiting returns how many lines wait to be written.
func (l *Log) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next.n
}

// tickEvery is how often the store may do what is due without lines.
const tickEvery = time.Second

// sign has a checkpoint of all lines so far added.
func (l *Log) sign() error {
	reply := make(chan error, 1)
	select {
	case l.signs <- reply:
		return <-reply
	case <-l.done:
		return ErrClosed
	}
}

// do does something to the store, unless that failed before.
func (l *Log) do(f func() error) error {
	l.mu.Lock()
	broken := l.broken
	l.mu.Unlock()
	if broken == nil {
		if err := l.punctual(f); err != nil {
			broken = l.fail(err)
		}
	}
	return broken
}

// end lets go of the store. To one that failed nothing more may be added.
func (l *Log) end() {
	l.mu.Lock()
	broken := l.broken
	l.mu.Unlock()
	if broken != nil {
		l.closes = l.store.Abandon()
		return
	}
	l.closes = l.store.Close()
}

// punctual does what waits for the disk; one that hangs breaks the log meanwhile.
func (l *Log) punctual(do func() error) error {
	late := time.AfterFunc(l.patience, func() { l.fail(l.hangs()) })
	defer late.Stop()
	return do()
}

// Close writes what waits and closes the file; later calls of Append fail. It returns
// the first failure of the log, and it may be called more than once, by anybody.
func (l *Log) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.closing)
		l.call()
		close(l.wake)
	}
	l.mu.Unlock()
	timeout := time.NewTimer(l.patience)
	defer timeout.Stop()
	chores := make(chan struct{})
	go func() {
		l.chores.Wait()
		close(chores)
	}()
	for _, over := range []chan struct{}{chores, l.done} {
		select {
		case <-over:
		case <-timeout.C:
			return l.fail(l.hangs())
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	return l.closes
}
