// Package format writes what was found in the audit log: as a table for people, as the
// lines themselves, as CSV, and as CEF.
package format

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// Writer takes rows one after the other. What it wrote is complete when Close returns nil;
// Close does not close what is below.
type Writer interface {
	Write(search.Row) error
	Close() error
}

// Safe returns s with everything escaped that could steer a terminal, or turn text
// around: s may come from a caller.
func Safe(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return safe(s, func(r rune) string {
				switch {
				case r < 0x100:
					return fmt.Sprintf(`\x%02x`, r)
				case r < 0x10000:
					return fmt.Sprintf(`\u%04x`, r)
				}
				return fmt.Sprintf(`\U%08x`, r)
			})
		}
	}
	return s
}

func safe(s string, escape func(rune) string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(escape(rune(s[i])))
		case unicode.IsPrint(r):
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(escape(r))
		}
		i += n
	}
	return b.String()
}

// lines writes the lines of the log as they are.
type lines struct {
	w        *bufio.Writer
	terminal bool
}

// JSON writes the lines of the log to w: OCSF, one object a line. For a terminal it
// escapes what could steer it, which changes no object.
func JSON(w io.Writer, terminal bool) Writer { return &lines{bufio.NewWriter(w), terminal} }

func (l *lines) Write(r search.Row) error {
	text := r.Text
	if l.terminal {
		text = []byte(safe(string(text), func(r rune) string {
			if r >= 0x10000 {
				r -= 0x10000
				return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			}
			return fmt.Sprintf(`\u%04x`, r)
		}))
	}
	l.w.Write(text) // the writer keeps its error
	if err := l.w.WriteByte('\n'); err != nil {
		return err
	}
	if l.terminal {
		return l.w.Flush()
	}
	return nil
}

func (l *lines) Close() error { return l.w.Flush() }

// outcome is how a call ended, in words for people.
func outcome(e *entry.Entry, state search.State) string {
	switch {
	case state == search.Begun:
		return "running"
	case state == search.Cut:
		return "no end record"
	case state == search.Amended:
		return string(e.Outcome) + ", amended"
	case e.Count > 0:
		times := "times"
		if e.Count == 1 {
			times = "time"
		}
		text := fmt.Sprintf("%s, %d %s", e.Outcome, e.Count, times)
		if codes := codes(e); codes != "" {
			text += ": " + codes
		}
		return text
	}
	return string(e.Outcome)
}

// codes are those of refusals that were counted together, the most frequent first.
func codes(e *entry.Entry) string {
	order := make([]int, len(e.Codes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(e.Counts[b], e.Counts[a]) })
	list := make([]string, len(order))
	for i, n := range order {
		list[i] = fmt.Sprintf("%s %d", e.Codes[n], e.Counts[n])
	}
	return strings.Join(list, ", ")
}
