package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"twohop/audit"
	"twohop/audit/entry"
	"twohop/audit/search"
	"twohop/tests/auditgen"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, 11, 17, 8, 0, 0, 0, time.UTC)

// sample returns rows of every kind.
func sample() (rows []search.Row) {
	add := func(state search.State, text []byte) {
		rows = append(rows, search.Row{Log: "log-1", Index: int64(len(rows)), Text: text, State: state})
	}
	calls := auditgen.New(4, start, time.Second)
	stages := map[string]search.State{audit.End: search.Whole, audit.Amend: search.Amended}
	for len(rows) < 10 {
		r := calls.Next()
		if state, ok := stages[r.Stage]; ok {
			add(state, r.AppendJSON(nil))
		} else if len(rows) == 3 {
			add(search.Cut, r.AppendJSON(nil))
		} else if len(rows) == 4 {
			add(search.Begun, r.AppendJSON(nil))
		}
	}
	add(search.Whole, []byte(`{"class_uid":4002,"severity_id":1,"time":1794902460000,"start_time":1794902450000,"count":17,"action_id":2,"src_endpoint":{"name":"192.0.2.0/24"},"http_request":{"http_method":"GET","url":{"path":"/admin"}},"unmapped":{"kind":"refused_calls","counts":{"credential_unknown":12}}}`))
	add(search.Whole, []byte(`{"class_uid":4001,"severity_id":1,"time":1794902460000,"start_time":1794902450000,"count":3,"action_id":2,"src_endpoint":{"name":"192.0.2.0/24"},"unmapped":{"kind":"refused_handshakes"}}`))
	event := audit.Event{Time: start, User: "anna", Kind: "exception", Name: "EXC-1", What: "extended from 2026-11-20 to 2026-11-23"}
	add(search.Whole, event.AppendJSON(nil))
	add(search.Whole, []byte(`{"class_uid":1008,"time":1794902400000,"message":"process 7 writes the audit log","unmapped":{"kind":"opened"}}`))
	add(search.Whole, hostile().AppendJSON(nil))
	return rows
}

// hostile is a record whose texts want to be more than texts.
func hostile() *audit.Record {
	const bad = "=cmd|' /C calc'!A0\\\r\n\x1b[2J\u202eab\u009bx\"a,b\"|x=y\\"
	return &audit.Record{Stage: audit.End, Time: start, Logged: start, ID: "-1+1", Correlation: "@SUM(A1)", Caller: bad, Source: "[2001:db8::7]:5", Method: bad, Host: "h|=:8443", Path: "/" + bad,
		Proto: bad, SOAPAction: bad, Operation: bad, Route: bad, Target: bad, Exception: bad, Outcome: audit.Failed, Code: bad, Cause: bad, Status: 502, Hop1: audit.Hop{Version: "TLS 1.3", Suite: bad},
		Hop2: audit.Hop{Endpoint: "[2001:db8::8]:443", Address: "[2001:db8::8]:443", Version: bad, Established: true}}
}

func written(t *testing.T, make func(*bytes.Buffer) Writer) string {
	t.Helper()
	var b bytes.Buffer
	w := make(&b)
	for _, r := range sample() {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	table := func(kind search.Kind, width int) func(*bytes.Buffer) Writer {
		return func(b *bytes.Buffer) Writer { return Table(b, kind, time.UTC, width, false) }
	}
	for name, make := range map[string]func(*bytes.Buffer) Writer{
		"calls": table(search.Calls, 0), "calls-140": table(search.Calls, 140), "calls-80": table(search.Calls, 80), "events": table(search.Events, 0), "log": table(search.Log, 0), "all": table(search.All, 0),
		"csv": func(b *bytes.Buffer) Writer { return CSV(b) }, "cef": func(b *bytes.Buffer) Writer { return CEF(b, "1.2.3") },
	} {
		t.Run(name, func(t *testing.T) {
			got := written(t, make)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
			for i, r := range got {
				if r != '\n' && r != '\r' && !unicode.IsPrint(r) {
					t.Errorf("at byte %d is %q", i, r)
				}
			}
			if strings.HasSuffix(name, "80") || strings.HasSuffix(name, "140") {
				width, _ := strconv.Atoi(name[6:])
				for line := range strings.Lines(got) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
						t.Errorf("%d characters: %s", n, line)
					}
				}
			}
		})
	}
}

