package index

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"twohop/audit/trail"
	"twohop/internal/durable"
)

// Ext is the extension of an index, beside its segment.
const Ext = ".index"

// Segment is a segment with its index. It is safe for concurrent use.
type Segment struct {
	*Index
	Trail   trail.Segment
	Stored  int64    // bytes of the file with the lines
	Rebuilt error    // why the index beside it could not be used; nil when it could, or none belongs there
	file    *os.File // of a segment that is not compressed
}

// Open returns the segment with its index, and with its ids when the question is about
// some. An index that is missing, stale or broken is made again, and kept in the directory
// where that may be written. A segment that is not compressed has none, and is read
// whole; a line that is being written does not count.
func Open(s trail.Segment, ids bool) (*Segment, error) {
	o := &Segment{Trail: s}
	if !s.Compressed() {
		if err := o.plain(); !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
		again, err := sealed(s) // compressed just now
		if err != nil {
			return nil, err
		}
		return Open(again, ids)
	}
	var err error
	if o.Stored, err = size(s.Path()); err != nil {
		return nil, err
	}
	if o.Index, o.Rebuilt = read(s, o.Stored, ids); o.Rebuilt == nil {
		return o, nil
	}
	if o.Index, err = build(s); err != nil {
		return nil, err
	}
	_ = keep(s, o.encode(o.Stored)) // else it is made again the next time
	return o, nil
}

// Close lets go of the segment's file.
func (s *Segment) Close() {
	if s.file != nil {
		s.file.Close()
	}
}

// Read returns the lines of a block, in the memory of buf if they fit.
func (s *Segment) Read(buf []byte, b trail.Block) ([]byte, error) {
	if s.file == nil {
		return s.Trail.AppendBlock(buf[:0], b)
	}
	text := slices.Grow(buf[:0], int(b.Size))[:b.Size]
	if _, err := s.file.ReadAt(text, b.Offset); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return text, nil
}

// sealed finds the compressed form of a segment.
func sealed(s trail.Segment) (trail.Segment, error) {
	list, err := s.Log().Segments()
	if err != nil {
		return s, err
	}
	for _, other := range list {
		if other.First() == s.First() && other.Compressed() {
			return other, nil
		}
	}
	return s, fmt.Errorf("audit: %s was there a moment ago: it was pruned, or moved", s.Path())
}

func size(name string) (int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, fmt.Errorf("audit: %w", err)
	}
	return info.Size(), nil
}

// Build makes the index of a compressed segment and puts it beside it; it is on stable
// storage when Build returns.
func Build(s trail.Segment) error {
	data, err := encoded(s)
	if err != nil {
		return err
	}
	return keep(s, data)
}

func keep(s trail.Segment, data []byte) error {
	if err := durable.WriteFile(s.Beside(Ext), data, 0o600); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// encoded returns what belongs beside a segment.
func encoded(s trail.Segment) ([]byte, error) {
	stored, err := size(s.Path())
	if err != nil {
		return nil, err
	}
	x, err := build(s)
	if err != nil {
		return nil, err
	}
	return x.encode(stored), nil
}

func build(s trail.Segment) (*Index, error) {
	blocks, err := s.Blocks()
	if err != nil {
		return nil, err
	}
	b := NewBuilder(s.First())
	var text []byte
	for _, at := range blocks {
		if text, err = s.AppendBlock(text[:0], at); err != nil {
			return nil, err
		}
		b.Add(at, text)
	}
	return b.Index(), nil
}

// ErrDiffers is returned by Check for an index that does not say what the lines say.
var ErrDiffers = errors.New("audit: the index does not say what the lines say: calls may be hidden from twohop audit show")

// Check compares the index beside a compressed segment with the segment's lines. A missing
// index is no mistake: it hides nothing. Blocks that hide lines are one with and without an
// index: trail.ErrFrames.
func Check(s trail.Segment) error {
	if !s.Compressed() {
		return nil
	}
	want, err := encoded(s)
	if err != nil {
		return err
	}
	have, err := os.ReadFile(s.Beside(Ext))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("audit: %w", err)
	case !bytes.Equal(have, want):
		return fmt.Errorf("%w (%s)", ErrDiffers, s.Beside(Ext))
	}
	return nil
}

// Renew makes the index of a compressed segment again where it is missing or does not say
// what the lines say, and reports whether that was so.
func Renew(s trail.Segment) (differed bool, err error) {
	want, err := encoded(s)
	if err != nil {
		return false, err
	}
	if have, err := os.ReadFile(s.Beside(Ext)); err == nil && bytes.Equal(have, want) {
		return false, nil
	}
	return true, keep(s, want)
}

// read reads the index that lies beside a segment.
func read(s trail.Segment, stored int64, ids bool) (*Index, error) {
	f, err := os.Open(s.Beside(Ext))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var head [header]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return nil, errBroken
	}
	first, second, sums, err := lengths(head[:])
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.Size() != header+first+second { // before memory is taken for it
		return nil, errBroken
	}
	part := make([]byte, first)
	if _, err := io.ReadFull(f, part); err != nil || crc(part) != sums[0] {
		return nil, errBroken
	}
	x, of, n, err := decode(part)
	switch {
	case err != nil:
		return nil, err
	case of != stored || x.First != s.First() || n != second/4:
		return nil, errors.New("the index belongs to another segment")
	case !ids:
		return x, nil
	}
	x.ids = make([]byte, second)
	if _, err := io.ReadFull(f, x.ids); err != nil || crc(x.ids) != sums[1] {
		return nil, errBroken
	}
	return x, nil
}
