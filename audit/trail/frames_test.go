package trail

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// frame returns a zstd frame. A streamed one does not say how long its text is.
func frame(t *testing.T, text []byte, streamed bool) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if !streamed {
		return z.EncodeAll(text, nil)
	}
	for rest := text; len(rest) > 0; { // else the encoder knows its length
		n := min(len(rest), 1<<20)
		if _, err := z.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readBlocks reads a compressed segment block by block.
func readBlocks(s Segment) (text []byte, err error) {
	blocks, err := s.Blocks()
	for _, b := range blocks {
		if err == nil {
			text, err = s.AppendBlock(text, b)
		}
	}
	return text, err
}

// TestFramesThatHideALineAreRefused puts the same text into other frames: whoever reads
// it as one text sees no difference.
func TestFramesThatHideALineAreRefused(t *testing.T) {
	f := filled(t, 300, true)
	s := f.segments()[0]
	all := lines(t, s)
	text := bytes.Join(all, nil)
	cut := len(bytes.Join(all[:5], nil)) - 1
	empty := frame(t, nil, true)
	if len(empty) == 0 {
		empty = []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00} // of a single segment without content, RFC 8878
	}
	skippable := []byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"two whole frames", join(frame(t, text[:cut+1], false), frame(t, text[cut+1:], true)), nil},
		{"the newline in a frame of its own", join(frame(t, text[:cut], false), frame(t, []byte("\n"), false), frame(t, text[cut+1:], false)), ErrFrames},
		{"a line in two frames", join(frame(t, text[:cut-9], false), frame(t, text[cut-9:], false)), ErrFrames},
		{"an empty frame", join(frame(t, text, false), empty), ErrFrames},
		{"a frame to be skipped", join(skippable, frame(t, text, false)), ErrFrames},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(s.Path(), c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := bytes.Join(lines(t, s), nil); !bytes.Equal(got, text) {
				t.Fatal("it is not the same text")
			}
			got, err := readBlocks(s)
			if !errors.Is(err, c.want) || err == nil && !bytes.Equal(got, text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestABlockThatInflatesIsRefused reads 2 GiB in some ten kilobytes.
func TestABlockThatInflatesIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"which says so":      frame(t, bytes.Repeat([]byte{'\n'}, 64<<20), false),
		"which does not":     frame(t, bytes.Repeat([]byte{'\n'}, 64<<20), true),
		"which is too large": frame(t, bytes.Repeat([]byte{'\n'}, mostBlock+1), true),
		"2 GiB":              bomb(2 << 30),
	} {
		t.Run(name, func(t *testing.T) {
			s := Segment{Log{t.TempDir()}, 0, true}
			if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readBlocks(s)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrFrames) {
				t.Errorf("got %v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 256<<20 {
				t.Errorf("%d MB were allocated", took>>20)
			}
		})
	}
}

// bomb is a frame of blocks that repeat one byte (RFC 8878, section 3.1.1.2).
func bomb(size int) []byte {
	const most = 128 << 10
	data := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38} // a window of 128 KiB, no length
	for ; size > 0; size -= most {
		head := most<<3 | 1<<1
		if size <= most {
			head |= 1
		}
		data = append(data, byte(head), byte(head>>8), byte(head>>16), '\n')
	}
	return data
}
