package trail

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// Follower reads a log from a line on, and goes on as lines are added. It is for one
// goroutine.
type Follower struct {
	log     Log
	next    int64
	durable func() int64
	in      io.ReadCloser
	lines   *scanner
	first   int64 // index of the first line of in
	at      int64 // of its next line
	partial []byte
}

// followPause is how often a Follower looks for new lines.
const followPause = 200 * time.Millisecond

// ErrPruned is returned by Next when the lines to come were deleted.
var ErrPruned = errors.New("audit: the lines were pruned before they were read")

// Follow returns a Follower for the lines of l from an index on. durable says how many
// lines are on stable storage, as Writer.Durable does; nil stands for all that are there.
func Follow(l Log, from int64, durable func() int64) *Follower {
	return &Follower{log: l, next: from, durable: durable}
}

// Next waits for lines and returns some, at least one and about most bytes at most. Their
// texts are valid until the next call. After ErrPruned, Skip goes on.
func (f *Follower) Next(ctx context.Context, most int) ([]Line, error) {
	for {
		lines, err := f.read(most)
		if err != nil || len(lines) > 0 {
			return lines, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(followPause):
		}
	}
}

// Close lets go of the file.
func (f *Follower) Close() {
	if f.in != nil {
		f.in.Close()
		f.in = nil
	}
}

// Skip moves on to the first line that is still there.
func (f *Follower) Skip() error {
	segments, err := f.log.Segments()
	if err != nil {
		return err
	}
	if len(segments) > 0 && segments[0].first > f.next {
		f.Close()
		f.next = segments[0].first
	}
	return nil
}

func (f *Follower) read(most int) ([]Line, error) {
	var lines []Line
	for size := 0; size < most && (f.durable == nil || f.next < f.durable()); {
		text, err := f.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, Line{f.next, append([]byte(nil), text...)})
		size += len(text)
		f.next++
	}
	return lines, nil
}

// line returns the line at f.next; io.EOF when it is not there yet.
func (f *Follower) line() ([]byte, error) {
	for {
		if f.in == nil {
			if err := f.open(); err != nil {
				return nil, err
			}
		}
		text, err := f.lines.next()
		switch {
		case err == io.ErrUnexpectedEOF: // the rest is being written
			f.partial = append(f.partial, text...)
			return nil, io.EOF
		case err == io.EOF && len(f.partial) == 0 && f.ended():
			f.Close()
			continue
		case err != nil:
			return nil, err
		}
		if len(f.partial) > 0 {
			text = append(f.partial, text...)
			f.partial = nil
		}
		f.at++
		if f.at > f.next {
			return text, nil
		}
	}
}

// ended reports whether another segment begins at the line that is wanted.
func (f *Follower) ended() bool {
	if f.next == f.first {
		return false // that one is in, and still empty
	}
	s := Segment{f.log, f.next, false}
	for _, s.compressed = range []bool{false, true} {
		if _, err := os.Stat(s.Path()); err == nil {
			return true
		}
	}
	return false
}

// open opens the segment that has the line f.next.
func (f *Follower) open() error {
	segments, err := f.log.Segments()
	if err != nil {
		return err
	}
	if len(segments) == 0 {
		return io.EOF
	}
	if segments[0].first > f.next {
		return ErrPruned
	}
	s := segments[0]
	for _, later := range segments[1:] {
		if later.first <= f.next {
			s = later
		}
	}
	if f.in, err = s.open(); err != nil {
		return err
	}
	f.lines, f.first, f.at, f.partial = newScanner(f.in), s.first, s.first, nil
	return nil
}
