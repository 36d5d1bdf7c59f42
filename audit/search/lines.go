package search

import (
	"bytes"
	"iter"
)

var newline = []byte{'\n'}

// own begins each line of the log about itself, as package trail has it.
var own = []byte(`{"class_uid":1008,`)

// lines yields the lines of a block that may fit, with their indices, of which the first
// line has first; all of them when there are unreadable ones to be counted.
func (p *plan) lines(text []byte, first int64, unreadable bool) iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		skipOwn, needles := p.Kind == Calls || p.Kind == Events, p.needles
		if unreadable {
			skipOwn, needles = false, nil
		}
		f := finder{text: text, needles: needles, next: make([]int, len(needles))}
		for at, n := 0, first; ; {
			hit := f.from(at)
			if hit < 0 {
				return
			}
			begin := at + bytes.LastIndexByte(text[at:hit], '\n') + 1
			n += int64(bytes.Count(text[at:begin], newline))
			line, _, _ := bytes.Cut(text[begin:], newline)
			if !(skipOwn && bytes.HasPrefix(line, own)) && !yield(n, line) {
				return
			}
			at = min(begin+len(line)+1, len(text))
			n++
		}
	}
}

// finder looks for several texts at the same time.
type finder struct {
	text    []byte
	needles [][]byte
	next    []int // where each is next, as far as is known; len(text) for nowhere
}

// from returns where the first needle is from a place on, that place without needles; -1
// for nowhere. Places may only grow.
func (f *finder) from(at int) int {
	if f.needles == nil && at < len(f.text) {
		return at
	}
	first := len(f.text)
	for i, n := range f.needles {
		if f.next[i] < at || f.next[i] == 0 {
			f.next[i] = len(f.text)
			if found := bytes.Index(f.text[at:], n); found >= 0 {
				f.next[i] = at + found
			}
		}
		first = min(first, f.next[i])
	}
	if first == len(f.text) {
		return -1
	}
	return first
}
