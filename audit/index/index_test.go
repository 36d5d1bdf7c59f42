package index_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"twohop/audit"
	"twohop/audit/entry"
	"twohop/audit/index"
	"twohop/audit/trail"
	"twohop/tests/auditgen"
)

var start = time.Date(2026, 11, 17, 8, 0, 0, 0, time.UTC)

// lines returns n lines of calls, and some that no call makes.
func lines(n int) (text []byte) {
	calls := auditgen.New(1, start, 50*time.Millisecond)
	for i := range n {
		switch {
		case i == 100:
			text = append(text, `{"class_uid":1008,"time":1794902400000,"unmapped":{"kind":"opened"}}`...)
		case i == n/2:
			text = append(text, "not JSON"...)
		case i == n/2+1:
			text = append(text, `{"class_uid":4002,"time":1794902400000,"unmapped":{"call":"alone","stage":"end","outcome":"refused","route":"r\u006fute-99"}}`...)
		default:
			text = calls.Next().AppendJSON(text)
		}
		text = append(text, '\n')
	}
	return text
}

// plain puts text into a log as its first segment.
func plain(t testing.TB, text []byte) trail.Segment {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log-1")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "000000000000.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return only(t, trail.Log{Dir: dir})
}

func only(t testing.TB, l trail.Log) trail.Segment {
	t.Helper()
	list, err := l.Segments()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d segments, %v", len(list), err)
	}
	return list[0]
}

