package sink

import (
	"time"

	"twohop/audit/trail"
)

// note keeps the age of lines that are about to be sent.
func (s *Shipper) note(lines []trail.Line) {
	at := timeOf(lines[0].Text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ages.add(lines[0].Index, at)
}

// failed counts a try that failed. An outage is told of once, and once more when it lasts.
func (s *Shipper) failed(err error) {
	now := time.Now()
	s.mu.Lock()
	s.count.Failures++
	s.count.Up = false
	if s.since.IsZero() {
		s.since = now
	}
	since := s.since
	s.mu.Unlock()
	switch lasts := now.Sub(since); {
	case s.told == "" && lasts >= downAfter:
		s.told = Down
		s.tell(Change{State: Down, Since: since, Why: err.Error()})
	case s.told == Down && lasts >= alarmAfter:
		s.told = StillDown
		s.tell(Change{State: StillDown, Since: since, Why: err.Error()})
	}
}

// works ends an outage.
func (s *Shipper) works() {
	s.mu.Lock()
	since := s.since
	s.since = time.Time{}
	s.count.Up = true
	s.mu.Unlock()
	if s.told != "" {
		s.told = ""
		s.tell(Change{State: Up, Since: since})
	}
}

func (s *Shipper) tell(c Change) {
	c.Time = time.Now()
	s.changed(c)
}

// Status returns how the shipper is now.
func (s *Shipper) Status() Status {
	end := s.log.End()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.count
	now.Lag = max(0, end-s.next)
	if at := s.ages.oldest(); now.Lag > 0 && !at.IsZero() {
		now.Age = max(0, time.Since(at))
	}
	return now
}

// ages tells how old the lines are that are not yet delivered, to about a second.
type ages []age

// age is when a line was written, and about those after it up to the next age's.
type age struct {
	index int64
	at    time.Time
}

// mostAges bounds ages; beyond it the last one stands for more lines.
const mostAges = 1000

func (a *ages) add(index int64, at time.Time) {
	for n := len(*a); n > 0 && (*a)[n-1].index >= index; n-- { // they are sent again
		*a = (*a)[:n-1]
	}
	if n := len(*a); n == 0 || n < mostAges && at.Sub((*a)[n-1].at) >= time.Second {
		*a = append(*a, age{index, at})
	}
}

// drop forgets lines before next; all up to sent were added.
func (a *ages) drop(next, sent int64) {
	n := 0
	for n+1 < len(*a) && (*a)[n+1].index <= next {
		n++
	}
	if next >= sent {
		n = len(*a)
	}
	*a = append((*a)[:0], (*a)[n:]...)
}

func (a ages) oldest() time.Time {
	if len(a) == 0 {
		return time.Time{}
	}
	return a[0].at
}
