package trail

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// TestMutations flips, drops, swaps, duplicates and cuts at random. All of it is found,
// but for what comes after the last checkpoint.
func TestMutations(t *testing.T) {
	const rounds = 300
	f := filled(t, 500, false)
	kept := f.verify().Last
	segments := f.segments()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range rounds {
		s := segments[r.IntN(len(segments))]
		whole := read(t, s.Path())
		l := bytes.SplitAfter(whole, newline)
		l = l[:len(l)-1]
		kind, changed := mutate(r, l)
		if bytes.Equal(changed, whole) {
			continue
		}
		if err := os.WriteFile(s.Path(), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		withLeaves := r.IntN(2) == 0
		leaves := read(t, s.Beside(leavesExt))
		if !withLeaves {
			remove(t, s.Beside(leavesExt))
		}
		if report := f.verify(kept); len(report.Problems) == 0 {
			t.Fatalf("round %d: %s in %s is not found", round, kind, s.Path())
		}
		for name, data := range map[string][]byte{s.Path(): whole, s.Beside(leavesExt): leaves} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if report := f.verify(kept); len(report.Problems) > 0 {
		t.Errorf("put right again it has %v", report.Problems)
	}
}

// mutate changes lines; the last one, a checkpoint that nothing signs, is left alone but
// for what it quotes.
func mutate(r *rand.Rand, l [][]byte) (kind string, text []byte) {
	n := len(l) - 1
	i, j := r.IntN(n), r.IntN(n)
	switch kind = []string{"a flipped bit", "a dropped line", "swapped lines", "a doubled line", "a cut end", "a dropped span"}[r.IntN(6)]; kind {
	case "a flipped bit":
		line := bytes.Clone(l[i])
		line[r.IntN(len(line))] ^= 1 << r.IntN(8)
		l = append(append(append([][]byte{}, l[:i]...), line), l[i+1:]...)
	case "a dropped line":
		l = append(append([][]byte{}, l[:i]...), l[i+1:]...)
	case "swapped lines":
		l = append([][]byte{}, l...)
		l[i], l[j] = l[j], l[i]
	case "a doubled line":
		l = append(append(append([][]byte{}, l[:i+1]...), l[i]), l[i+1:]...)
	case "a cut end":
		text := bytes.Join(l, nil)
		return kind, text[:r.IntN(len(text)-len(l[n]))]
	case "a dropped span":
		l = append(append([][]byte{}, l[:min(i, j)]...), l[max(i, j)+1:]...)
	}
	return kind, bytes.Join(l, nil)
}

// seeds are segments that are none.
func seeds(f *testing.F) {
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"class_uid":1008,"log_name":"twohop/test/log-1","unmapped":{"kind":"segment","segment":{"first":0,"edge":[],"key":"x"}}}` + "\n"))
	f.Add([]byte(`{"class_uid":1008,"unmapped":{"kind":"checkpoint","checkpoint":"a\n1\nAAAA\n\n— a b\n"}}` + "\n"))
	f.Add(bytes.Repeat([]byte("\n"), 100))
}

// FuzzVerify gives a log a hostile segment: no more is called signed than is there, and
// nothing breaks.
func FuzzVerify(f *testing.F) {
	seeds(f)
	root := f.TempDir() + "/audit"
	keys, err := Init(root, "twohop/test", newClock().t)
	if err != nil {
		f.Fatal(err)
	}
	w, err := Acquire(root, Options{})
	if err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	name := w.Log.file(base(0) + plainExt)
	own, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, text := range [][]byte{data, append(bytes.Clone(own), data...)} {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Verify(w.Log, keys, nil)
			if err == nil && (r.Signed > r.Size || r.Lines > int64(bytes.Count(text, newline))) {
				t.Errorf("signed %d of %d, %d lines", r.Signed, r.Size, r.Lines)
			}
		}
	})
}

// FuzzOpen starts a log that has a hostile segment.
func FuzzOpen(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		x := newFixture(t)
		w := x.open()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		own := read(t, x.segments()[0].Path())
		for _, text := range [][]byte{data, append(bytes.Clone(own), data...)} {
			if err := os.WriteFile(x.segments()[0].Path(), text, 0o600); err != nil {
				t.Fatal(err)
			}
			if w, err := x.log().Open(x.o); err == nil {
				w.Abandon()
			}
		}
	})
}
