package format

import (
	"strconv"
	"strings"
	"time"

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

// columnsOf returns the columns for rows of a kind.
func columnsOf(kind search.Kind) []column {
	switch kind {
	case search.Events:
		return []column{when, {title: "USER", cell: who}, {title: "ABOUT", cell: about}, {title: "WHAT", cell: what, least: 30}}
	case search.Log:
		return []column{when, {title: "LINE", cell: at}, {title: "USER", cell: who}, {title: "ABOUT", cell: about}, {title: "WHAT", cell: what, least: 30}}
	case search.All:
		return []column{when, {title: "LINE", cell: at}, {title: "STAGE", cell: stage}, {title: "WHO", cell: who, least: 6}, {title: "WHAT", cell: what, least: 12}, routed, hops, status, {title: "OUTCOME", cell: ended, least: 8}, id}
	default:
		return []column{when, {title: "CALLER", cell: who, least: 6}, {title: "REQUEST", cell: what, least: 12}, routed, hops, status, {title: "OUTCOME", cell: ended, least: 8},
			{title: "MS", cell: took, rank: 2, right: true}, {title: "EXCEPTION", cell: exception, least: 10, rank: 1}, id}
	}
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
	request := string(e.Method) + " " + string(e.Path)
	if len(e.Operation) > 0 && !strings.HasSuffix(request, "/"+string(e.Operation)) {
		request += " " + string(e.Operation)
	}
	return request
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
