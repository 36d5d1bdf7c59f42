package trail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"twohop/internal/durable"
)

// ErrHeld is returned for a log that another process writes.
var ErrHeld = errors.New("audit: another process writes this log")

// Found says what Open had to mend.
type Found struct {
	Torn   int64  // bytes of a line that a crash left unfinished
	TornIn string // the file they were moved to
}

// Open takes a log that Init has made and continues it. The last segment is read: its
// lines must agree with its checkpoints, else the log is left as it is and the error
// says where they do not. A line that a crash left unfinished is moved aside.
func (l Log) Open(o Options) (*Writer, error) {
	lock, err := l.TryLock()
	if err != nil {
		return nil, err
	}
	w := &Writer{Log: l, o: o.orDefault(), lock: lock}
	if err := w.resume(); err != nil {
		w.abandon(nil)
		return nil, err
	}
	return w, nil
}

// TryLock takes the log's lock, which lasts until the file is closed or the process ends.
// It returns ErrHeld when another process has it.
func (l Log) TryLock() (*os.File, error) { return TryLock(l.file("lock")) }

// TryLock takes the lock that the file called name stands for, in the same way.
func TryLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	held, err := lockFile(f)
	switch {
	case held:
		f.Close()
		return nil, ErrHeld
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("audit: %s: %w", f.Name(), err)
	}
	return f, nil
}

// resume continues where the log ended.
func (w *Writer) resume() error {
	now := w.o.Now()
	next, err := readKey(w.Log.file(keyNext))
	if err != nil {
		return err
	}
	if w.key, err = readKey(w.Log.file(keyFile)); err != nil && next == nil { // it may be erased already
		return err
	}
	segments, err := w.Segments()
	if err != nil {
		return err
	}
	if len(segments) == 0 {
		return w.genesis(now)
	}
	last := segments[len(segments)-1]
	if empty, err := w.dropEmpty(last); err != nil {
		return err
	} else if empty {
		return w.resume()
	}
	seal, err := w.Log.seal(last.first)
	if err != nil {
		return err
	}
	switch {
	case seal == "" && w.key == nil:
		return fmt.Errorf("audit: %s has no key to go on with", w.Dir)
	case seal == "" && last.compressed:
		return fmt.Errorf("audit: %s is compressed, but not sealed: this was not done by a broker", last.Path())
	}
	sealed, err := w.replay(last, seal == "")
	if err != nil {
		return err
	}
	switch {
	case seal != "":
		err = w.resumeAfter(now, seal, next)
	case sealed:
		err = w.seal(now)
	default:
		err = w.reopen(last)
	}
	if err != nil {
		return err
	}
	return w.opened(now)
}

// dropEmpty removes a segment without a whole line: the process ended while it began it.
func (w *Writer) dropEmpty(s Segment) (bool, error) {
	for _, err := range s.Lines() {
		return false, err
	}
	if s.compressed {
		return false, fmt.Errorf("audit: %s is empty", s.Path())
	}
	if info, err := os.Stat(s.Path()); err == nil && info.Size() > 0 {
		w.Found = Found{info.Size(), s.Beside(tornExt)}
		return true, durable.Rename(s.Path(), s.Beside(tornExt))
	}
	if err := os.Remove(s.Path()); err != nil {
		return false, fmt.Errorf("audit: %w", err)
	}
	return true, nil
}

// genesis writes the first line of a log. Its key is there: Init made it.
func (w *Writer) genesis(now time.Time) error {
	seals, err := w.with(sealExt)
	switch {
	case err != nil:
		return err
	case len(seals) > 0:
		return fmt.Errorf("audit: %s has seals but no segment: its last segment is missing", w.Dir)
	case w.key == nil:
		return fmt.Errorf("audit: %s has no key: make it with twohop audit init", w.Dir)
	}
	w.origin = w.key.Name()
	if err := w.begin(now, ""); err != nil {
		return err
	}
	return w.opened(now)
}

// resumeAfter goes on after a segment that was sealed when the process ended.
func (w *Writer) resumeAfter(now time.Time, seal string, next *key) error {
	c, err := ParseCheckpoint(seal)
	if err != nil {
		return err
	}
	if c.Size != w.edge.size || c.Root != w.edge.root() {
		return w.differs(c.Size)
	}
	switch {
	case next != nil && next.public == c.Next:
		return w.follow(now, next, seal)
	case w.key != nil && w.key.public == c.Next:
		return w.begin(now, seal)
	}
	return fmt.Errorf("audit: %s: the key that follows the last seal is missing", w.Dir)
}

