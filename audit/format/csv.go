package format

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"twohop/audit/entry"
	"twohop/audit/search"
)

// sheet is a CSV file being written.
type sheet struct {
	w     *csv.Writer
	cells []string
	err   error
}

// field is a column of a CSV file.
type field struct {
	name string
	text func(r *search.Row, e *entry.Entry) string
}

func text(of func(*entry.Entry) []byte) func(*search.Row, *entry.Entry) string {
	return func(_ *search.Row, e *entry.Entry) string { return string(of(e)) }
}

func count(of func(*entry.Entry) int64) func(*search.Row, *entry.Entry) string {
	return func(_ *search.Row, e *entry.Entry) string { return number(of(e)) }
}

// size is a number of body bytes, which is 0 only where the line says so.
func size(of func(*entry.Entry) (int64, bool)) func(*search.Row, *entry.Entry) string {
	return func(_ *search.Row, e *entry.Entry) string {
		n, said := of(e)
		if !said {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
}

// fields are the columns, in order. New ones are added at the end alone.
var fields = []field{
	{"time", func(_ *search.Row, e *entry.Entry) string { return stamp(e.Time) }},
	{"logged", func(_ *search.Row, e *entry.Entry) string { return stamp(e.Logged) }},
	{"log", func(r *search.Row, _ *entry.Entry) string { return r.Log }},
	{"line", func(r *search.Row, _ *entry.Entry) string { return strconv.FormatInt(r.Index, 10) }},
	{"kind", func(_ *search.Row, e *entry.Entry) string { return e.What() }},
	{"stage", text(func(e *entry.Entry) []byte { return e.Stage })},
	{"outcome", func(r *search.Row, e *entry.Entry) string { return ending(e, r.State) }},
	{"amended", func(r *search.Row, _ *entry.Entry) string { return strconv.FormatBool(r.State == search.Amended) }},
	{"code", text(func(e *entry.Entry) []byte { return e.Code })},
	{"cause", text(func(e *entry.Entry) []byte { return e.Cause })},
	{"caller", text(func(e *entry.Entry) []byte { return e.User })},
	{"caller_by", text(func(e *entry.Entry) []byte { return e.CallerBy })},
	{"credential", text(func(e *entry.Entry) []byte { return e.Credential })},
	{"source_ip", text(func(e *entry.Entry) []byte { return e.SourceIP })},
	{"source_port", count(func(e *entry.Entry) int64 { return e.SourcePort })},
	{"source_network", text(func(e *entry.Entry) []byte { return e.Network })},
	{"method", text(func(e *entry.Entry) []byte { return e.Method })},
	{"host", text(func(e *entry.Entry) []byte { return e.Host })},
	{"path", text(func(e *entry.Entry) []byte { return e.Path })},
	{"soap_action", text(func(e *entry.Entry) []byte { return e.SOAPAction })},
	{"protocol", text(func(e *entry.Entry) []byte { return e.Proto })},
	{"route", text(func(e *entry.Entry) []byte { return e.Route })},
	{"target", text(func(e *entry.Entry) []byte { return e.Target })},
	{"target_endpoint", text(func(e *entry.Entry) []byte { return e.Endpoint })},
	{"target_ip", text(func(e *entry.Entry) []byte { return e.TargetIP })},
	{"target_verified_by", text(func(e *entry.Entry) []byte { return e.Verified })},
	{"hop1", text((*entry.Entry).Hop1)},
	{"hop1_suite", text(func(e *entry.Entry) []byte { return e.Suite1 })},
	{"hop2", text((*entry.Entry).Hop2)},
	{"hop2_suite", text(func(e *entry.Entry) []byte { return e.Suite2 })},
	{"status", count(func(e *entry.Entry) int64 { return e.Status })},
	{"target_status", count(func(e *entry.Entry) int64 { return e.TargetStatus })},
	{"retries", count(func(e *entry.Entry) int64 { return e.Retries })},
	{"ms", func(_ *search.Row, e *entry.Entry) string { return decimal(e.MS) }},
	{"bytes_from_caller", size(func(e *entry.Entry) (int64, bool) { return e.In1, e.Traffic1 })},
	{"bytes_to_caller", size(func(e *entry.Entry) (int64, bool) { return e.Out1, e.Traffic1 })},
	{"bytes_from_target", size(func(e *entry.Entry) (int64, bool) { return e.In2, e.Traffic2 })},
	{"bytes_to_target", size(func(e *entry.Entry) (int64, bool) { return e.Out2, e.Traffic2 })},
	{"exception", text(func(e *entry.Entry) []byte { return e.Exception })},
	{"exception_ends", text(func(e *entry.Entry) []byte { return e.ExceptionEnds })},
	{"config", text(func(e *entry.Entry) []byte { return e.Config })},
	{"correlation", text(func(e *entry.Entry) []byte { return e.Correlation })},
	{"call", text(func(e *entry.Entry) []byte { return e.Call })},
	{"count", count(func(e *entry.Entry) int64 { return e.Count })},
	{"about", text(func(e *entry.Entry) []byte { return e.EventName() })},
	{"message", text(func(e *entry.Entry) []byte { return e.Message })},
	{"operation", text(func(e *entry.Entry) []byte { return e.Operation })},
}

func stamp(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

func decimal(f float64) string {
	if f == 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// ending is a call's outcome in one word.
func ending(e *entry.Entry, state search.State) string {
	switch state {
	case search.Begun:
		return search.Running
	case search.Cut:
		return search.Unfinished
	}
	return string(e.Outcome)
}

// CSV writes a header and a record for each row (RFC 4180), times in UTC. Characters that
// do not print are escaped. A value that a spreadsheet would take for a formula begins
// with an apostrophe.
func CSV(w io.Writer) Writer {
	s := &sheet{w: csv.NewWriter(w), cells: make([]string, len(fields))}
	s.w.UseCRLF = true
	for i, f := range fields {
		s.cells[i] = f.name
	}
	s.err = s.w.Write(s.cells)
	return s
}

func (s *sheet) Write(r search.Row) error {
	var e entry.Entry
	if err := e.Parse(r.Text); err != nil {
		return fmt.Errorf("line %s: %w", place(&r), err)
	}
	for i, f := range fields {
		s.cells[i] = harmless(Safe(f.text(&r, &e)))
	}
	if s.err == nil {
		s.err = s.w.Write(s.cells)
	}
	return s.err
}

// harmless keeps a spreadsheet from computing what a caller wrote.
func harmless(v string) string {
	if v != "" && strings.IndexByte("=+-@", v[0]) >= 0 {
		return "'" + v
	}
	return v
}

func (s *sheet) Close() error {
	s.w.Flush()
	return s.w.Error()
}
