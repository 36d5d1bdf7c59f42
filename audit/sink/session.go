package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twohop/audit/trail"
)

const (
	batch  = 256 << 10              // bytes that are read, and sent, at a time
	linger = 100 * time.Millisecond // after a small batch, so that the next one is none
)

// session ships over one link. It returns nil only when ctx is done, or the log has ended,
// and all was delivered; hard bounds what is done after that.
func (s *Shipper) session(ctx, hard context.Context) (err error) {
	src := trail.Follow(s.log.Log, s.next, s.log.End)
	defer src.Close()
	var lines []trail.Line
	if s.log.End() > s.next { // else Next waits, and a receiver may be gone unnoticed
		if lines, err = next(hard, src); err != nil {
			return err
		}
		s.note(lines)
	}
	up, broken := context.WithCancelCause(hard)
	defer broken(nil)
	link, err := s.receiver.Connect(up, s.origin, broken)
	if err != nil {
		return err
	}
	defer link.Close()
	if len(lines) == 0 {
		s.works()
	}
	for sent := s.next; ; {
		if sent, err = s.send(up, link, sent, lines); err != nil {
			return err
		}
		if up.Err() != nil {
			return context.Cause(up)
		}
		if err := s.advance(link.Delivered(), sent, tick); err != nil {
			return err
		}
		if (ctx.Err() != nil || s.log.Ended) && sent >= s.log.End() {
			if err := link.Finish(hard); err != nil {
				return err
			}
			return s.advance(sent, sent, 0)
		}
		if lines, err = s.read(ctx, up, src, lines); err != nil {
			return err
		}
	}
}

// next is src.Next, past lines that were deleted.
func next(ctx context.Context, src *trail.Follower) ([]trail.Line, error) {
	lines, err := src.Next(ctx, batch)
	if !errors.Is(err, trail.ErrPruned) {
		return lines, err
	}
	if err := src.Skip(); err != nil {
		return nil, err
	}
	return src.Next(ctx, batch)
}

// read returns the next lines, none when there are none for a while.
func (s *Shipper) read(ctx, up context.Context, src *trail.Follower, before []trail.Line) ([]trail.Line, error) {
	wait, cancel := context.WithTimeout(up, tick)
	defer cancel()
	if ctx.Err() == nil {
		defer context.AfterFunc(ctx, cancel)()
	}
	if ctx.Err() == nil && !s.log.Ended && size(before) < batch/2 {
		select {
		case <-wait.Done():
		case <-time.After(linger):
		}
	}
	lines, err := next(wait, src)
	switch {
	case up.Err() != nil:
		return nil, context.Cause(up)
	case err != nil && wait.Err() != nil:
		return nil, nil
	}
	return lines, err
}

func size(lines []trail.Line) (n int) {
	for _, l := range lines {
		n += len(l.Text)
	}
	return n
}

// send sends lines and returns the index that follows them; sent is the one so far.
func (s *Shipper) send(ctx context.Context, link Link, sent int64, lines []trail.Line) (int64, error) {
	if len(lines) == 0 {
		return sent, nil
	}
	switch first := lines[0].Index; {
	case first > sent && sent == 0 && s.fresh:
		s.tell(Change{State: Begins, Why: fmt.Sprintf("it begins at line %d; those before were pruned", first)})
		s.mu.Lock()
		s.next = first // what is told is told once, however often it takes to deliver the line
		s.mu.Unlock()
	case first > sent:
		s.tell(Change{State: Missing, Records: first - sent, Why: fmt.Sprintf("the log goes on at line %d", first)})
	case first < sent:
		return sent, fmt.Errorf("audit: line %d was read again after line %d", first, sent)
	}
	s.note(lines)
	refusal, err := link.Send(ctx, lines)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx) // what the link has seen tells more
		}
		return sent, err
	}
	if refusal != nil {
		s.mu.Lock()
		s.count.Refused += refusal.Records
		s.mu.Unlock()
		s.tell(Change{State: Refused, Records: refusal.Records, Why: refusal.Why})
	}
	return lines[len(lines)-1].Index + 1, nil
}

// advance takes lines before next as delivered, and writes the cursor unless it was
// written within the last every.
func (s *Shipper) advance(next, sent int64, every time.Duration) error {
	s.mu.Lock()
	moved := next > s.next
	if moved {
		s.count.Shipped += next - s.next
		s.next = next
		s.ages.drop(next, sent)
	}
	s.mu.Unlock()
	if moved {
		s.works()
	}
	now := time.Now()
	if now.Sub(s.stored) < every || s.next == s.written {
		return nil
	}
	s.stored, s.written = now, s.next
	return cursor{s.origin, s.next, now}.write(s.log.Dir, s.name)
}