// TestATableOfManyRowsIsWrittenAsItComes gives more rows than are looked at for the widths.
func TestATableOfManyRowsIsWrittenAsItComes(t *testing.T) {
	var b bytes.Buffer
	w := Table(&b, search.Calls, time.UTC, 0, false)
	calls := auditgen.New(4, start, time.Second)
	for range 3 * mostFitted {
		if err := w.Write(search.Row{Text: calls.Next().AppendJSON(nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if b.Len() == 0 {
		t.Error("nothing was written before the end")
	}
	w.Close()
	if n := strings.Count(b.String(), "\n"); n != 3*mostFitted+1 {
		t.Errorf("%d lines", n)
	}
	b.Reset()
	live := Table(&b, search.Calls, time.UTC, 0, true)
	live.Write(search.Row{Text: calls.Next().AppendJSON(nil)})
	if n := strings.Count(b.String(), "\n"); n != 2 {
		t.Errorf("a live table has %d lines after the first row", n)
	}
}

func TestTheOperationIsBesideThePath(t *testing.T) {
	for _, c := range []struct{ path, operation, want string }{
		{"/osoap", "GetOrder", "POST /osoap GetOrder"}, {"/osoap", "", "POST /osoap"}, {"/orders/GetOrder", "GetOrder", "POST /orders/GetOrder"},
	} {
		r := audit.Record{Stage: audit.End, Time: start, Logged: start, ID: "c-1", Correlation: "c", Method: "POST", Path: c.path, Operation: c.operation}
		var e entry.Entry
		if err := e.Parse(r.AppendJSON(nil)); err != nil {
			t.Fatal(err)
		}
		if got := what(nil, nil, &e); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestJSONIsTheLines(t *testing.T) {
	got := written(t, func(b *bytes.Buffer) Writer { return JSON(b, false) })
	var want strings.Builder
	for _, r := range sample() {
		want.Write(r.Text)
		want.WriteByte('\n')
	}
	if got != want.String() {
		t.Error("the lines were changed")
	}
	safe := strings.Split(written(t, func(b *bytes.Buffer) Writer { return JSON(b, true) }), "\n")
	for i, line := range strings.Split(got, "\n")[:len(safe)-1] {
		var plain, escaped any
		if err := json.Unmarshal([]byte(line), &plain); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(safe[i]), &escaped); err != nil {
			t.Fatalf("%v in %s", err, safe[i])
		}
		if diff := cmp.Diff(plain, escaped); diff != "" {
			t.Error(diff)
		}
		if strings.ContainsFunc(safe[i], func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("a terminal would act on %q", safe[i])
		}
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{"/a b": "/a b", "grün": "grün", "a\x1b[2J": `a\x1b[2J`, "a\x7f": `a\x7f`, "\u009b": `\x9b`, "\u202ea": `\u202ea`, "\xff": `\xff`, "\U000e0001": `\U000e0001`, "\u00a0": `\xa0`} {
		if got := Safe(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// TestCSVIsReadBack uses Go's reader.
func TestCSVIsReadBack(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(written(t, func(b *bytes.Buffer) Writer { return CSV(b) }))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(sample())+1 {
		t.Fatalf("%d rows", len(rows))
	}
	last := map[string]string{}
	for i, name := range rows[0] {
		last[name] = rows[len(rows)-1][i]
	}
	for name, want := range map[string]string{
		"time": "2026-11-17T08:00:00.000Z", "line": "14", "outcome": "failed", "call": "'-1+1", "correlation": "'@SUM(A1)", "source_ip": "2001:db8::7", "status": "502", "hop1": "TLS 1.3",
		"route": `'=cmd|' /C calc'!A0\\x0d\x0a\x1b[2J\u202eab\x9bx"a,b"|x=y\`,
	} {
		if last[name] != want {
			t.Errorf("%s is %s, want %s", name, last[name], want)
		}
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("a spreadsheet computes %s", cell)
			}
		}
	}
}

// parseCEF reads a line by the rules of the format: seven parts that end with a bar, then
// keys and values, where a value ends before the last blank ahead of a key.
func parseCEF(line string) (parts []string, extension map[string]string, err error) {
	rest, ok := strings.CutPrefix(line, "CEF:")
	if !ok {
		return nil, nil, fmt.Errorf("no CEF: %s", line)
	}
	part := ""
	for len(parts) < 7 {
		switch {
		case rest == "":
			return nil, nil, fmt.Errorf("%d parts", len(parts))
		case strings.HasPrefix(rest, `\\`), strings.HasPrefix(rest, `\|`):
			part, rest = part+rest[1:2], rest[2:]
		case rest[0] == '\\':
			return nil, nil, fmt.Errorf("escaped %q in the header", rest[:2])
		case rest[0] == '|':
			parts, part, rest = append(parts, part), "", rest[1:]
		default:
			part, rest = part+rest[:1], rest[1:]
		}
	}
	extension = map[string]string{}
	key := ""
	for word := range strings.SplitAfterSeq(rest, " ") {
		at := -1
		for i := range len(word) {
			if word[i] == '=' && strings.Count(word[:i], `\`)-2*strings.Count(word[:i], `\\`) == 0 {
				at = i
				break
			}
		}
		if at > 0 {
			key = word[:at]
			if _, twice := extension[key]; twice {
				return nil, nil, fmt.Errorf("%s twice", key)
			}
			word = word[at+1:]
		}
		extension[key] += word
	}
	for k, v := range extension {
		extension[k] = strings.NewReplacer(`\\`, `\`, `\=`, "=").Replace(strings.TrimSuffix(v, " "))
	}
	return parts, extension, nil
}

func TestCEFIsReadBack(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(written(t, func(b *bytes.Buffer) Writer { return CEF(b, "1|2") })), "\n")
	if len(lines) != len(sample()) {
		t.Fatalf("%d lines", len(lines))
	}
	longest := map[string]int{"act": 63, "app": 31, "cs1": 4000, "externalId": 40, "outcome": 63, "reason": 1023, "request": 1023, "suser": 1023}
	for _, line := range lines {
		parts, ext, err := parseCEF(line)
		if err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if diff := cmp.Diff([]string{"0", "twohop", "twohop", "1|2"}, parts[:4]); diff != "" {
			t.Error(diff)
		}
		if n, err := strconv.Atoi(parts[6]); err != nil || n < 0 || n > 10 {
			t.Errorf("severity %s", parts[6])
		}
		for k, v := range ext {
			if most := longest[k]; most > 0 && utf8.RuneCountInString(v) > 2*most {
				t.Errorf("%s has %d characters", k, len(v))
			}
			if strings.HasSuffix(k, "Label") && ext[strings.TrimSuffix(k, "Label")] == "" {
				t.Errorf("%s labels nothing in %s", k, line)
			}
		}
	}
	_, ext, _ := parseCEF(lines[len(lines)-1])
	const bad = `=cmd|' /C calc'!A0\\x0d\x0a\x1b[2J\u202eab\x9bx"a,b"|x=y\`
	for key, want := range map[string]string{"suser": bad, "cs1": bad, "reason": bad, "msg": bad, "requestMethod": bad, "c6a2": "2001:db8::7", "c6a3": "2001:db8::8", "dhost": "2001:db8::8", "dpt": "443", "externalId": "@SUM(A1)", "cn1": "502",
		"start": "1794902400000", "end": "1794902400000", "cat": "call", "outcome": "failure", "cs5": "log-1:14", "cs6": "failed", "flexString1": bad, "flexString1Label": "operation", "request": "https://h|=:8443/" + bad} {
		if ext[key] != want {
			t.Errorf("%s is %s, want %s", key, ext[key], want)
		}
	}
}

// TestALineThatEndsNothingClaimsNoResult writes each line for itself, as --kind all does.
func TestALineThatEndsNothingClaimsNoResult(t *testing.T) {
	begin := &audit.Record{Stage: audit.Begin, Time: start, Logged: start, ID: "c-1", Correlation: "c", Method: "GET", Path: "/"}
	started := &audit.Record{Stage: audit.Started, Time: start, Logged: start, ID: "c-1", Correlation: "c", Method: "GET", Path: "/", Status: 200}
	refused := audit.Event{Time: start, User: "anna", Kind: audit.AboutConfiguration, Name: "routes.yaml", What: "was not loaded, for many reasons", Failed: true}
	stopped := audit.Event{Time: start, Kind: audit.AboutBroker, Name: "twohop", What: "stopped by SIGTERM", Activity: audit.Stopped}
	for want, line := range map[string][]byte{
		"call:begin|Call begin|1":                         begin.AppendJSON(nil),
		"call:response_started|Call response_started|1":   started.AppendJSON(nil),
		"event:configuration|configuration not updated|1": refused.AppendJSON(nil),
		"event:broker|broker stopped|1":                   stopped.AppendJSON(nil),
		"log:checkpoint|checkpoint|1":                     []byte(`{"class_uid":1008,"time":1794902400000,"severity_id":1,"unmapped":{"kind":"checkpoint"}}`),
		"call:refused|Call refused|6":                     []byte(`{"class_uid":4002,"time":1794902460000,"count":1,"action_id":2,"unmapped":{"kind":"refused_calls"}}`),
	} {
		var b bytes.Buffer
		w := CEF(&b, "1")
		if err := errors.Join(w.Write(search.Row{Log: "log-1", Text: line}), w.Close()); err != nil {
			t.Fatal(err)
		}
		parts, ext, err := parseCEF(strings.TrimSpace(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(parts[4:], "|"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if claims := ext["act"] != "" || ext["outcome"] != ""; claims != strings.Contains(want, "refused") && !strings.HasPrefix(want, "event:") {
			t.Errorf("act %s, outcome %s in %s", ext["act"], ext["outcome"], b.String())
		}
	}
}

func TestRefusalsThatWereCountedShowTheirCodes(t *testing.T) {
	for line, want := range map[string]string{
		`{"class_uid":4002,"count":7,"unmapped":{"counts":{"audit_unavailable":3,"credential_unknown":4}}}`: "refused, 7 times: credential_unknown 4, audit_unavailable 3",
		`{"class_uid":4001,"count":1}`: "refused, 1 time",
	} {
		var e entry.Entry
		if err := e.Parse([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if got := outcome(&e, search.Whole); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestNoBytesAreNotNothing tells a body of no bytes from a line that does not say.
func TestNoBytesAreNotNothing(t *testing.T) {
	var b bytes.Buffer
	w := CSV(&b)
	for _, line := range []string{`{"class_uid":4002,"traffic":{"bytes_in":0,"bytes_out":7}}`, `{"class_uid":4002}`} {
		if err := w.Write(search.Row{Text: []byte(line)}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], "bytes_from_caller")
	got := append(slices.Clone(rows[1][at:at+4]), rows[2][at:at+4]...)
	if diff := cmp.Diff([]string{"0", "7", "", "", "", "", "", ""}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzFormats(f *testing.F) {
	for _, r := range sample() {
		f.Add(r.Text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		row := search.Row{Log: "log-1", Text: text}
		var b bytes.Buffer
		for _, w := range []Writer{Table(&b, search.All, time.UTC, 60, true), Table(&b, search.Calls, time.UTC, 0, true), CSV(&b), CEF(&b, "1")} {
			if w.Write(row) != nil {
				return
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range b.String() {
			if r != '\n' && r != '\r' && !unicode.IsPrint(r) {
				t.Fatalf("%q in %q", r, b.String())
			}
		}
	})
}

// TestThePageNamesEverything keeps docs/audit-export.md complete.
func TestThePageNamesEverything(t *testing.T) {
	page, err := os.ReadFile("../../docs/audit-export.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(written(t, func(b *bytes.Buffer) Writer { return CEF(b, "1") })) {
		_, ext, err := parseCEF(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		for key := range ext {
			if !bytes.Contains(page, []byte("`"+key+"`")) {
				t.Errorf("the page does not name the CEF key %s", key)
			}
		}
	}
	var columns []string
	for _, f := range fields {
		columns = append(columns, f.name)
	}
	if want := strings.Join(columns, ", ") + "."; !strings.Contains(strings.Join(strings.Fields(string(page)), " "), want) {
		t.Errorf("the page does not list the columns: %s", want)
	}
}
