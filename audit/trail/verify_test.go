package trail

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnUntouchedLogVerifies(t *testing.T) {
	for _, compress := range []bool{false, true} {
		f := filled(t, 900, compress)
		r := f.verify()
		if len(r.Problems) > 0 || len(r.Notes) > 0 {
			t.Fatalf("got %v, %v", r.Problems, r.Notes)
		}
		if r.Segments < 5 || r.Keys != r.Segments || r.Checkpoints < 50 || r.Lines != r.Size || r.Signed != r.Size-1 || r.Pruned != 0 || r.Proven != 0 {
			t.Errorf("got %+v", r)
		}
		if r.To.Sub(r.From) < time.Minute || r.Origin != "twohop/test/log-1" {
			t.Errorf("got %v to %v of %s", r.From, r.To, r.Origin)
		}
		kept := f.verify(r.Last)
		if len(kept.Problems) > 0 || kept.Proven != r.Signed {
			t.Errorf("against its own checkpoint: %v, %d lines are proven of %d", kept.Problems, kept.Proven, r.Signed)
		}
	}
}

func TestEachCheckpointOfALogCanBeKept(t *testing.T) {
	f := filled(t, 400, true)
	var known []string
	for _, s := range f.segments() {
		for _, text := range lines(t, s) {
			if e, _ := parseEntry(text); e != nil && e.Unmapped.Checkpoint != "" {
				known = append(known, e.Unmapped.Checkpoint)
			}
		}
	}
	if r := f.verify(known...); len(r.Problems) > 0 || r.Proven != r.Signed || len(known) < 20 {
		t.Errorf("%d checkpoints: %v, proven %d", len(known), r.Problems, r.Proven)
	}
}

// tampering changes the lines of one segment and says what is to be found.
var tampering = map[string]struct {
	change func(l [][]byte, i int) [][]byte
	want   func(at int64) string // with the leaf hashes
}{
	"one letter": {
		func(l [][]byte, i int) [][]byte {
			l[i] = bytes.Replace(l[i], []byte(`"n"`), []byte(`"m"`), 1)
			return l
		},
		func(at int64) string { return fmt.Sprintf("line %d: changed", at) },
	},
	"a line gone": {
		func(l [][]byte, i int) [][]byte { return slices.Delete(l, i, i+1) },
		func(at int64) string { return fmt.Sprintf("line %d: removed, or changed", at) },
	},
	"a line more": {
		func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, []byte("{\"class_uid\":4002}\n")) },
		func(at int64) string { return fmt.Sprintf("line %d: put in", at) },
	},
	"a line twice": {
		func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, l[i]) },
		func(at int64) string { return fmt.Sprintf("line %d: put in again", at+1) },
	},
	"two lines swapped": {
		func(l [][]byte, i int) [][]byte { l[i], l[i+1] = l[i+1], l[i]; return l },
		func(at int64) string { return fmt.Sprintf("lines %d to %d: put in another order", at, at+1) },
	},
	"a line emptied": {
		func(l [][]byte, i int) [][]byte { l[i] = []byte("\n"); return l },
		func(at int64) string { return fmt.Sprintf("line %d: changed", at) },
	},
	"a space at the end": {
		func(l [][]byte, i int) [][]byte { l[i] = append(l[i][:len(l[i])-1:len(l[i])-1], " \n"...); return l },
		func(at int64) string { return fmt.Sprintf("line %d: changed", at) },
	},
}

// inside returns the index of two neighbours that are no lines of the log itself.
func inside(l [][]byte) int {
	for i := len(l) / 2; ; i++ {
		if !bytes.HasPrefix(l[i], class) && !bytes.HasPrefix(l[i+1], class) && !bytes.Equal(l[i], l[i+1]) {
			return i
		}
	}
}

