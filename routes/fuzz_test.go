package routes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the bytes, Load neither panics nor reports a mistake outside the file, and
// what it accepts holds together.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.yaml", "testdata/invalid/*.yaml", "../routes.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, src []byte) {
		if strings.Contains(string(src), "include") || strings.Contains(string(src), "file:") {
			return // other files are none of the fuzzer's business
		}
		table, err := Load("fuzz.yaml", src, today)
		list, _ := err.(ErrorList)
		checkErrors(t, append(list, table.Warnings()...))
		for _, e := range list {
			if e.File == "fuzz.yaml" && !strings.HasPrefix(string(src), "\xff\xfe") && !strings.HasPrefix(string(src), "\xfe\xff") {
				checkPlace(t, e, src)
			}
		}
		table.Affected(list)
		if len(table.Order()) != len(table.Routes) {
			t.Error("the order loses routes")
		}
		if changes := Diff(table, table); len(changes) > 0 {
			t.Errorf("a table differs from itself: %v", changes)
		}
		if err == nil {
			for i := range table.Routes {
				for _, caller := range table.Routes[i].Callers.Names {
					x := table.TargetFor(&table.Routes[i], caller)
					if x == nil {
						t.Fatalf("caller %s of route %d has no target", caller, i)
					}
					p := table.ProtectionOf(x)
					if e := table.exceptionOf(x); len(p.Weak) > 0 && (e == nil || len(p.Missing(e.Allows)) > 0) {
						t.Errorf("weaker than allowed: %v", p)
					}
				}
			}
		}
	})
}

func FuzzParsePattern(f *testing.F) {
	for _, path := range []string{"/", "/*", "/a/{b}/*", "//", "/a/", "/{a}/{a}", "/%2e", "/..", "a", "", "/a*b"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := ParsePattern(path)
		if err != nil {
			if m := asMistake(err); m.what == "" || m.fix == "" {
				t.Errorf("%q: %v", path, err)
			}
			return
		}
		if !p.covers(p) || !p.overlaps(p) || p.compare(p) != 0 {
			t.Errorf("%q does not equal itself", path)
		}
		if len(p.Vars()) > 0 {
			return
		}
		if got := either(p.shape(), "/"); got != path {
			t.Errorf("%q has the shape %q", path, got)
		}
		if plain := strings.TrimSuffix(path, "/*"); plain != "" && !p.matches(plain) {
			t.Errorf("%q does not match %q", path, plain)
		}
	})
}

func FuzzSize(f *testing.F) {
	for _, text := range []string{"0", "64KiB", "1 GB", "9223372036854775807B", "-1", "1e9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again Size
		if s.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s || s < 0 {
			t.Errorf("%q: %v, then %v %v", text, s, again, err)
		}
	})
}

func FuzzRate(f *testing.F) {
	for _, text := range []string{"50/s", "0.5/m", "5000 / h", "1/d", "1e9/s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r, again Rate
		if r.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(r.String())); err != nil || again != r || r.PerSecond() <= 0 {
			t.Errorf("%q: %v, then %v %v", text, r, again, err)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"55s", "1.5h", "2d", "0", "1m30s", "5µs", "9999999h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		if again, err := parseDuration(d.String()); err != nil || again != d || d < 0 {
			t.Errorf("%q: %v, then %v %v", text, d, again, err)
		}
	})
}
