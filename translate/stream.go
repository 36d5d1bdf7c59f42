package translate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime/debug"
)

// Stream is a message that is translated while it is read. It is not safe for concurrent
// use. What reads it must Close it.
type Stream struct {
	next func() ([]byte, bool)
	stop func()
	err  error // after the last chunk; io.EOF for the end
	held []byte
	cap  int64
}

// errStopped ends a translation that nobody reads on.
var errStopped = errors.New("the translation was stopped")

// Panicked is a fault of the codec: it ends one message, not the process, since messages
// are read by goroutines that nobody watches.
type Panicked struct {
	Value any
	Stack []byte
}

func (p *Panicked) Error() string { return fmt.Sprintf("the codec panicked: %v\n%s", p.Value, p.Stack) }

// newStream runs run when it is read: run gives what it makes to yield, in order, and
// ends with an error when yield returns false.
func newStream(cap int64, run func(yield func([]byte) bool) error) *Stream {
	s := &Stream{cap: cap}
	s.next, s.stop = iter.Pull(func(yield func([]byte) bool) {
		s.err = io.EOF
		defer func() {
			if p := recover(); p != nil {
				s.err = &Panicked{p, debug.Stack()}
			}
		}()
		if err := run(yield); err != nil {
			s.err = err
		}
	})
	return s
}

// First translates until the message is whole, or longer than the bound of what is held.
// If it is whole, data is all of it. Otherwise Read returns it from the start. An error
// says that nothing of the message may be used.
func (s *Stream) First() (data []byte, whole bool, err error) {
	var buf bytes.Buffer
	for int64(buf.Len()) <= s.cap {
		p, ok := s.next()
		if !ok {
			if s.err != io.EOF {
				return nil, false, s.err
			}
			return buf.Bytes(), true, nil
		}
		buf.Write(p)
	}
	s.held = buf.Bytes()
	return nil, false, nil
}

// Read returns io.EOF after a message that is whole, and another error after a part.
func (s *Stream) Read(p []byte) (int, error) {
	for len(s.held) == 0 {
		chunk, ok := s.next()
		if !ok {
			return 0, s.err
		}
		s.held = chunk
	}
	n := copy(p, s.held)
	s.held = s.held[n:]
	return n, nil
}

// Close ends the translation.
func (s *Stream) Close() error {
	s.stop()
	return nil
}
