package address

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decode resolves the references in a piece of text or in a value.
func decode(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw), nil
	}
	var b strings.Builder
	for rest := string(raw); ; {
		before, after, found := strings.Cut(rest, "&")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, tail, ended := strings.Cut(after, ";")
		if !ended {
			return "", fmt.Errorf("an & begins no reference")
		}
		c, ok := reference(name)
		if !ok {
			return "", fmt.Errorf("the reference &%.20s; means nothing", name)
		}
		b.WriteRune(c)
		rest = tail
	}
}

// reference returns the character that a reference stands for (XML 1.0, sections 4.1
// and 4.6).
func reference(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, numeric := strings.CutPrefix(name, "#")
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	ok := numeric && err == nil && n > 0 && n <= utf8.MaxRune && utf8.ValidRune(rune(n))
	return rune(n), ok
}

// escape writes s so that it may stand as text and in a value of either quotes, in any
// encoding that has ASCII.
func escape(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c == '&' || c == '<' || c == '>' || c == '"' || c == '\'' || c < ' ' || c > '~' {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			b.WriteRune(c)
		}
	}
	return strings.ReplaceAll(b.String(), "&#38;", "&amp;")
}

// edit replaces a span.
type edit struct {
	span
	by string
}

// apply returns data with the edits, which do not overlap; those of one place stay in
// their order.
func apply(data []byte, edits []edit) []byte {
	if len(edits) == 0 {
		return data
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	size := len(data)
	for _, e := range edits {
		size += len(e.by) - (e.to - e.from)
	}
	out := make([]byte, 0, size)
	at := 0
	for _, e := range edits {
		out = append(append(out, data[at:e.from]...), e.by...)
		at = e.to
	}
	return append(out, data[at:]...)
}