func TestTamperingIsNamedToTheLine(t *testing.T) {
	for name, c := range tampering {
		for _, compress := range []bool{false, true} {
			for _, last := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, compressed %v, last segment %v", name, compress, last), func(t *testing.T) {
					f := filled(t, 600, compress)
					s := f.segments()[2]
					if last {
						s = f.segments()[len(f.segments())-1]
					}
					l := lines(t, s)
					i := inside(l)
					rewrite(t, s, c.change(l, i))
					r := f.verify()
					if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].String(), c.want(s.first+int64(i))) {
						t.Errorf("got %v, want %s", r.Problems, c.want(s.first+int64(i)))
					}
				})
			}
		}
	}
}

func TestWithoutLeafHashesTheSpanIsNamed(t *testing.T) {
	for name, c := range tampering {
		t.Run(name, func(t *testing.T) {
			f := filled(t, 600, true)
			s := f.segments()[2]
			l := lines(t, s)
			i := inside(l)
			rewrite(t, s, c.change(l, i))
			if err := os.Remove(s.Beside(leavesExt)); err != nil {
				t.Fatal(err)
			}
			r := f.verify()
			if len(r.Problems) != 1 {
				t.Fatalf("got %v", r.Problems)
			}
			at := s.first + int64(i)
			if p := r.Problems[0]; p.From > at || p.To <= at || p.To-p.From > 30 || !strings.Contains(p.What, "do not tell which") {
				t.Errorf("line %d: got %v", at, p)
			}
		})
	}
}

// TestForgedLeafHashesAreNotBelieved changes a line and its hash.
func TestForgedLeafHashesAreNotBelieved(t *testing.T) {
	f := filled(t, 600, true)
	s := f.segments()[2]
	l := lines(t, s)
	i := inside(l)
	l[i] = []byte("{}\n")
	rewrite(t, s, l)
	data, err := os.ReadFile(s.Beside(leavesExt))
	if err != nil {
		t.Fatal(err)
	}
	data[i*32] ^= 1
	if err := os.WriteFile(s.Beside(leavesExt), data, 0o600); err != nil {
		t.Fatal(err)
	}
	r := f.verify()
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "do not tell which") {
		t.Errorf("got %v", r.Problems)
	}
}

func TestSegmentsThatAreGone(t *testing.T) {
	remove := func(t *testing.T, names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, f *fixture, s []Segment)
		want   string
	}{
		{"one in the middle", func(t *testing.T, f *fixture, s []Segment) { remove(t, s[2].Path()) }, "no record says that they were pruned"},
		{"one in the middle with its seal", func(t *testing.T, f *fixture, s []Segment) { remove(t, s[2].Path(), s[2].Beside(sealExt)) }, "seal"},
		{"the first with its seal", func(t *testing.T, f *fixture, s []Segment) { remove(t, s[0].Path(), s[0].Beside(sealExt)) }, ""},
		{"the last", func(t *testing.T, f *fixture, s []Segment) { remove(t, s[len(s)-1].Path()) }, "is not there: it was removed"},
		{"all", func(t *testing.T, f *fixture, s []Segment) {
			for _, s := range s {
				remove(t, s.Path())
			}
		}, "no record says that they were pruned"},
		{"two are exchanged", func(t *testing.T, f *fixture, s []Segment) {
			a, b := lines(t, s[1]), lines(t, s[2])
			rewrite(t, s[1], b)
			rewrite(t, s[2], a)
		}, "not the first line of this segment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := filled(t, 600, true)
			c.change(t, f, f.segments())
			r := f.verify()
			if len(r.Problems) == 0 || !strings.Contains(fmt.Sprint(r.Problems), c.want) {
				t.Errorf("got %v", r.Problems)
			}
		})
	}
}

func TestALostSealIsInTheNextSegmentToo(t *testing.T) {
	f := filled(t, 600, true)
	if err := os.Remove(f.segments()[1].Beside(sealExt)); err != nil {
		t.Fatal(err)
	}
	if r := f.verify(); len(r.Problems) > 0 {
		t.Errorf("got %v", r.Problems)
	}
}

