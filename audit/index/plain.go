package index

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"twohop/audit/trail"
)

// How a segment that is not compressed is taken in pieces.
const (
	pieceBytes = 256 << 10
	mostPiece  = 32 << 20 // more than the longest line
)

// plain indexes a segment that is not compressed, in memory. Its file stays open: it may
// be compressed meanwhile.
func (s *Segment) plain() error {
	f, err := os.Open(s.Trail.Path())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	b := NewBuilder(s.Trail.First())
	if err := pieces(f, b.Add); err != nil {
		f.Close()
		return fmt.Errorf("audit: %s: %w", s.Trail.Path(), err)
	}
	s.file, s.Index = f, b.Index()
	s.Stored = s.Text
	return nil
}

// pieces calls add for piece after piece of whole lines.
func pieces(f io.ReaderAt, add func(trail.Block, []byte)) error {
	buf := make([]byte, pieceBytes)
	for at := int64(0); ; {
		n, err := f.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return err
		}
		whole := bytes.LastIndexByte(buf[:n], '\n') + 1
		if whole > 0 {
			add(trail.Block{Offset: at, Size: int64(whole)}, buf[:whole])
			at += int64(whole)
			continue
		}
		if err == io.EOF { // what follows the last newline is being written
			return nil
		}
		if len(buf) >= mostPiece {
			return fmt.Errorf("a line is longer than %d bytes", mostPiece)
		}
		buf = make([]byte, 2*len(buf))
	}
}
