package index

import (
	"bytes"
	"encoding/binary"
	"slices"

	"twohop/audit/entry"
	"twohop/audit/trail"
)

// What an index lists at most: others make no difference to what is found, only to how
// many blocks are read.
const (
	mostValues   = 1024 // of a field
	longestValue = 256  // bytes
)

// Builder makes the index of a segment from its blocks.
type Builder struct {
	x     Index
	known [fields]map[string]int
	open  map[string]int64
	e     entry.Entry

	sets  [fields][]byte // of the block at hand
	hash  []uint32
	timed bool
}

// NewBuilder returns a Builder for the segment that begins with a line.
func NewBuilder(first int64) *Builder {
	b := &Builder{x: Index{First: first}, open: map[string]int64{}}
	for f := range b.known {
		b.known[f] = map[string]int{}
	}
	return b
}

// Add takes the next block, with its lines.
func (b *Builder) Add(at trail.Block, text []byte) {
	block := Block{Block: at, First: b.x.First + b.x.Lines, ids: len(b.x.ids) / 4}
	b.hash, b.timed = b.hash[:0], false
	for rest := text; len(rest) > 0; block.Lines++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, newline)
		b.line(&block, block.First+block.Lines, line)
	}
	for f := range b.sets {
		block.sets[f] = bytes.Clone(bytes.TrimRight(b.sets[f], "\x00"))
		clear(b.sets[f])
	}
	slices.Sort(b.hash)
	b.hash = slices.Compact(b.hash)
	for _, h := range b.hash {
		b.x.ids = binary.LittleEndian.AppendUint32(b.x.ids, h)
	}
	block.n = len(b.hash)
	b.span(&block)
	b.x.Lines += block.Lines
	b.x.Text += int64(len(text))
	b.x.Blocks = append(b.x.Blocks, block)
}

// opened is the kind of the line that package trail writes when a process opens a log.
const opened = "opened"

var newline = []byte{'\n'}

// span widens the segment's times by the block's.
func (b *Builder) span(block *Block) {
	if !b.timed {
		return
	}
	if b.x.Max == 0 {
		b.x.Min = block.Min
	}
	b.x.Min, b.x.Max = min(b.x.Min, block.Min), max(b.x.Max, block.Max)
}

func (b *Builder) line(block *Block, n int64, line []byte) {
	e := &b.e
	if e.Parse(line) != nil {
		block.unreadable = true
		return
	}
	if !b.timed {
		block.Min, block.Max, b.timed = e.Time, e.Time, true
	}
	block.Min, block.Max = min(block.Min, e.Time), max(block.Max, e.Time)
	for f := range fields {
		b.value(block, f, f.Value(e))
	}
	for _, code := range e.Codes {
		b.value(block, Code, code)
	}
	for _, id := range e.Samples {
		b.hash = append(b.hash, Hash(id))
	}
	if e.Class == entry.ClassLog && string(e.Kind) == opened {
		b.x.Opened = n
	}
	if len(e.Correlation) > 0 {
		b.hash = append(b.hash, Hash(e.Correlation))
	}
	if len(e.Call) == 0 {
		return
	}
	if rest, ok := bytes.CutPrefix(e.Call, e.Correlation); !ok || len(e.Correlation) == 0 || len(rest) == 0 || rest[0] != '-' {
		b.hash = append(b.hash, Hash(e.Call))
	}
	b.stage(n)
}

// stage follows the calls from stage to stage.
func (b *Builder) stage(n int64) {
	switch e := &b.e; string(e.Stage) {
	case entry.Begin:
		b.open[string(e.Call)] = n
	case entry.End:
		if _, begun := b.open[string(e.Call)]; begun {
			delete(b.open, string(e.Call))
		} else if string(e.Outcome) != entry.Refused { // a refused call was not begun
			b.x.Ended = append(b.x.Ended, Call{string(e.Call), n})
		}
	case entry.Amend:
		b.x.Amended = append(b.x.Amended, Call{string(e.Call), n})
	}
}

func (b *Builder) value(block *Block, f Field, v []byte) {
	n, ok := b.known[f][string(v)]
	if !ok {
		if n = len(b.x.values[f]); n >= mostValues || len(v) > longestValue {
			block.more |= 1 << f
			return
		}
		b.known[f][string(v)] = n
		b.x.values[f] = append(b.x.values[f], string(v))
		if n/8 >= len(b.sets[f]) {
			b.sets[f] = append(b.sets[f], 0)
		}
	}
	b.sets[f][n/8] |= 1 << (n % 8)
}

// Index returns the index of the blocks that were added; nothing may be added after it.
func (b *Builder) Index() *Index {
	for id, n := range b.open {
		b.x.Open = append(b.x.Open, Call{id, n})
	}
	slices.SortFunc(b.x.Open, func(p, q Call) int { return int(min(1, max(-1, p.Line-q.Line))) })
	return &b.x
}
