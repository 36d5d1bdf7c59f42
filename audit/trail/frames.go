package trail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Block is one zstd frame of a compressed segment: whole lines.
type Block struct{ Offset, Size int64 }

// mostBlock bounds the lines of a block: Compress ends one with the line that fills it.
const mostBlock = blockBytes + longestLine

// ErrFrames is returned for a segment whose frames are not those of Compress. Read as one
// text it may be whole, while who reads block by block misses lines.
var ErrFrames = errors.New("it was compressed by something else: lines may be hidden from twohop audit show")

// Blocks returns the frames of a compressed segment, found by walking over them (RFC 8878,
// section 3.1.1) without decompressing. ErrFrames is for one that is to be skipped.
func (s Segment) Blocks() ([]Block, error) {
	f, err := os.Open(s.Path())
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	var list []Block
	for at := int64(0); ; {
		n, err := frameSize(f, at)
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("audit: %s: at byte %d: %w", filepath.Base(s.Path()), at, err)
		}
		list = append(list, Block{at, n})
		at += n
	}
}

// frameSize returns the size of the frame at an offset; io.EOF at the end of the file.
func frameSize(r io.ReaderAt, at int64) (int64, error) {
	var head [zstd.HeaderMaxSize]byte
	n, err := r.ReadAt(head[:], at)
	if n == 0 {
		return 0, err
	}
	var h zstd.Header
	if err := h.Decode(head[:n]); err != nil {
		return 0, err
	}
	if h.Skippable {
		return 0, fmt.Errorf("a frame without lines: %w", ErrFrames)
	}
	size := int64(h.HeaderSize)
	for last := false; !last; {
		var b [4]byte
		if _, err := r.ReadAt(b[:3], at+size); err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		block := binary.LittleEndian.Uint32(b[:])
		last = block&1 == 1
		size += 3
		if kind := block >> 1 & 3; kind == 1 {
			size++ // one byte that is repeated
		} else {
			size += int64(block >> 3)
		}
	}
	if h.HasCheckSum {
		size += 4
	}
	return size, nil
}

// ReadBlock returns the lines of a block; see AppendBlock.
func (s Segment) ReadBlock(b Block) ([]byte, error) { return s.AppendBlock(nil, b) }

// AppendBlock appends the lines of a block to text: one line at least, each with its
// newline, and about 16 MiB at most; ErrFrames says that the block is none of Compress. It
// is safe for concurrent use.
func (s Segment) AppendBlock(text []byte, b Block) ([]byte, error) {
	f, err := os.Open(s.Path())
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	if b.Size < 0 || b.Size > mostBlock {
		return nil, s.badBlock(b, fmt.Sprintf("%d bytes", b.Size))
	}
	frame := make([]byte, b.Size)
	if _, err := f.ReadAt(frame, b.Offset); err != nil {
		return nil, fmt.Errorf("audit: %s: %w", s.Path(), err)
	}
	before := len(text)
	text, err = blocks.DecodeAll(frame, text)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) || len(text)-before > mostBlock:
		return nil, s.badBlock(b, fmt.Sprintf("more than %d bytes of lines", mostBlock))
	case err != nil:
		return nil, fmt.Errorf("audit: %s: at byte %d: %w", s.Path(), b.Offset, err)
	case len(text) == before:
		return nil, s.badBlock(b, "no lines")
	case text[len(text)-1] != '\n':
		return nil, s.badBlock(b, "a line that goes on in another frame")
	}
	return text, nil
}

func (s Segment) badBlock(b Block, what string) error {
	return fmt.Errorf("audit: %s: the frame at byte %d has %s: %w", s.Path(), b.Offset, what, ErrFrames)
}

// blocks decodes single frames; DecodeAll is safe for concurrent use.
var blocks, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(2*longestLine)) // the options are valid
