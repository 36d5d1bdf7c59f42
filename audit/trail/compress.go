package trail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/zstd"

	"twohop/internal/durable"
)

// blockBytes is how much text one zstd frame holds, at least.
const blockBytes = 256 << 10

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
