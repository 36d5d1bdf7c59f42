package trail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"twohop/internal/durable"
)

// Options are how a log is written.
type Options struct {
	SegmentBytes int64         // a segment is sealed when it is larger
	SegmentAge   time.Duration // or older
	Checkpoint   time.Duration // between two checkpoints, while lines come
	Now          func() time.Time
	create       func(name string) (file, error) // a test replaces it by a failing disk
}

// file is what the log needs of a *durable.File.
type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

func (o Options) orDefault() Options {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.SegmentAge == 0 {
		o.SegmentAge = 24 * time.Hour
	}
	if o.Checkpoint == 0 {
		o.Checkpoint = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.create == nil {
		o.create = func(name string) (file, error) { return durable.Create(name, 0o600) }
	}
	return o
}

// Writer appends to a log. Its methods are for one goroutine, but for Durable. After an
// error nothing more may be appended: what is on the disk then is not known.
type Writer struct {
	Log
	Found Found

	o      Options
	origin string
	lock   *os.File
	key    *key

	file   file // of the last segment
	leaves *os.File
	first  int64 // of that segment
	bytes  int64
	began  time.Time

	edge    edge
	hashed  []byte // of leaves that are not in their file yet
	idle    int64  // size after the last checkpoint: nothing to sign while there are no more lines
	signed  time.Time
	durable atomic.Int64
	buf     []byte
}

// Durable returns how many lines are on stable storage. It is safe for concurrent use.
func (w *Writer) Durable() int64 { return w.durable.Load() }

// Append writes whole lines and returns once they are on stable storage. From time to
// time it begins a new segment before, or adds a checkpoint.
func (w *Writer) Append(lines []byte) error {
	now := w.o.Now()
	if w.bytes >= w.o.SegmentBytes || now.Sub(w.began) >= w.o.SegmentAge {
		if err := w.rotate(now); err != nil {
			return err
		}
	}
	if !w.due(now) {
		return w.put(lines)
	}
	line, err := w.checkpoint(now, kindCheckpoint)
	if err != nil {
		return err
	}
	w.buf = append(append(w.buf[:0], line...), lines...)
	return w.sign(now, w.buf, len(line))
}

// Tick is to be called every second or so: it adds a checkpoint when one is due.
func (w *Writer) Tick() error {
	if !w.due(w.o.Now()) {
		return nil
	}
	return w.Sign()
}

// Sign adds a checkpoint of all lines now.
func (w *Writer) Sign() error {
	now := w.o.Now()
	line, err := w.checkpoint(now, kindCheckpoint)
	if err != nil {
		return err
	}
	return w.sign(now, line, len(line))
}

func (w *Writer) due(now time.Time) bool {
	return w.edge.size > w.idle && now.Sub(w.signed).Abs() >= w.o.Checkpoint // Abs: a clock that was set back
}

// sign writes lines of which the first n bytes are a checkpoint.
func (w *Writer) sign(now time.Time, lines []byte, n int) error {
	if err := w.put(lines); err != nil {
		return err
	}
	w.signed = now
	w.idle = w.edge.size - int64(bytes.Count(lines[n:], newline))
	w.keepLeaves()
	return nil
}

var newline = []byte{'\n'}

// checkpoint returns a line with a checkpoint of all lines there are.
func (w *Writer) checkpoint(now time.Time, kind string) ([]byte, error) {
	c := Checkpoint{Origin: w.origin, Size: w.edge.size, Root: w.edge.root()}
	msg, err := c.sign(w.key)
	if err != nil {
		return nil, err
	}
	return w.entry(now, "", own{Kind: kind, Checkpoint: msg}), nil
}

// put writes whole lines, syncs them and takes them into the tree.
func (w *Writer) put(lines []byte) error {
	if _, err := w.file.Write(lines); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	w.bytes += int64(len(lines))
	for len(lines) > 0 {
		n := bytes.IndexByte(lines, '\n')
		w.take(tlog.RecordHash(lines[:n]))
		lines = lines[n+1:]
	}
	w.durable.Store(w.edge.size)
	return nil
}

func (w *Writer) take(leaf tlog.Hash) {
	w.edge.add(leaf)
	w.hashed = append(w.hashed, leaf[:]...)
}

// keepLeaves writes the hashes that wait. They only help to name a line that was changed,
// so a failure loses nothing that is promised.
func (w *Writer) keepLeaves() {
	if w.leaves != nil {
		if _, err := w.leaves.Write(w.hashed); err != nil {
			w.leaves.Close()
			w.leaves = nil
		}
	}
	w.hashed = w.hashed[:0]
}

// rotate seals the segment and begins the next. A crash at any point is mended by Open.
func (w *Writer) rotate(now time.Time) error {
	line, err := w.checkpoint(now, kindSeal)
	if err != nil {
		return err
	}
	if err := w.put(line); err != nil {
		return err
	}
	w.keepLeaves()
	return w.seal(now)
}

// seal follows the last line of a segment.
func (w *Writer) seal(now time.Time) error {
	next, err := newKey(w.origin)
	if err != nil {
		return err
	}
	if err := next.store(w.Log.file(keyNext)); err != nil {
		return err
	}
	c := Checkpoint{Origin: w.origin, Size: w.edge.size, Root: w.edge.root(), Next: next.public}
	msg, err := c.sign(w.key)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(w.Log.file(base(w.first)+sealExt), []byte(msg), 0o600); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return w.follow(now, next, msg)
}

// follow begins the segment after a seal, with the key that the seal names.
func (w *Writer) follow(now time.Time, next *key, seal string) error {
	if err := w.replaceKey(); err != nil {
		return err
	}
	w.key = next
	if w.file != nil {
		if err := w.file.Close(); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return w.begin(now, seal)
}

// begin makes the file of a new segment and writes its first line.
func (w *Writer) begin(now time.Time, seal string) error {
	w.first, w.bytes, w.began = w.edge.size, 0, now
	var err error
	if w.file, err = w.o.create(w.Log.file(base(w.first) + plainExt)); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	w.openLeaves()
	s := &segment{First: w.first, Edge: []string{}, Previous: seal, Key: w.key.public}
	for _, h := range w.edge.hashes {
		s.Edge = append(s.Edge, base64.StdEncoding.EncodeToString(h[:]))
	}
	return w.put(w.entry(now, "a segment of the audit log begins", own{Kind: kindSegment, Segment: s}))
}

func (w *Writer) openLeaves() {
	if w.leaves != nil {
		w.leaves.Close()
	}
	w.leaves, _ = os.OpenFile(w.Log.file(base(w.first)+leavesExt), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

// Close says that the log is closed, signs everything and lets go of the log. After a
// failed Append, use Abandon.
func (w *Writer) Close() error {
	now := w.o.Now()
	err := w.put(w.entry(now, "the audit log is closed", own{Kind: kindClosed}))
	if err == nil {
		err = w.Sign()
	}
	return w.abandon(err)
}

// Abandon lets go of the log as it is.
func (w *Writer) Abandon() error { return w.abandon(nil) }

func (w *Writer) abandon(err error) error {
	if w.leaves != nil {
		w.leaves.Close()
	}
	if w.file != nil {
		if failed := w.file.Close(); err == nil && failed != nil {
			err = fmt.Errorf("audit: %w", failed)
		}
	}
	w.lock.Close()
	return err
}