// TestACheckpointKeptElsewhere catches what the log alone cannot show.
func TestACheckpointKeptElsewhere(t *testing.T) {
	t.Run("the last lines are cut off before the checkpoint", func(t *testing.T) {
		f := filled(t, 600, true)
		kept := f.verify().Last
		s := f.segments()[len(f.segments())-1]
		l := lines(t, s)
		for i := len(l) - 1; ; i-- { // up to another checkpoint: all that is left is signed for
			if e, _ := parseEntry(l[i-1]); i < len(l)-1 && e != nil && e.Unmapped.Checkpoint != "" {
				rewrite(t, s, l[:i])
				break
			}
		}
		if r := f.verify(); len(r.Problems) > 0 {
			t.Fatalf("nothing in the log shows it, but %v", r.Problems)
		}
		if r := f.verify(kept); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "the checkpoint kept elsewhere covers them") {
			t.Errorf("got %v", r.Problems)
		}
	})
	t.Run("the history is written anew with the key of now", func(t *testing.T) {
		f := newFixture(t)
		f.o.SegmentBytes = 1 << 30
		w := f.open()
		f.write(w, 100)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		kept := f.verify().Last
		s := f.segments()[0]
		if err := os.Remove(s.Path()); err != nil {
			t.Fatal(err)
		}
		w = f.open() // with the same key
		f.write(w, 150)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if r := f.verify(); len(r.Problems) > 0 {
			t.Fatalf("nothing in the log shows it, but %v", r.Problems)
		}
		if r := f.verify(kept); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "the history was written anew") {
			t.Errorf("got %v", r.Problems)
		}
	})
	t.Run("the key of now cannot sign for what was sealed before", func(t *testing.T) {
		f := filled(t, 600, true)
		now, err := readKey(f.log().file(keyFile))
		if err != nil {
			t.Fatal(err)
		}
		s := f.segments()[1]
		l := lines(t, s)
		i := inside(l)
		l[i] = []byte("{\"class_uid\":4002}\n")
		rewrite(t, s, l)
		forged := Checkpoint{Origin: now.Name(), Size: s.first + int64(len(l))}
		var e edge
		for _, s := range f.segments()[:2] {
			for _, text := range lines(t, s) {
				e.add(hashOf(text))
			}
		}
		forged.Root, forged.Next = e.root(), now.public
		msg, err := forged.sign(now)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.Beside(sealExt), []byte(msg), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := f.verify(); len(r.Problems) == 0 || !strings.Contains(r.Problems[0].What, "not signed by the key") {
			t.Errorf("got %v", r.Problems)
		}
	})
	t.Run("of another log", func(t *testing.T) {
		f, other := filled(t, 60, true), newFixture(t)
		r, err := Verify(f.log(), other.keys, nil)
		if err != nil || len(r.Problems) == 0 && !r.Unknown {
			t.Errorf("with keys of another log: %v, %v", r, err)
		}
		r, err = Verify(f.log(), nil, nil)
		if err != nil || !r.Unknown {
			t.Errorf("without keys: %v, %v", r.Problems, err)
		}
	})
}

