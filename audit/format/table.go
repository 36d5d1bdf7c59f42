package format

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// column is one of a table.
type column struct {
	title string
	cell  func(t *table, r *search.Row, e *entry.Entry) string
	least int // width down to which it may be cut; 0: never
	rank  int // those with the highest are left out first where there is no room; 0: never
	right bool
}

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
	switch kind {
	case search.Events:
		t.columns = []column{when, {title: "USER", cell: who}, {title: "ABOUT", cell: about}, {title: "WHAT", cell: what, least: 30}}
	case search.Log:
		t.columns = []column{when, {title: "LINE", cell: at}, {title: "ABOUT", cell: about}, {title: "WHAT", cell: what, least: 30}}
	case search.All:
		t.columns = []column{when, {title: "LINE", cell: at}, {title: "STAGE", cell: stage}, {title: "WHO", cell: who, least: 6}, {title: "WHAT", cell: what, least: 12}, routed, hops, status, {title: "OUTCOME", cell: ended, least: 8}, id}
	default:
		t.columns = []column{when, {title: "CALLER", cell: who, least: 6}, {title: "REQUEST", cell: what, least: 12}, routed, hops, status, {title: "OUTCOME", cell: ended, least: 8},
			{title: "MS", cell: took, rank: 2, right: true}, {title: "EXCEPTION", cell: exception, least: 10, rank: 1}, id}
	}
	return t
}

var (
	when   = column{title: "TIME", cell: func(t *table, _ *search.Row, e *entry.Entry) string { return t.time(e.Time) }}
	routed = column{title: "ROUTE > TARGET", cell: route, least: 8}
	hops   = column{title: "HOPS", cell: versions, least: 9}
	status = column{title: "STATUS", cell: func(_ *table, _ *search.Row, e *entry.Entry) string { return number(e.Status) }, rank: 4}
	id     = column{title: "CORRELATION", cell: func(_ *table, _ *search.Row, e *entry.Entry) string { return string(e.Correlation) }, least: 8, rank: 3}
)

func (t *table) time(ms int64) string {
	return time.UnixMilli(ms).In(t.zone).Format("2006-01-02 15:04:05.000")
}

func who(_ *table, _ *search.Row, e *entry.Entry) string {
	switch {
	case e.Count > 0:
		return "from " + string(e.Network)
	case e.User == nil && e.What() == entry.Call:
		return dash(e.CallerBy)
	}
	return string(e.User)
}

func what(_ *table, _ *search.Row, e *entry.Entry) string {
	switch {
	case e.What() != entry.Call:
		return string(e.Message)
	case e.Class == entry.ClassNetwork:
		return "TLS handshakes"
	case e.Count > 0:
		return "such as " + string(e.Method) + " " + string(e.Path)
	}
	return string(e.Method) + " " + string(e.Path)
}

func about(_ *table, _ *search.Row, e *entry.Entry) string { return string(e.EventName()) }

func at(_ *table, r *search.Row, _ *entry.Entry) string { return place(r) }

// place names a line as twohop audit verify does.
func place(r *search.Row) string { return r.Log + ":" + strconv.FormatInt(r.Index, 10) }

func stage(_ *table, _ *search.Row, e *entry.Entry) string {
	if len(e.Stage) > 0 {
		return string(e.Stage)
	}
	return string(e.EventName())
}

func route(_ *table, _ *search.Row, e *entry.Entry) string {
	if e.Route == nil && e.Target == nil {
		return ""
	}
	return dash(e.Route) + " > " + dash(e.Target)
}

// versions are those of both hops, without the word that all have.
func versions(_ *table, _ *search.Row, e *entry.Entry) string {
	if e.Class != entry.ClassHTTP || e.Count > 0 {
		return ""
	}
	short := func(v []byte) string { return strings.TrimPrefix(dash(v), "TLS ") }
	return short(e.Hop1()) + " > " + short(e.Hop2())
}

func dash(v []byte) string {
	if len(v) == 0 {
		return "-"
	}
	return string(v)
}

func ended(_ *table, r *search.Row, e *entry.Entry) string {
	text := outcome(e, r.State)
	if len(e.Code) > 0 && string(e.Outcome) != entry.Gone {
		text += " (" + string(e.Code) + ")"
	}
	return text
}

func took(_ *table, r *search.Row, e *entry.Entry) string {
	if r.State == search.Begun || r.State == search.Cut || e.MS == 0 {
		return ""
	}
	return strconv.FormatFloat(e.MS, 'f', 0, 64)
}

func exception(_ *table, _ *search.Row, e *entry.Entry) string { return string(e.Exception) }

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
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
