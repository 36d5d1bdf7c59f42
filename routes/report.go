package routes

import (
	"slices"
	"strings"
)

// report collects mistakes, and knows which values cannot be judged any more, so
// that one mistake is reported once and hides nothing else.
type report struct {
	errs ErrorList

	// bad holds the values that could not be read, above the parents of such values,
	// both by spot. A value below a bad one cannot be judged, nor can one above it
	// when the question is about the whole.
	bad, above map[spot]bool

	// unsure holds the sections in which a name may be missing only because it could
	// not be read: then "is not a target" would be a guess.
	unsure map[string]bool
}

// spot is a path within one file.
type spot struct{ file, path string }

var sections = []string{"callers", "exceptions", "targets", "routes"}

func newReport() *report {
	return &report{bad: map[spot]bool{}, above: map[spot]bool{}, unsure: map[string]bool{}}
}

func (r *report) add(e *Error) {
	r.errs = append(r.errs, e)
	r.spoil(e.File, e.Path)
}

// spoil marks a value as one that could not be read.
func (r *report) spoil(file, path string) {
	r.bad[spot{file, path}] = true
	for p := range parents(path) {
		r.above[spot{file, p}] = true
	}
	if path == "" {
		r.lose(sections...)
	} else if slices.Contains(sections, path) {
		r.lose(path)
	}
}

// lose says that names of the sections are unknown.
func (r *report) lose(sections ...string) {
	for _, s := range sections {
		r.unsure[s] = true
	}
}

// readable reports whether the value at s and all above it could be read.
func (r *report) readable(s spot) bool {
	if len(r.bad) == 0 {
		return true
	}
	if r.bad[s] || r.bad[spot{s.file, ""}] {
		return false
	}
	for p := range parents(s.path) {
		if r.bad[spot{s.file, p}] {
			return false
		}
	}
	return true
}

// whole reports whether the value at s could be read with everything below it.
func (r *report) whole(s spot) bool { return r.readable(s) && !r.above[s] }

// parents yields the paths above path, the root ("") left out.
func parents(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(path) - 1; i > 0; i-- {
			if (path[i] == '.' || path[i] == '[') && !yield(path[:i]) {
				return
			}
		}
	}
}

// sort puts errors into the order of the files as they were read, and of their lines.
func (l ErrorList) sort(files []string) {
	rank := make(map[string]int, len(files))
	for i, f := range files {
		if _, seen := rank[f]; !seen {
			rank[f] = i
		}
	}
	slices.SortStableFunc(l, func(a, b *Error) int {
		switch {
		case a.File != b.File:
			if d := rank[a.File] - rank[b.File]; d != 0 {
				return d
			}
			return strings.Compare(a.File, b.File)
		case a.Line != b.Line:
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}