// compressed does so in a compressed segment with an index.
func compressed(t testing.TB, text []byte) trail.Segment {
	t.Helper()
	s, err := plain(t, text).Compress(index.Build)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, s trail.Segment, ids bool) *index.Segment {
	t.Helper()
	x, err := index.Open(s, ids)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// TestNoLineIsMissed asks for every value of every field, for times and ids, and reads all
// blocks to see which must have been named.
func TestNoLineIsMissed(t *testing.T) {
	text := lines(4000)
	for name, s := range map[string]trail.Segment{"compressed": compressed(t, text), "plain": plain(t, text)} {
		t.Run(name, func(t *testing.T) {
			x := open(t, s, true)
			if x.Rebuilt != nil || x.Lines != 4000 || x.Text != int64(len(text)) || len(x.Blocks) < 5 {
				t.Fatalf("%d lines, %d bytes, %d blocks, %v", x.Lines, x.Text, len(x.Blocks), x.Rebuilt)
			}
			skipped := 0
			var e entry.Entry
			for n, b := range x.Blocks {
				block, err := x.Read(nil, b.Block)
				if err != nil {
					t.Fatal(err)
				}
				for line := range bytes.Lines(block) {
					if e.Parse(line) != nil {
						e = entry.Entry{} // found whatever is asked for
					}
					for f := range index.Field(index.Fields) {
						w := index.Want{Since: math.MinInt64, Until: math.MaxInt64}
						value := string(f.Value(&e))
						w.Fields[f] = func(v string) bool { return v == value }
						found := x.Find(&w)
						skipped += len(x.Blocks) - len(found)
						if !slices.Contains(found, n) {
							t.Fatalf("block %d has a line with %q in field %d and was not named", n, value, f)
						}
					}
					if len(e.Call) == 0 {
						continue
					}
					if w := (index.Want{Since: e.Time, Until: e.Time + 1, IDs: index.Hashes(string(e.Call))}); !slices.Contains(x.Find(&w), n) {
						t.Fatalf("the call %s at %d in block %d was not found", e.Call, e.Time, n)
					}
					if w := (index.Want{Since: e.Time, Until: e.Time + 1, IDs: index.Hashes(string(e.Correlation))}); len(e.Correlation) > 0 && !slices.Contains(x.Find(&w), n) {
						t.Fatalf("%s in block %d was not found", e.Correlation, n)
					}
				}
			}
			if skipped == 0 {
				t.Error("every block was named for everything")
			}
			w := index.Want{Since: math.MinInt64, Until: math.MaxInt64, IDs: index.Hashes("no such id")}
			if found := x.Find(&w); len(found) > 1 { // the block with an unreadable line
				t.Errorf("%d blocks for an id that is not there", len(found))
			}
			for _, w := range []index.Want{{Since: math.MinInt64, Until: start.UnixMilli() - 1e9}, {Since: start.UnixMilli() + 1e12, Until: math.MaxInt64}} {
				if found := x.Find(&w); len(found) != 1 || !x.Blocks[found[0]].Unreadable() {
					t.Errorf("blocks %v for a time of no line: the one with an unreadable line may be of any", found)
				}
			}
		})
	}
}

func TestWhatASegmentDoesNotHoldWhole(t *testing.T) {
	stage := func(call, stage, outcome string) string {
		return `{"class_uid":4002,"time":1,"unmapped":{"call":"` + call + `","stage":"` + stage + `","outcome":"` + outcome + `"}}` + "\n"
	}
	text := stage("whole", audit.Begin, "") + stage("cut", audit.Begin, "") + stage("before", audit.End, audit.Answered) + stage("refused", audit.End, audit.Refused) +
		stage("whole", audit.End, audit.Answered) + stage("whole", audit.Amend, audit.Gone) + `{"class_uid":1008,"time":9,"unmapped":{"kind":"opened"}}` + "\n" + stage("torn", audit.Begin, "")[:20]
	for name, s := range map[string]trail.Segment{"compressed": compressed(t, []byte(text[:len(text)-20])), "plain": plain(t, []byte(text))} {
		x := open(t, s, false)
		one := func(what string, got []index.Call, id string, line int64) {
			if len(got) != 1 || got[0].ID != id || got[0].Line != line {
				t.Errorf("%s: %s: %v", name, what, got)
			}
		}
		one("open", x.Open, "cut", 1)
		one("ended", x.Ended, "before", 2)
		one("amended", x.Amended, "whole", 5)
		if x.Lines != 7 || x.Opened != 6 || x.Min != 1 || x.Max != 9 {
			t.Errorf("%s: %d lines, opened in %d, from %d to %d", name, x.Lines, x.Opened, x.Min, x.Max)
		}
	}
}

func TestAnIndexThatCannotBeUsedIsMadeAgain(t *testing.T) {
	text := lines(1000)
	whole, err := os.ReadFile(compressed(t, text).Beside(index.Ext))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(compressed(t, lines(2000)).Beside(index.Ext))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, damage := range map[string][]byte{"missing": nil, "empty": {}, "cut": whole[:len(whole)-1], "longer": append(bytes.Clone(whole), 0), "flipped": flipped,
		"another segment's": other, "another version": append([]byte("2hopidx\x01"), whole[8:]...)} {
		t.Run(name, func(t *testing.T) {
			s := compressed(t, text)
			if damage == nil {
				os.Remove(s.Beside(index.Ext))
			} else if err := os.WriteFile(s.Beside(index.Ext), damage, 0o600); err != nil {
				t.Fatal(err)
			}
			if x := open(t, s, true); x.Rebuilt == nil || x.Lines != 1000 {
				t.Errorf("%d lines, rebuilt because of %v", x.Lines, x.Rebuilt)
			}
			if x := open(t, s, true); x.Rebuilt != nil {
				t.Errorf("rebuilt again: %v", x.Rebuilt)
			}
			if again, err := os.ReadFile(s.Beside(index.Ext)); err != nil || !bytes.Equal(again, whole) {
				t.Errorf("the new index differs, %v", err)
			}
		})
	}
	t.Run("where it cannot be kept", func(t *testing.T) {
		s := compressed(t, text)
		os.Remove(s.Beside(index.Ext))
		if err := os.MkdirAll(filepath.Join(s.Beside(index.Ext), "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
		if x := open(t, s, true); x.Rebuilt == nil || x.Lines != 1000 {
			t.Errorf("%d lines, %v", x.Lines, x.Rebuilt)
		}
	})
}

// TestCheckFindsAnIndexThatHidesCalls changes an index so that it is whole by itself.
func TestCheckFindsAnIndexThatHidesCalls(t *testing.T) {
	s := compressed(t, lines(1000))
	if err := index.Check(s); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.Beside(index.Ext))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("caller-01"))
	data[at+8] = 'x'
	sum := func(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
	first := 28 + binary.LittleEndian.Uint32(data[8:])
	binary.LittleEndian.PutUint32(data[16:], sum(data[28:first]))
	binary.LittleEndian.PutUint32(data[24:], sum(data[:24]))
	if err := os.WriteFile(s.Beside(index.Ext), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if x := open(t, s, true); x.Rebuilt != nil {
		t.Fatalf("the forged index was seen through: %v", x.Rebuilt)
	}
	if err := index.Check(s); !errors.Is(err, index.ErrDiffers) {
		t.Errorf("got %v", err)
	}
	os.Remove(s.Beside(index.Ext))
	if err := index.Check(s); err != nil {
		t.Errorf("a missing index: %v", err)
	}
}

// TestFramesThatHideACallAreFoundWithAndWithoutAnIndex ends a frame before a newline.
func TestFramesThatHideACallAreFoundWithAndWithoutAnIndex(t *testing.T) {
	text := lines(1000)
	s := compressed(t, text)
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	cut := len(text) / 2
	cut += bytes.IndexByte(text[cut:], '\n')
	data := slices.Concat(z.EncodeAll(text[:cut], nil), z.EncodeAll([]byte("\n"), nil), z.EncodeAll(text[cut+1:], nil))
	if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := index.Check(s); !errors.Is(err, trail.ErrFrames) {
		t.Errorf("with an index: %v", err)
	}
	os.Remove(s.Beside(index.Ext))
	if err := index.Check(s); !errors.Is(err, trail.ErrFrames) {
		t.Errorf("without one: %v", err)
	}
	if _, err := index.Open(s, true); !errors.Is(err, trail.ErrFrames) {
		t.Errorf("opened: %v", err)
	}
	if err := index.Build(s); !errors.Is(err, trail.ErrFrames) {
		t.Errorf("built: %v", err)
	}
}

// TestALineLongerThanAPiece is about segments that are not compressed.
func TestALineLongerThanAPiece(t *testing.T) {
	long := `{"class_uid":4002,"time":5,"message":"` + string(bytes.Repeat([]byte("x"), 600<<10)) + `","unmapped":{"call":"c","stage":"begin"}}` + "\n"
	x := open(t, plain(t, []byte(long+long)), true)
	if x.Lines != 2 || len(x.Blocks) != 1 && len(x.Blocks) != 2 {
		t.Errorf("%d lines in %d blocks", x.Lines, len(x.Blocks))
	}
}

func TestStagesAreThoseOfTheRecords(t *testing.T) {
	if entry.Begin != audit.Begin || entry.End != audit.End || entry.Amend != audit.Amend ||
		!slices.Equal(entry.Outcomes, []string{audit.Answered, audit.Refused, audit.Failed, audit.Truncated, audit.Gone, audit.Broken}) {
		t.Error("packages audit and entry differ")
	}
}

func BenchmarkBuild(b *testing.B) {
	text := lines(50000)
	s := compressed(b, text)
	for b.Loop() {
		if err := index.Build(s); err != nil {
			b.Fatal(err)
		}
	}
	info, err := os.Stat(s.Beside(index.Ext))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(50000*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(info.Size())/50000, "bytes/line")
}
