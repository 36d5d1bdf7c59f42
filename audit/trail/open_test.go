package trail

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestALogGoesOnWhereItEnded(t *testing.T) {
	f := newFixture(t)
	for range 5 {
		w := f.open()
		f.write(w, 40)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.clock.t = f.clock.t.Add(time.Minute)
	}
	r := f.verify()
	if len(r.Problems) > 0 || r.Lines < 200+10 {
		t.Errorf("got %v, %d lines", r.Problems, r.Lines)
	}
}

func TestOneProcessWritesALog(t *testing.T) {
	f := newFixture(t)
	first := f.open()
	if _, err := f.log().Open(f.o); !errors.Is(err, ErrHeld) {
		t.Errorf("a second writer of one log: %v", err)
	}
	second := f.open()
	third := f.open()
	if second.Name() != "log-2" || third.Name() != "log-3" {
		t.Errorf("got %s and %s", second.Name(), third.Name())
	}
	for _, w := range []*Writer{first, second, third} {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	keys, err := PublicKeys(f.root)
	if err != nil || len(keys) != 3 {
		t.Fatalf("the keys are %v, %v", keys, err)
	}
	for _, w := range []*Writer{first, second, third} {
		if r, err := Verify(w.Log, keys, nil); err != nil || len(r.Problems) > 0 || r.Lines == 0 {
			t.Errorf("%s: %+v, %v", w.Name(), r, err)
		}
	}
	if r, err := Verify(third.Log, f.keys, nil); err != nil || !r.Unknown {
		t.Errorf("a log whose key the reviewer was not given: %+v, %v", r, err)
	}
	if err := os.RemoveAll(second.Dir); err != nil {
		t.Fatal(err)
	}
	first = f.open()
	defer first.Close()
	if _, err := Acquire(f.root, f.o); err == nil || !strings.Contains(err.Error(), "log-2 is missing") {
		t.Errorf("a log that was removed is made anew: %v", err)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	f := newFixture(t)
	if _, err := Init(f.root, "again", f.clock.t); !errors.Is(err, ErrThere) {
		t.Errorf("got %v", err)
	}
	t.Run("but one that did not end is done again", func(t *testing.T) {
		f := newFixture(t)
		remove(t, filepath.Join(f.root, publicKeys))
		if err := os.RemoveAll(slot(f.root, 2).Dir); err != nil {
			t.Fatal(err)
		}
		if keys, err := Init(f.root, "again", f.clock.t); err != nil || len(keys) != 2 {
			t.Errorf("got %v, %v", keys, err)
		}
	})
	t.Run("not one that was written to", func(t *testing.T) {
		f := filled(t, 3, false)
		remove(t, filepath.Join(f.root, publicKeys))
		if _, err := Init(f.root, "again", f.clock.t); !errors.Is(err, ErrThere) {
			t.Errorf("got %v", err)
		}
	})
	for n := 1; n <= 2; n++ {
		if err := os.RemoveAll(slot(f.root, n).Dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Init(f.root, "again", f.clock.t); err == nil || !strings.Contains(err.Error(), "names logs that are missing") {
		t.Errorf("where only the keys are left: %v", err)
	}
}

// TestCrashesAreMended cuts the files of a log as crashes do.
func TestCrashesAreMended(t *testing.T) {
	last := func(f *fixture) Segment { s := f.segments(); return s[len(s)-1] }
	for _, c := range []struct {
		name  string
		crash func(t *testing.T, f *fixture)
		torn  bool
	}{
		{"half a line", func(t *testing.T, f *fixture) { appendTo(t, last(f).Path(), `{"class_uid":4002,"n`) }, true},
		{"zeros", func(t *testing.T, f *fixture) { appendTo(t, last(f).Path(), string(make([]byte, 5000))) }, true},
		{"zeros within a line", func(t *testing.T, f *fixture) {
			appendTo(t, last(f).Path(), "{\"class_uid\":1008,"+string(make([]byte, 50))+"\n{}\n")
		}, true},
		{"zeros and a line", func(t *testing.T, f *fixture) { appendTo(t, last(f).Path(), string(make([]byte, 50))+"\n{}\n") }, true},
		{"a segment without a line", func(t *testing.T, f *fixture) {
			seal(t, f, func(next *Writer) { cut(t, next.Segment().Path(), 0) })
		}, false},
		{"a segment with half its first line", func(t *testing.T, f *fixture) {
			seal(t, f, func(next *Writer) { cut(t, next.Segment().Path(), 30) })
		}, true},
		{"a segment that is not there yet", func(t *testing.T, f *fixture) {
			seal(t, f, func(next *Writer) { remove(t, next.Segment().Path()) })
		}, false},
		{"a key that is erased but not replaced", func(t *testing.T, f *fixture) {
			seal(t, f, func(next *Writer) {
				remove(t, next.Segment().Path())
				rename(t, next.Log.file(keyFile), next.Log.file(keyNext))
				if err := os.WriteFile(next.Log.file(keyFile), make([]byte, 170), 0o600); err != nil {
					t.Fatal(err)
				}
			})
		}, false},
		{"a seal that is not written yet", func(t *testing.T, f *fixture) {
			before := read(t, f.log().file(keyFile))
			first := last(f)
			seal(t, f, func(next *Writer) {
				remove(t, next.Segment().Path())
				remove(t, first.Beside(sealExt))
				rename(t, next.Log.file(keyFile), next.Log.file(keyNext))
				if err := os.WriteFile(next.Log.file(keyFile), before, 0o600); err != nil {
					t.Fatal(err)
				}
			})
		}, false},
		{"leaf hashes that are behind", func(t *testing.T, f *fixture) { cut(t, last(f).Beside(leavesExt), 32*3) }, false},
		{"no leaf hashes", func(t *testing.T, f *fixture) { remove(t, last(f).Beside(leavesExt)) }, false},
		{"a compression that did not end", func(t *testing.T, f *fixture) {
			if err := os.WriteFile(f.segments()[0].Beside(zstdExt+".new"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			w := f.open()
			f.write(w, 200)
			if err := w.Abandon(); err != nil {
				t.Fatal(err)
			}
			kept := f.verify()
			c.crash(t, f)
			w = f.open()
			if (w.Found.Torn > 0) != c.torn {
				t.Errorf("found %+v", w.Found)
			}
			f.write(w, 50)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			f.compress()
			r := f.verify(kept.Last)
			if len(r.Problems) > 0 || r.Proven != kept.Signed || r.Lines < kept.Lines+50 {
				t.Errorf("afterwards %v: %d lines, before %d; proven %d of %d", r.Problems, r.Lines, kept.Lines, r.Proven, kept.Signed)
			}
			if c.torn {
				if data := read(t, w.Found.TornIn); int64(len(data)) != w.Found.Torn {
					t.Errorf("%d bytes are kept of %d", len(data), w.Found.Torn)
				}
			}
		})
	}
}

// Segment returns the segment that is being written.
func (w *Writer) Segment() Segment { return Segment{w.Log, w.first, false} }

// seal rotates a closed log and does something to it then.
func seal(t *testing.T, f *fixture, then func(*Writer)) {
	t.Helper()
	w := f.open()
	if err := w.rotate(f.clock.t); err != nil {
		t.Fatal(err)
	}
	if err := w.Abandon(); err != nil {
		t.Fatal(err)
	}
	then(w)
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func cut(t *testing.T, name string, to int64) {
	t.Helper()
	if err := os.Truncate(name, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestALogThatWasChangedIsNotContinued: what a broker finds changed it leaves as it is.
func TestALogThatWasChangedIsNotContinued(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, f *fixture, s Segment){
		"a line": func(t *testing.T, f *fixture, s Segment) {
			data := read(t, s.Path())
			i := bytes.Index(data, []byte(`"n":`))
			data[i+1] = 'm'
			if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a line that is gone": func(t *testing.T, f *fixture, s Segment) {
			l := lines(t, s)
			rewrite(t, s, append(l[:2], l[3:]...))
		},
		"no segments": func(t *testing.T, f *fixture, s Segment) { remove(t, s.Path()); remove(t, f.segments()[0].Path()) },
		"a zero in a line that is signed": func(t *testing.T, f *fixture, s Segment) {
			data := read(t, s.Path())
			data[bytes.Index(data, []byte(`{"class_uid":4002`))] = 0
			if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a zero in the first line": func(t *testing.T, f *fixture, s Segment) {
			data := read(t, s.Path())
			data[0] = 0
			if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a compressed segment that is not sealed": func(t *testing.T, f *fixture, s Segment) {
			if _, err := s.Compress(nil); err != nil {
				t.Fatal(err)
			}
		},
		"no key":        func(t *testing.T, f *fixture, s Segment) { remove(t, f.log().file(keyFile)) },
		"a damaged key": func(t *testing.T, f *fixture, s Segment) { cut(t, f.log().file(keyFile), 20) },
		"another key": func(t *testing.T, f *fixture, s Segment) {
			k, err := newKey("twohop/test/log-1")
			if err != nil {
				t.Fatal(err)
			}
			if err := k.store(f.log().file(keyFile)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			w := f.open()
			f.write(w, 30)
			if err := w.rotate(f.clock.t); err != nil {
				t.Fatal(err)
			}
			f.write(w, 30)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			s := f.segments()
			change(t, f, s[len(s)-1])
			before := snapshot(t, f.root)
			if w, err := f.log().Open(f.o); err == nil {
				w.Close()
				t.Fatal("it was continued")
			} else if !strings.HasPrefix(err.Error(), "audit: ") || strings.Contains(err.Error(), "PRIVATE") {
				t.Errorf("got %v", err)
			}
			if after := snapshot(t, f.root); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// snapshot tells the files below a directory and their sizes.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err == nil && !e.IsDir() {
			fmt.Fprintln(&b, path, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAKeyIsErased looks for the private keys of sealed segments.
func TestAKeyIsErased(t *testing.T) {
	f := newFixture(t)
	old := read(t, f.log().file(keyFile))
	held, err := os.Open(f.log().file(keyFile)) // as one who keeps the file open sees it
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	w := f.open()
	if err := w.rotate(f.clock.t); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	private, _, _ := bytes.Cut(old, []byte("\n"))
	err = filepath.WalkDir(f.root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && bytes.Contains(read(t, path), private) {
			t.Errorf("%s has the key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	data := make([]byte, len(old))
	if n, err := held.ReadAt(data, 0); err != nil || n != len(old) || bytes.ContainsFunc(data, func(r rune) bool { return r != 0 }) {
		t.Errorf("the erased file has %q, %v", data, err)
	}
}
