package trail

import (
	"bufio"
	"bytes"
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

// Sealed returns the complete segments that are not compressed yet, in order, and those
// whose plain file a crash, or a reader on Windows, has kept beside the compressed one.
func (l Log) Sealed() ([]Segment, error) {
	plain, err := l.with(plainExt)
	if err != nil {
		return nil, err
	}
	seals, err := l.with(sealExt)
	if err != nil {
		return nil, err
	}
	var list []Segment
	for _, first := range plain {
		if slices.Contains(seals, first) {
			list = append(list, Segment{l, first, false})
		}
	}
	return list, nil
}

// Compress replaces a complete segment by a compressed one and returns it. The plain file
// goes when the other is on stable storage. finish, which may be nil, is called before,
// for what is to lie beside the segment. Where an earlier Compress did not get to its end,
// this one goes on; a compressed segment that has other lines is left as it is.
func (s Segment) Compress(finish func(Segment) error) (Segment, error) {
	out := Segment{s.log, s.first, true}
	if _, err := os.Stat(out.Path()); err == nil {
		if err := same(s, out); err != nil {
			return s, err
		}
	} else if err := s.compressBeside(out); err != nil {
		return s, err
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

// same returns an error unless two forms of a segment have the same text.
func same(plain, compressed Segment) error {
	a, err := plain.open()
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := compressed.open()
	if err != nil {
		return err
	}
	defer b.Close()
	var x, y [64 << 10]byte
	for {
		n, ended := io.ReadFull(a, x[:])
		m, err := io.ReadFull(b, y[:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return fmt.Errorf("audit: %s: %w", compressed.Path(), err)
		}
		if !bytes.Equal(x[:n], y[:m]) {
			return fmt.Errorf("audit: %s and %s have different lines: keep both, twohop audit verify reads the second", plain.Path(), compressed.Path())
		}
		switch {
		case ended == io.EOF || ended == io.ErrUnexpectedEOF:
			return nil
		case ended != nil:
			return fmt.Errorf("audit: %s: %w", plain.Path(), ended)
		}
	}
}

// compressBeside makes the compressed form of s, which is whole or not there.
func (s Segment) compressBeside(out Segment) error {
	tmp := out.Path() + ".new"
	if err := s.compressTo(tmp); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("audit: compressing %s: %w", s.Path(), err)
	}
	if err := os.Rename(tmp, out.Path()); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
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
