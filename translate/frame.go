package translate

import (
	"slices"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// frame is an object that is being written. Its members are segments of the output, in
// the order of the JSON; at the end they are put in the order of the contract.
type frame struct {
	typ    *xsd.Type
	shape  *shape.Shape
	tag    int64      // where further attributes go; -1 for an object that is no element
	opened bool       // the > of the start tag is written
	order  bool       // members come in the order of the document (#content)
	fixed  bool       // a part was given away: what comes now must come later
	sorted bool       // segs are in order so far
	holds  bool       // the output from hold on must not be given away
	hold   int64      //
	low    int        // fields before it are there
	last   int        // order of the member that came last
	segs   []segment  // elements and text
	seen   []uint64   // fields, by index
	has    uint8      // other members
	attrs  []xsd.Name // attributes that the schema does not name
}

// Members that stand for no field, in frame.has.
const (
	hasText = 1 << iota
	hasAny
	hasContent
	hasType
	hasNil
)

// segment is what a member, or an item of a repeated one, became.
type segment struct {
	order      int // see orderOf
	start, end int64
}

// orderOf is where the elements of a field stand among the others of a type; those of
// #any stand between two fields.
func orderOf(f *shape.Field) int { return 2*f.Index + 1 }

func (e *encoder) push(t *xsd.Type) *frame {
	n := len(e.frames)
	if n < cap(e.frames) {
		e.frames = e.frames[:n+1]
	} else {
		e.frames = append(e.frames, frame{})
	}
	f := &e.frames[n]
	*f = frame{segs: f.segs[:0], seen: f.seen[:0], attrs: f.attrs[:0], sorted: true, tag: -1}
	f.set(t, e.shape(t))
	return f
}

func (e *encoder) pop() { e.frames = e.frames[:len(e.frames)-1] }

// top is the innermost object. A pointer to it does not outlive a push.
func (e *encoder) top() *frame { return &e.frames[len(e.frames)-1] }

// set gives the object another type, or its first: one that has the fields so far.
func (f *frame) set(t *xsd.Type, s *shape.Shape) {
	old, seen := f.shape, f.seen
	f.typ, f.shape = t, s
	if old != nil {
		f.seen = nil
	}
	for range (len(s.Fields) + 63) / 64 {
		f.seen = append(f.seen, 0)
	}
	if old == nil {
		return
	}
	f.low, f.last = 0, 0
	for _, field := range old.Fields {
		if seen[field.Index/64]&(1<<(field.Index%64)) == 0 {
			continue
		}
		now := s.Member(field.Key)
		f.see(now)
		for i := range f.segs {
			if f.segs[i].order == orderOf(field) {
				f.segs[i].order = orderOf(now)
			}
		}
	}
	f.sorted = slices.IsSortedFunc(f.segs, bySegment)
}

func bySegment(a, b segment) int { return a.order - b.order }

// see notes that a field is there, and reports false when it was already.
func (f *frame) see(x *shape.Field) bool {
	word, bit := &f.seen[x.Index/64], uint64(1)<<(x.Index%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	for f.low < len(f.shape.Fields) && f.seen[f.low/64]&(1<<(f.low%64)) != 0 {
		f.low++
	}
	return true
}

// note notes another member, and reports false when it was there already.
func (f *frame) note(bit uint8) bool {
	was := f.has & bit
	f.has |= bit
	return was == 0
}

// mayComeBefore reports whether a member may still come that belongs before order.
func (f *frame) mayComeBefore(order int) bool {
	return f.low < len(f.shape.Fields) && 2*f.low+1 < order || f.shape.Any && f.has&hasAny == 0 && 2*f.shape.AnyAt < order
}

// keep holds the output from at on.
func (f *frame) keep(at int64) {
	if !f.holds {
		f.holds, f.hold = true, at
	}
}

// commit gives up waiting for members that belong before those that are there. It
// reports false when that is not possible.
func (f *frame) commit() bool {
	if !f.sorted || !f.shape.Plain && !f.shape.Free || f.tag >= 0 && !f.opened {
		return false
	}
	f.holds, f.fixed = false, true
	f.segs = f.segs[:0]
	return true
}
