package trail

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"twohop/internal/durable"
)

// blockBytes is how much text one zstd frame holds, at least.
const blockBytes = 256 << 10

// Block is one zstd frame of a compressed segment: whole lines.
type Block struct{ Offset, Size int64 }

// Sealed returns the complete segments that are not compressed yet, in order.
func (l Log) Sealed() ([]Segment, error) {
	segments, err := l.Segments()
	if err != nil {
		return nil, err
	}
	seals, err := l.with(sealExt)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(segments, func(s Segment) bool {
		return s.compressed || !slices.Contains(seals, s.first)
	}), nil
}

// Compress replaces a complete segment by a compressed one and returns it. The plain file
// goes when the other is on stable storage. finish, which may be nil, is called before,
// for what is to lie beside the segment.
func (s Segment) Compress(finish func(Segment) error) (Segment, error) {
	out := Segment{s.log, s.first, true}
	tmp := out.Path() + ".new"
	if err := s.compressTo(tmp); err != nil {
		os.Remove(tmp)
		return s, fmt.Errorf("audit: compressing %s: %w", s.Path(), err)
	}
	if err := os.Rename(tmp, out.Path()); err != nil {
		return s, fmt.Errorf("audit: %w", err)
	}
	if err := durable.SyncDir(s.log.Dir); err != nil {
		return s, err
	}
	if finish != nil {
		if err := finish(out); err != nil {
			return s, err
		}
	}
	if err := os.Remove(s.Path()); err != nil { // on Windows a reader may hold it
		return out, fmt.Errorf("audit: %w", err)
	}
	return out, nil
}

func (s Segment) compressTo(name string) (err error) {
	in, err := os.Open(s.Path())
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return err
	}
	defer z.Close()
	lines := bufio.NewReaderSize(in, 1<<20)
	var block, frame []byte
	for {
		line, err := lines.ReadSlice('\n')
		block = append(block, line...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			return err
		}
		if len(block) >= blockBytes || err == io.EOF && len(block) > 0 {
			frame = z.EncodeAll(block, frame[:0])
			if _, err := out.Write(frame); err != nil {
				return err
			}
			block = block[:0]
		}
		if err == io.EOF {
			return out.Sync()
		}
	}
}

// Blocks returns the frames of a compressed segment, found by walking over them (RFC 8878,
// section 3.1.1) without decompressing.
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
		return int64(h.HeaderSize) + int64(h.SkippableSize), nil
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

// ReadBlock returns the lines of a block. It is safe for concurrent use.
func (s Segment) ReadBlock(b Block) ([]byte, error) { return s.AppendBlock(nil, b) }

// AppendBlock appends the lines of a block to text. It is safe for concurrent use.
func (s Segment) AppendBlock(text []byte, b Block) ([]byte, error) {
	f, err := os.Open(s.Path())
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer f.Close()
	if b.Size < 0 || b.Size > longestLine {
		return nil, fmt.Errorf("audit: %s: a block of %d bytes", s.Path(), b.Size)
	}
	frame := make([]byte, b.Size)
	if _, err := f.ReadAt(frame, b.Offset); err != nil {
		return nil, fmt.Errorf("audit: %s: %w", s.Path(), err)
	}
	text, err = blocks.DecodeAll(frame, text)
	if err != nil {
		return nil, fmt.Errorf("audit: %s: at byte %d: %w", s.Path(), b.Offset, err)
	}
	return text, nil
}

// blocks decodes single frames; DecodeAll is safe for concurrent use.
var blocks, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(2*longestLine)) // the options are valid
