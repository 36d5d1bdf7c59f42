package format

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// table fits its columns to the first rows and then writes rows as they come.
type table struct {
	w       *bufio.Writer
	zone    *time.Location
	width   int // of the terminal, 0 for any
	columns []column
	widths  []int // set when the first rows are written
	first   [][]string
	most    int // rows to wait for
}

// mostFitted is how many rows a table looks at before it settles its columns.
const mostFitted = 500

// Table writes a table of rows of a kind to w, with times in zone. It fits lines to a
// terminal of width characters, or with 0 cuts nothing. live is for rows that are to be
// seen as they come.
func Table(w io.Writer, kind search.Kind, zone *time.Location, width int, live bool) Writer {
	t := &table{w: bufio.NewWriter(w), zone: zone, width: width, most: mostFitted}
	if live {
		t.most = 1
	}
	t.columns = columnsOf(kind)
	return t
}

func (t *table) Write(r search.Row) error {
	var e entry.Entry
	if err := e.Parse(r.Text); err != nil {
		return fmt.Errorf("line %s: %w", place(&r), err)
	}
	cells := make([]string, len(t.columns))
	for i, c := range t.columns {
		cells[i] = Safe(c.cell(t, &r, &e))
	}
	if t.widths != nil {
		return t.line(cells)
	}
	if t.first = append(t.first, cells); len(t.first) >= t.most {
		return t.settle()
	}
	return nil
}

// settle fits the columns to the first rows, and writes these.
func (t *table) settle() error {
	head := make([]string, len(t.columns))
	t.widths = make([]int, len(t.columns))
	for i, c := range t.columns {
		head[i], t.widths[i] = c.title, len(c.title)
		for _, row := range t.first {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	if t.width > 0 {
		t.fit()
	}
	for _, row := range append([][]string{head}, t.first...) {
		if err := t.line(row); err != nil {
			return err
		}
	}
	t.first = nil
	return nil
}

// gap stands between two columns.
const gap = 2

// fit leaves columns out as long as the others do not fit even when they are cut, and
// then cuts the widest ones.
func (t *table) fit() {
	for length(t.cut()) > t.width {
		drop := -1
		for i, c := range t.columns {
			if c.rank > 0 && t.widths[i] > 0 && (drop < 0 || c.rank < t.columns[drop].rank) {
				drop = i
			}
		}
		if drop < 0 {
			break
		}
		t.widths[drop] = 0
	}
	for least := t.cut(); length(t.widths) > t.width; {
		widest := -1
		for i, w := range t.widths {
			if w > least[i] && (widest < 0 || w > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

// cut returns the widths down to which the columns may be cut.
func (t *table) cut() []int {
	list := slices.Clone(t.widths)
	for i, c := range t.columns {
		if c.least > 0 {
			list[i] = min(list[i], c.least)
		}
	}
	return list
}

// length returns how long lines with columns of these widths are.
func length(widths []int) int {
	sum := 0
	for _, w := range widths {
		if w > 0 {
			sum += w + gap
		}
	}
	return sum - gap
}

func (t *table) line(cells []string) error {
	var b strings.Builder
	pad := 0
	for i, cell := range cells {
		w := t.widths[i]
		if w == 0 {
			continue
		}
		n := utf8.RuneCountInString(cell)
		if n > w && t.width > 0 {
			cell, n = string([]rune(cell)[:w-1])+"…", w
		}
		if t.columns[i].right {
			pad += max(0, w-n)
		}
		b.WriteString(strings.Repeat(" ", pad))
		b.WriteString(cell)
		if pad = gap; !t.columns[i].right {
			pad += max(0, w-n)
		}
	}
	t.w.WriteString(strings.TrimRight(b.String(), " "))
	if err := t.w.WriteByte('\n'); err != nil {
		return err
	}
	if t.most == 1 {
		return t.w.Flush()
	}
	return nil
}

func (t *table) Close() error {
	if t.widths == nil && len(t.first) > 0 {
		if err := t.settle(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}
