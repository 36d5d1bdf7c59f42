package trail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
)

func TestBlocksAreTheSegment(t *testing.T) {
	f := newFixture(t)
	f.o.SegmentBytes = 3 << 20
	w := f.open()
	f.write(w, 40000)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := f.segments()[0]
	plain := read(t, s.Path())
	called := 0
	s, err := s.Compress(func(s Segment) error { called++; return nil })
	if err != nil || called != 1 || !s.Compressed() {
		t.Fatal(err, called)
	}
	blocks, err := s.Blocks()
	if err != nil || len(blocks) < 5 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	var text []byte
	for _, b := range blocks {
		part, err := s.ReadBlock(b)
		if err != nil || part[len(part)-1] != '\n' {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	if !bytes.Equal(text, plain) {
		t.Error("the blocks are not the segment")
	}
	if got := bytes.Join(lines(t, s), nil); !bytes.Equal(got, plain) {
		t.Error("the lines are not the segment")
	}
	info, err := os.Stat(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of %d", info.Size(), len(plain))
}

func TestAFailureOfWhatComesWithItKeepsThePlainSegment(t *testing.T) {
	f := filled(t, 300, false)
	s := f.segments()[0]
	plain := read(t, s.Path())
	broken := errors.New("no index")
	if _, err := s.Compress(func(Segment) error { return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, s.Path()), plain) {
		t.Error("the plain segment was changed")
	}
	if r := f.verify(); len(r.Problems) > 0 {
		t.Error(r.Problems)
	}
}

// TestACompressionThatWasCutOffIsFinished leaves both forms of a segment, as a crash does
// before the plain one is removed.
func TestACompressionThatWasCutOffIsFinished(t *testing.T) {
	f := filled(t, 300, false)
	s := f.segments()[0]
	plain := read(t, s.Path())
	broken := errors.New("no index")
	if _, err := s.Compress(func(Segment) error { return broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	sealed, err := f.log().Sealed()
	if err != nil || len(sealed) == 0 || sealed[0] != s {
		t.Fatal(sealed, err)
	}
	called := 0
	out, err := sealed[0].Compress(func(Segment) error { called++; return nil })
	if err != nil || called != 1 {
		t.Fatal(called, err)
	}
	if _, err := os.Stat(s.Path()); !os.IsNotExist(err) {
		t.Errorf("the plain file is still there: %v", err)
	}
	if got := bytes.Join(lines(t, out), nil); !bytes.Equal(got, plain) {
		t.Error("the lines changed")
	}

	for name, other := range map[string][]byte{"changed": bytes.Replace(plain, []byte("4002"), []byte("4003"), 1), "shorter": plain[:len(plain)-1], "longer": append(plain, '\n')} {
		if err := os.WriteFile(s.Path(), other, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Compress(nil); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !bytes.Equal(read(t, s.Path()), other) || !bytes.Equal(bytes.Join(lines(t, out), nil), plain) {
			t.Errorf("%s: one of the two is not as it was", name)
		}
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0x00, 0x00})
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Segment{Log{dir}, 0, true}
		if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
			t.Fatal(err)
		}
		blocks, err := s.Blocks()
		if err != nil {
			return
		}
		end := int64(0)
		for _, b := range blocks {
			if b.Offset != end || b.Size <= 0 {
				t.Fatal(fmt.Sprint(blocks))
			}
			end += b.Size
			s.ReadBlock(b)
		}
	})
}
