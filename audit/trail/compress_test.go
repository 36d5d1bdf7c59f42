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