// replay reads the last segment into the tree, and reports whether its last line is a
// seal. A live one, to which lines may still be added, is mended.
func (w *Writer) replay(s Segment, live bool) (sealed bool, err error) {
	f, err := s.open()
	if err != nil {
		return false, err
	}
	defer f.Close()
	lines := newScanner(f)
	w.first = s.first
	for i := s.first; ; i++ {
		text, err := lines.next()
		if err == io.EOF {
			break
		}
		if err == io.ErrUnexpectedEOF || err == nil && bytes.IndexByte(text, 0) >= 0 { // zeros: the file grew before its content came
			if err := w.torn(s, i, live); err != nil {
				return false, err
			}
			break
		}
		if err != nil {
			return false, fmt.Errorf("audit: %s: line %d: %w", s.Path(), i, err)
		}
		if sealed, err = w.learn(s, i, text, live); err != nil {
			return false, err
		}
		w.bytes += int64(len(text)) + 1
	}
	if w.edge.size <= s.first {
		return false, fmt.Errorf("audit: %s has no first line", s.Path())
	}
	w.durable.Store(w.edge.size)
	return sealed, nil
}

// learn takes one line of the last segment into the tree.
func (w *Writer) learn(s Segment, i int64, text []byte, live bool) (sealed bool, err error) {
	e, err := parseEntry(text)
	if err != nil {
		return false, fmt.Errorf("audit: %s: line %d: %w", s.Path(), i, err)
	}
	if i == s.first {
		if e == nil || e.Unmapped.Segment == nil || e.Unmapped.Segment.First != i {
			return false, fmt.Errorf("audit: %s does not begin with the first line of a segment", s.Path())
		}
		if w.edge, err = e.Unmapped.Segment.edge(); err != nil {
			return false, err
		}
		w.origin, w.began = e.Log, time.UnixMilli(e.Time)
	}
	if e != nil && e.Unmapped.Checkpoint != "" {
		var c Checkpoint
		if live { // else its key is erased
			c, err = openCheckpoint(e.Unmapped.Checkpoint, w.key.verifier())
		} else {
			c, err = ParseCheckpoint(e.Unmapped.Checkpoint)
		}
		if err != nil {
			return false, fmt.Errorf("%w (line %d of %s)", err, i, s.Path())
		}
		if c.Size != w.edge.size || c.Root != w.edge.root() {
			return false, w.differs(i)
		}
		w.idle = i + 1
		sealed = e.Unmapped.Kind == kindSeal
	}
	w.take(tlog.RecordHash(text))
	return sealed, nil
}

func (w *Writer) differs(line int64) error {
	return fmt.Errorf("audit: %s: the lines before line %d are not those that its checkpoint signs", w.Dir, line)
}

// torn mends the end of a segment from line i on, if a crash can have left it so: what was
// being written then is not signed.
func (w *Writer) torn(s Segment, i int64, live bool) error {
	data, err := os.ReadFile(s.Path())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if !live || i == s.first {
		return fmt.Errorf("audit: %s: line %d is damaged", s.Path(), i)
	}
	for line := range bytes.Lines(data[w.bytes:]) {
		e, err := parseEntry(bytes.TrimSuffix(line, newline))
		if err != nil || e == nil || e.Unmapped.Checkpoint == "" {
			continue
		}
		if _, err := openCheckpoint(e.Unmapped.Checkpoint, w.key.verifier()); err == nil {
			return fmt.Errorf("audit: %s: line %d is damaged, and a checkpoint after it signs for it", s.Path(), i)
		}
	}
	return w.mend(s)
}

// mend moves what follows the last whole line to a file of its own.
func (w *Writer) mend(s Segment) error {
	data, err := os.ReadFile(s.Path())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	torn := data[w.bytes:]
	name := s.Beside(fmt.Sprintf("-%d%s", w.edge.size, tornExt))
	if err := durable.WriteFile(name, torn, 0o600); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	f, err := os.OpenFile(s.Path(), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	if err := f.Truncate(w.bytes); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	w.Found = Found{int64(len(torn)), name}
	return nil
}

// reopen goes on in the last segment.
func (w *Writer) reopen(s Segment) error {
	f, err := durable.Append(s.Path())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	w.file = f
	w.openLeaves()
	w.keepLeaves()
	return nil
}

// opened says that a process writes the log from here on, and what it found.
func (w *Writer) opened(now time.Time) error {
	lines := w.entry(now, fmt.Sprintf("process %d writes the audit log", os.Getpid()), own{Kind: kindOpened})
	if n := w.Found.Torn; n > 0 {
		lines = append(w.entry(now, fmt.Sprintf("%d bytes of an unfinished line were moved to %s", n, w.Found.TornIn), own{Kind: kindTorn, Bytes: n}), lines...)
	}
	return w.put(lines)
}
