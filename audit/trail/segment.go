package trail

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// What a segment's files are called after the index of its first line.
const (
	plainExt  = ".jsonl"
	zstdExt   = ".jsonl.zst"
	leavesExt = ".leaves"
	sealExt   = ".seal"
	tornExt   = ".torn"
)

// longestLine bounds what is read as one line. The lines of this program are a hundred
// times shorter.
const longestLine = 16 << 20

// Segment is a part of a log whose lines are still there.
type Segment struct {
	log        Log
	first      int64
	compressed bool
}

// First returns the index of the first line.
func (s Segment) First() int64 { return s.first }

// Compressed reports whether the segment lies in independent zstd frames.
func (s Segment) Compressed() bool { return s.compressed }

// Log returns the log that the segment belongs to.
func (s Segment) Log() Log { return s.log }

// Path returns the name of the file with the lines.
func (s Segment) Path() string {
	if s.compressed {
		return s.Beside(zstdExt)
	}
	return s.Beside(plainExt)
}

// Beside returns the name of the segment's file with another extension.
func (s Segment) Beside(ext string) string { return s.log.file(base(s.first) + ext) }

func base(first int64) string { return fmt.Sprintf("%012d", first) }

// firstOf reads the index in a file's name with the extension given.
func firstOf(name, ext string) (int64, bool) {
	text, ok := strings.CutSuffix(name, ext)
	n, err := strconv.ParseInt(text, 10, 64)
	return n, ok && err == nil && n >= 0 && base(n) == text
}

// Segments returns the segments whose lines are there, in order.
func (l Log) Segments() ([]Segment, error) {
	firsts, err := l.with(plainExt)
	if err != nil {
		return nil, err
	}
	compressed, err := l.with(zstdExt)
	if err != nil {
		return nil, err
	}
	var list []Segment
	for _, n := range compressed {
		list = append(list, Segment{l, n, true})
	}
	for _, n := range firsts {
		if !slices.Contains(compressed, n) { // else the compression ended just now
			list = append(list, Segment{l, n, false})
		}
	}
	slices.SortFunc(list, func(a, b Segment) int { return int(min(1, max(-1, a.first-b.first))) })
	return list, nil
}

// with returns the first indices of the files with an extension, in order.
func (l Log) with(ext string) ([]int64, error) {
	entries, err := os.ReadDir(l.Dir)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	var list []int64
	for _, e := range entries {
		if n, ok := firstOf(e.Name(), ext); ok {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

// seal returns the signed checkpoint at the segment's end, "" when it is not complete.
func (l Log) seal(first int64) (string, error) {
	data, err := os.ReadFile(l.file(base(first) + sealExt))
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("audit: %w", err)
	}
	return string(data), nil
}

// Line is a line without its newline.
type Line struct {
	Index int64
	Text  []byte // valid until the next step
}

// Lines returns the lines of the segment. What follows the last newline is none: it is
// being written, or was torn by a crash.
func (s Segment) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		f, err := s.open()
		if err != nil {
			yield(Line{}, err)
			return
		}
		defer f.Close()
		lines := newScanner(f)
		for i := s.first; ; i++ {
			text, err := lines.next()
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return
			}
			if err != nil {
				yield(Line{}, fmt.Errorf("audit: %s: line %d: %w", s.Path(), i, err))
				return
			}
			if !yield(Line{i, text}, nil) {
				return
			}
		}
	}
}

// open returns the segment's text. A segment that is being compressed changes its name.
func (s Segment) open() (io.ReadCloser, error) {
	f, err := openFile(s.Path())
	if os.IsNotExist(err) && !s.compressed {
		s.compressed = true
		f, err = openFile(s.Path())
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if !s.compressed {
		return f, nil
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("audit: %s: %w", s.Path(), err)
	}
	return unzipped{z, f}, nil
}

// openFile opens a file for reading that is one: a pipe in its place would hang.
func openFile(name string) (*os.File, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	return os.Open(name)
}

type unzipped struct {
	*zstd.Decoder
	file fs.File
}

func (u unzipped) Close() error {
	u.Decoder.Close()
	return u.file.Close()
}

// scanner reads lines of any length up to longestLine, without a copy of those that fit
// the buffer.
type scanner struct {
	r    *bufio.Reader
	long []byte
}

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 256<<10)} }

// next returns a line without its newline; io.ErrUnexpectedEOF when it has none.
func (s *scanner) next() ([]byte, error) {
	text, err := s.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		s.long = append(s.long[:0], text...)
		for err == bufio.ErrBufferFull {
			if len(s.long) > longestLine {
				return nil, fmt.Errorf("longer than %d bytes", longestLine)
			}
			text, err = s.r.ReadSlice('\n')
			s.long = append(s.long, text...)
		}
		text = s.long
	}
	if err == io.EOF && len(text) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return bytes.TrimSuffix(text, []byte("\n")), err
}

// Seals returns the checkpoints at the ends of the segments that are complete, pruned ones
// too, in order. Their signatures are not looked at.
func (l Log) Seals() ([]Checkpoint, error) {
	firsts, err := l.with(sealExt)
	if err != nil {
		return nil, err
	}
	list := make([]Checkpoint, len(firsts))
	for i, first := range firsts {
		msg, err := l.seal(first)
		if err == nil {
			list[i], err = ParseCheckpoint(msg)
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}
