package search

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"twohop/audit/trail"
)

// Damage says that a segment, or some blocks of it, could not be read.
type Damage struct {
	Segment string // the path of its file
	Err     error  // of the first block
}

// damages keeps one Damage for each segment. It is safe for concurrent use.
type damages struct {
	mu   sync.Mutex
	list []Damage
}

// pass keeps err and returns nil when it is only about what the segment holds: the others
// can be read all the same. A segment that may not be read, or is not there, is no damage.
func (d *damages) pass(s trail.Segment, err error) error {
	var at *fs.PathError
	if err == nil || errors.As(err, &at) && at.Op != "read" {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.ContainsFunc(d.list, func(x Damage) bool { return x.Segment == s.Path() }) {
		d.list = append(d.list, Damage{s.Path(), err})
	}
	return nil
}

// Damaged returns the segments that could not be read, or not whole, as far as they were
// needed. Of one without an index nothing is read when a block is damaged.
func (s *Search) Damaged() []Damage {
	s.damages.mu.Lock()
	defer s.damages.mu.Unlock()
	list := slices.Clone(s.damages.list)
	slices.SortFunc(list, func(a, b Damage) int { return cmp.Compare(a.Segment, b.Segment) })
	return list
}