func TestWhatIsAfterTheLastCheckpointIsNotProven(t *testing.T) {
	f := newFixture(t)
	w := f.open()
	f.write(w, 100)
	for range 5 { // within the second of a checkpoint
		if err := w.Append([]byte("{\"class_uid\":4002}\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	r := f.verify()
	if len(r.Problems) > 0 || r.Signed >= r.Size-5 {
		t.Errorf("%v, %d of %d lines are signed for", r.Problems, r.Signed, r.Size)
	}
}

// TestAClaimMustBeSigned: who can only append to a log cannot excuse what he removes.
func TestAClaimMustBeSigned(t *testing.T) {
	f := filled(t, 600, true)
	s := f.segments()
	forged := `{"class_uid":1008,"unmapped":{"kind":"pruned","before":` + fmt.Sprint(s[len(s)-1].first) + "}}\n"
	appendTo(t, s[len(s)-1].Path(), forged)
	remove(t, s[0].Path())
	if r := f.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "no record says") {
		t.Errorf("an unsigned claim: %v", r.Problems)
	}
	w := f.open() // signs what it finds
	f.write(w, 30)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r := f.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "no record says") {
		t.Errorf("one that was signed after a restart: %v", r.Problems)
	}
}

// TestAClaimCoversTheBeginningAlone: a segment between others is never pruned.
func TestAClaimCoversTheBeginningAlone(t *testing.T) {
	f := filled(t, 600, true)
	w := f.open()
	s := f.segments()
	if err := w.Append(w.Pruned(s[4].first, "root")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	remove(t, s[2].Path())
	if r := f.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "no record says") {
		t.Errorf("got %v", r.Problems)
	}
}

func TestAnotherLogInItsPlaceIsFound(t *testing.T) {
	f := filled(t, 60, false)
	first := f.open()
	second := f.open()
	for _, w := range []*Writer{first, second} {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(first.Dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(first.Dir, os.DirFS(second.Dir)); err != nil {
		t.Fatal(err)
	}
	if r := f.verify(); len(r.Problems) == 0 || !strings.Contains(r.Problems[0].What, "this is another log") {
		t.Errorf("got %v", r.Problems)
	}
}

func TestTheKeyOfNowIsCompared(t *testing.T) {
	f := filled(t, 600, false)
	s := f.segments()
	remove(t, s[1].Beside(sealExt))
	for _, s := range s[2:] {
		remove(t, s.Path())
		os.Remove(s.Beside(sealExt)) // the last one has none
	}
	if r := f.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "the key of now is not the one") {
		t.Errorf("got %v", r.Problems)
	}
}

func TestTwoCheckpointsOfOneSize(t *testing.T) {
	f := filled(t, 60, false)
	kept := f.verify().Last
	c, err := ParseCheckpoint(kept)
	if err != nil {
		t.Fatal(err)
	}
	c.Root[0] ^= 1
	other, err := newKey(c.Origin)
	if err != nil {
		t.Fatal(err)
	}
	fork, err := c.sign(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range [][]string{{kept, fork}, {fork, kept}} {
		if r := f.verify(known...); len(r.Problems) == 0 {
			t.Error("a fork is not found")
		}
	}
}

func TestHostileFilesAreLeftAlone(t *testing.T) {
	f := filled(t, 600, true)
	s := f.segments()[1]
	remove(t, s.Beside(leavesExt))
	if err := os.Symlink("/dev/zero", s.Beside(leavesExt)); err != nil {
		t.Skip(err)
	}
	if r := f.verify(); len(r.Problems) > 0 {
		t.Errorf("without its leaf hashes: %v", r.Problems)
	}
	remove(t, s.Path())
	if err := os.Symlink("/dev/zero", s.Path()); err != nil {
		t.Fatal(err)
	}
	if r := f.verify(); len(r.Problems) == 0 || !strings.Contains(fmt.Sprint(r.Problems), "no regular file") {
		t.Errorf("got %v", r.Problems)
	}
	remove(t, s.Path())
	bomb, err := os.Create(Segment{s.log, s.first, false}.Path())
	if err != nil {
		t.Fatal(err)
	}
	bomb.Write(bytes.Repeat(newline, 1<<20))
	bomb.Close()
	if r := f.verify(); len(r.Problems) == 0 || !strings.Contains(fmt.Sprint(r.Problems), "twice the lines") {
		t.Errorf("got %v", r.Problems)
	}
}

// TestADamagedFirstLineIsFound flips each byte of the first line of a segment.
func TestADamagedFirstLineIsFound(t *testing.T) {
	f := filled(t, 600, false)
	s := f.segments()[2]
	whole := read(t, s.Path())
	for i := 0; whole[i] != '\n'; i += 3 {
		changed := bytes.Clone(whole)
		changed[i] ^= 4
		if err := os.WriteFile(s.Path(), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := f.verify(); len(r.Problems) == 0 {
			t.Errorf("byte %d is not missed", i)
		}
	}
}
