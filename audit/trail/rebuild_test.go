package trail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// received is the lines of a log as a receiver keeps them, by two forms in turn.
func received(t *testing.T, f *fixture) (list []string) {
	t.Helper()
	for _, s := range f.segments() {
		for line, err := range s.Lines() {
			if err != nil {
				t.Fatal(err)
			}
			head := ""
			if line.Index%2 == 0 {
				head = "<110>1 2026-03-01T12:00:00.000Z host twohop 7 call/end "
			}
			list = append(list, fmt.Sprintf(`%s[twohop@32473 log="twohop/test/log-1" index="%d" correlation="a\"]b\\c"] %s`+"\n", head, line.Index, line.Text))
		}
	}
	return list
}

func TestALogIsRebuiltFromWhatAReceiverKept(t *testing.T) {
	f := filled(t, 300, true)
	all := received(t, f)
	in := slices.Concat([]string{"Mar  1 12:00:00 host sshd[1]: another\n"}, all[:40], all[20:], all[:3])
	root := filepath.Join(t.TempDir(), "rebuilt")
	list, foreign, err := Rebuild(root, strings.NewReader(strings.Join(in, "")))
	if err != nil || len(list) != 1 || foreign != 1 {
		t.Fatal(list, foreign, err)
	}
	r := list[0]
	if r.From != 0 || r.End != int64(len(all)) || r.Again != 23 || r.Segments != len(f.segments()) || r.Segments < 3 || r.Origin != "twohop/test/log-1" {
		t.Errorf("got %+v", r)
	}
	rebuilt, err := r.Log.Segments()
	if err != nil || len(rebuilt) != r.Segments {
		t.Fatal(len(rebuilt), err)
	}
	for i, s := range f.segments() {
		if got := rebuilt[i]; got.First() != s.First() || !bytes.Equal(read(t, got.Path()), bytes.Join(lines(t, s), nil)) {
			t.Errorf("the segment of line %d differs", s.First())
		}
	}
	report, err := Verify(r.Log, f.keys, []string{f.verify().Last})
	if err != nil || len(report.Problems) > 0 || report.Lines != r.End {
		t.Errorf("verified: %+v, %v", report, err)
	}
}

func TestWhatCannotBeRebuiltIsNamed(t *testing.T) {
	f := filled(t, 300, false)
	all := received(t, f)
	named := func(line, log string) string { return strings.Replace(line, "twohop/test/log-1", log, 1) }
	for _, c := range []struct {
		name string
		in   []string
		want string
	}{
		{"a gap", slices.Concat(all[:40], all[43:]), `input line 41: lines 40 to 42 of "twohop/test/log-1" are not there: line 43 follows`},
		{"no beginning", all[5:], `"twohop/test/log-1" begins at line 5, in the middle of a segment`},
		{"a path", []string{named(all[0], "twohop/test/log-1/../../x")}, "names no log"},
		{"above the directory", []string{named(all[0], "..")}, "names no log"},
		{"no number", []string{named(all[0], "twohop/test/log-01")}, "names no log"},
		{"two brokers", []string{all[0], named(all[0], "twohop/other/log-1")}, "are of two brokers"},
		{"no index", []string{`[twohop@1 log="twohop/test/log-1"] {}` + "\n"}, "input line 1: its structured data"},
		{"no end", []string{`[twohop@1 log="twohop/test/log-1` + "\n"}, "input line 1: its structured data"},
		{"a negative index", []string{`[twohop@1 log="twohop/test/log-1" index="-1"] {}` + "\n"}, "input line 1: its structured data"},
		{"cut off", []string{all[0], strings.TrimSuffix(all[1], "\n")}, "input line 2 has no newline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			_, _, err := Rebuild(filepath.Join(root, "in"), strings.NewReader(strings.Join(c.in, "")))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if entries, _ := os.ReadDir(root); len(entries) != 1 {
				t.Errorf("%v were made", entries)
			}
		})
	}
	root := t.TempDir()
	for n := range 2 {
		if _, _, err := Rebuild(root, strings.NewReader(strings.Join(all, ""))); (err == nil) != (n == 0) {
			t.Errorf("the %d. time: %v", n+1, err)
		}
	}
}

func FuzzParseKept(f *testing.F) {
	f.Add([]byte(`<110>1 - h twohop 7 x [twohop@32473 log="a/log-1" index="5" correlation="\"\]\\"] {"a":1}`))
	f.Add([]byte(`[twohop@ log=`))
	f.Fuzz(func(t *testing.T, line []byte) {
		k, any, err := parseKept(line)
		if err == nil && any && (k.origin == "" || k.index < 0 || !bytes.HasSuffix(line, k.text) || len(k.text) == 0) {
			t.Errorf("%+v", k)
		}
	})
}
