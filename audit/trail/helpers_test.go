package trail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/tlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that a test moves.
type clock struct{ t time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.t }

// fixture is a root with logs, and the keys and checkpoints that a reviewer kept.
type fixture struct {
	t     *testing.T
	root  string
	keys  []string
	clock *clock
	o     Options
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, root: filepath.Join(t.TempDir(), "audit"), clock: newClock()}
	f.o = Options{SegmentBytes: 8 << 10, Checkpoint: time.Second, Now: f.clock.now}
	var err error
	if f.keys, err = Init(f.root, "twohop/test", f.clock.t); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) log() Log { return slot(f.root, 1) }

func (f *fixture) open() *Writer {
	f.t.Helper()
	w, err := Acquire(f.root, f.o)
	if err != nil {
		f.t.Fatal(err)
	}
	return w
}

// write appends n lines, three in each batch, a batch every 300 ms.
func (f *fixture) write(w *Writer, n int) {
	f.t.Helper()
	var batch bytes.Buffer
	for i := range n {
		fmt.Fprintf(&batch, `{"class_uid":4002,"n":%d,"text":%q}`+"\n", i, bytes.Repeat([]byte{'a' + byte(i%26)}, i%90))
		if i%3 == 2 || i == n-1 {
			f.clock.t = f.clock.t.Add(300 * time.Millisecond)
			if err := w.Append(batch.Bytes()); err != nil {
				f.t.Fatal(err)
			}
			batch.Reset()
		}
	}
}

func (f *fixture) verify(known ...string) *Report {
	f.t.Helper()
	r, err := Verify(f.log(), f.keys, known)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// filled returns a closed log of several segments, those that are complete compressed.
func filled(t *testing.T, n int, compress bool) *fixture {
	t.Helper()
	f := newFixture(t)
	w := f.open()
	f.write(w, n)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if compress {
		f.compress()
	}
	return f
}

func (f *fixture) compress() {
	f.t.Helper()
	sealed, err := f.log().Sealed()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, s := range sealed {
		if _, err := s.Compress(nil); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) segments() []Segment {
	f.t.Helper()
	s, err := f.log().Segments()
	if err != nil || len(s) == 0 {
		f.t.Fatal(s, err)
	}
	return s
}

// lines returns the lines of a segment, each with its newline.
func lines(t *testing.T, s Segment) [][]byte {
	t.Helper()
	var list [][]byte
	for line, err := range s.Lines() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, append(append([]byte(nil), line.Text...), '\n'))
	}
	return list
}

// rewrite replaces the lines of a segment, keeping its form.
func rewrite(t *testing.T, s Segment, list [][]byte) {
	t.Helper()
	plain := Segment{s.log, s.first, false}
	if err := os.WriteFile(plain.Path(), bytes.Join(list, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.compressed {
		if err := os.Remove(s.Path()); err != nil {
			t.Fatal(err)
		}
		if _, err := plain.Compress(nil); err != nil {
			t.Fatal(err)
		}
	}
}

func hashOf(text []byte) tlog.Hash { return tlog.RecordHash(bytes.TrimSuffix(text, newline)) }
