package trail

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// result is what reading one segment gave.
type result struct {
	problems    []Problem
	from, to    time.Time
	lines       int64
	end         edge // of the tree after the segment
	checkpoints int
	signed      int64 // lines before this one are signed for, within the segment or by its seal
	signedAt    time.Time
	last        string
	pruned      int64         // a signed line here says that everything before this one was deleted
	proven      int64         // the largest known checkpoint that holds
	compared    map[int64]int // known checkpoints by size
}

// What becomes of a known checkpoint.
const (
	holds   = 1
	differs = 2 // also where one of two of the same size does
)

// reading goes through one segment. A span is what lies between two checkpoints.
type reading struct {
	*part
	known  []Checkpoint
	edge   edge        // of all lines read
	before edge        // at the beginning of the span
	span   []tlog.Hash // leaves since
	leaves []byte      // as they were written; nil when their file is gone
	lost   bool        // the tree cannot be continued
	claims int64       // what a line of the span says was pruned; counts when it is signed for
}

// read verifies the part's lines.
func (p *part) read(known []Checkpoint) {
	p.compared = map[int64]int{}
	r := &reading{part: p, known: known}
	r.leaves = p.readLeaves()
	i := p.first
	for line, err := range p.Lines() {
		if err != nil {
			r.wrong(i, i, "%v", err)
			break
		}
		if p.seal != nil && i-p.first > 2*(p.seal.Size-p.first) {
			r.wrong(i, i, "the segment has more than twice the lines that its seal signs; the rest is not read")
			break
		}
		r.line(line.Text, i == p.first)
		i++
	}
	p.lines = i - p.first
	r.finish()
}

func (r *reading) wrong(from, to int64, format string, args ...any) {
	r.problems = append(r.problems, Problem{filepath.Base(r.Path()), from, to, fmt.Sprintf(format, args...)})
}

// line takes one line; its place is told by the tree, which knows of lines that are gone.
func (r *reading) line(text []byte, first bool) {
	e, err := parseEntry(text)
	if err != nil {
		e = nil // the tree tells that it was changed
	}
	if e != nil {
		r.to = time.UnixMilli(e.Time)
		switch {
		case e.Unmapped.Kind == kindPruned && e.Unmapped.Before <= r.first:
			r.claims = max(r.claims, e.Unmapped.Before)
		case e.Unmapped.Kind == kindOpened: // a claim is signed before anything is removed, and so before a restart
			r.claims = 0
		}
	}
	switch {
	case first:
		r.head(e)
	case e != nil && e.Unmapped.Checkpoint != "":
		r.checkpoint(e)
	}
	leaf := tlog.RecordHash(text)
	r.edge.add(leaf)
	r.span = append(r.span, leaf)
	r.compare()
}

// head looks at the first line: the tree before it must be the one that the part before
// was sealed with.
func (r *reading) head(e *entry) {
	var s *segment
	if e != nil {
		s = e.Unmapped.Segment
	}
	if s == nil || s.First != r.first {
		r.wrong(r.first, r.first+1, "this is not the first line of this segment: nothing in the segment can be proven")
		r.edge, r.lost = unknown(r.first), true
		r.before = r.edge.clone()
		return
	}
	r.from = time.UnixMilli(e.Time)
	var err error
	if r.edge, err = s.edge(); err != nil {
		r.wrong(r.first, r.first+1, "%v", err)
		r.edge, r.lost = unknown(r.first), true
	}
	r.before = r.edge.clone()
	switch {
	case r.part.before == nil && r.first != 0 && !r.late:
		r.wrong(0, r.first, "these lines are gone, and so are their seals")
	case r.part.before != nil && (r.part.before.Size != r.first || r.part.before.Root != r.edge.root()):
		r.wrong(r.first, r.first+1, "the segment does not follow the seal of the one before it, which ends at line %d", r.part.before.Size)
	}
	r.compare()
}

// checkpoint compares the lines so far with what was signed.
func (r *reading) checkpoint(e *entry) {
	c, err := openCheckpoint(e.Unmapped.Checkpoint, r.key)
	if err != nil || c.Origin != r.key.Name() {
		r.wrong(r.edge.size, r.edge.size+1, "a checkpoint that the log's key did not sign")
		return // a line like any other; the next checkpoint covers it
	}
	r.checkpoints++
	if r.settle(c) {
		r.signed, r.signedAt, r.last = c.Size, time.UnixMilli(e.Time), e.Unmapped.Checkpoint
	}
}

// settle ends a span with a signed checkpoint, and reports whether all that it signs is
// there. Where it is not, the leaves as they were written may name the lines, and put the
// tree right again for what follows.
func (r *reading) settle(c Checkpoint) bool {
	if !r.lost && c.Size == r.edge.size && c.Root == r.edge.root() {
		r.before, r.span = r.edge.clone(), r.span[:0]
		r.pruned, r.claims = max(r.pruned, r.claims), 0
		return true
	}
	r.claims = 0
	from := r.before.size
	written, ok := r.written(c)
	switch {
	case r.lost:
	case ok:
		for _, p := range differences(from, written, r.span) {
			r.wrong(p.From, p.To, "%s", p.What)
		}
	default:
		r.wrong(from, max(c.Size, from), "lines were changed, removed, added or moved here; the log's leaf hashes do not tell which")
	}
	r.span = r.span[:0]
	if !ok {
		r.lost = true
		return false
	}
	r.before = r.before.clone()
	for _, leaf := range written {
		r.before.add(leaf)
	}
	r.edge, r.lost = r.before.clone(), false
	return false
}

// readLeaves reads the hashes beside the segment, which only help to name lines.
func (p *part) readLeaves() []byte {
	info, err := os.Lstat(p.Beside(leavesExt))
	most := int64(longestSegment)
	if p.seal != nil {
		most = (p.seal.Size - p.first) * tlog.HashSize
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return nil
	}
	data, _ := os.ReadFile(p.Beside(leavesExt))
	return data
}

// longestSegment bounds the files of a segment that is not complete.
const longestSegment = 1 << 30

// written returns the leaves of the span up to c as they were when they were written, if
// their file is there and they are the ones that c signs.
func (r *reading) written(c Checkpoint) ([]tlog.Hash, bool) {
	from, to := (r.before.size-r.first)*tlog.HashSize, (c.Size-r.first)*tlog.HashSize
	if r.lost || from < 0 || to < from || to > int64(len(r.leaves)) {
		return nil, false
	}
	e := r.before.clone()
	var list []tlog.Hash
	for data := r.leaves[from:to]; len(data) > 0; data = data[tlog.HashSize:] {
		leaf := tlog.Hash(data[:tlog.HashSize])
		list = append(list, leaf)
		e.add(leaf)
	}
	return list, e.root() == c.Root
}

// compare looks whether somebody kept a checkpoint of just this size.
func (r *reading) compare() {
	for len(r.known) > 0 && r.known[0].Size < r.edge.size {
		r.known = r.known[1:]
	}
	for _, k := range r.known {
		if k.Size != r.edge.size || r.lost {
			return
		}
		if k.Root != r.edge.root() {
			r.compared[k.Size] = differs
		} else if r.compared[k.Size] == 0 {
			r.compared[k.Size] = holds
			r.proven = k.Size
		}
	}
}

// finish compares the whole segment with its seal.
func (r *reading) finish() {
	if r.lines == 0 {
		r.wrong(r.first, r.first, "the segment has no line")
		return
	}
	if r.seal != nil && r.settle(*r.seal) {
		r.signed, r.signedAt = r.seal.Size, r.to
	}
	r.end = r.edge
}
