package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"twohop/internal/durable"
)

// Log is the audit log of one running broker: a file of JSON lines. It is safe for
// concurrent use.
type Log struct {
	file     file
	name     string
	patience time.Duration

	mu     sync.Mutex
	next   *batch
	broken error // set once, by the first failure; nothing is written afterwards
	closed bool

	wake   chan struct{}
	broke  chan struct{} // closed when broken is set
	done   chan struct{} // closed when the writer has ended
	closes error         // of the file; final when done is closed
}

// file is what the log needs of a *durable.File; a test replaces it by a failing one.
type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
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

// Open makes dir when it is missing (mode 0700) and starts a new file in it, named
// by the time and the process. The name is on stable storage when Open returns.
func Open(dir string, now time.Time) (*Log, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	name := filepath.Join(dir, fmt.Sprintf("audit-%s-%d.jsonl", now.UTC().Format("20060102T150405.000Z"), os.Getpid()))
	f, err := durable.Create(name, 0o600)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return start(f, name, patience), nil
}

func start(f file, name string, patience time.Duration) *Log {
	l := &Log{file: f, name: name, patience: patience, next: newBatch(nil),
		wake: make(chan struct{}, 1), broke: make(chan struct{}), done: make(chan struct{})}
	go l.write()
	return l
}

func newBatch(buf []byte) *batch { return &batch{lines: buf[:0], done: make(chan struct{})} }

// Name returns the name of the file.
func (l *Log) Name() string { return l.name }

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
	b.lines = append(append(b.lines, line...), '\n')
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
	crowded = 4 // lines in one batch
	gather  = 500 * time.Microsecond
)

// write is the one writer: it takes all lines that wait, writes and syncs them
// together, and then lets every waiting call go on.
func (l *Log) write() {
	defer close(l.done)
	var spare []byte
	crowd := 0 // lines of the batch before
	for range l.wake {
		if crowd >= crowded {
			time.Sleep(gather)
		}
		runtime.Gosched() // who is about to append goes along
		l.mu.Lock()
		b, broken := l.next, l.broken
		l.next = newBatch(spare)
		l.mu.Unlock()
		crowd = b.n
		if b.err = broken; broken == nil && len(b.lines) > 0 {
			if err := l.store(b.lines); err != nil {
				b.err = l.fail(err)
			}
		}
		spare = b.lines
		close(b.done)
	}
	l.closes = l.file.Close()
}

// store writes lines; a disk that hangs breaks the log meanwhile.
func (l *Log) store(lines []byte) error {
	late := time.AfterFunc(l.patience, func() { l.fail(l.hangs()) })
	defer late.Stop()
	if _, err := l.file.Write(lines); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Close writes what waits and closes the file; later calls of Append fail. It returns
// the first failure of the log, and it may be called more than once, by anybody.
func (l *Log) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		l.call()
		close(l.wake)
	}
	l.mu.Unlock()
	timeout := time.NewTimer(l.patience)
	defer timeout.Stop()
	select {
	case <-l.done:
	case <-timeout.C:
		return l.fail(l.hangs())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	return l.closes
}
