//go:build linux

package faults

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/faults.md anew from the table")

// TestTheFaultsPageIsTheTable holds docs/faults.md to the table. Write it with
//
//	go test ./tests/faults -run FaultsPage -update
func TestTheFaultsPageIsTheTable(t *testing.T) {
	const file = "../../docs/faults.md"
	want := page()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/faults.md differs from the table (-table +page); write it with -update:\n%s", diff)
	}
}

const pageHead = `# What a fault looks like

This file is written from the table of ` + "`tests/faults`" + ` (` + "`make docs`" + `). Every row is tried there, with the real binary, a real
toxiproxy or hosts in network namespaces, and targets on plain HTTP and on TLS 1.0 (` + "`make faults`" + `).

How to read a row: the fault sets in at some point of a call. It is **ended by** one time limit of the route
(` + "`timeout.*`" + `; every other limit was too long to matter), or the broker notices it by itself. The caller sees an error of
[errors.md](errors.md), or an answer that breaks off. **Counted as** is the label ` + "`code`" + ` of ` + "`twohop_requests_total`" + `; the **code** is
in the answer, in ` + "`twohop_faults_total`" + `, in the log and, as ` + "`status_code`" + `, in the audit record; the **outcome** is the record's.
After each fault calls succeed at once, and the broker holds no goroutine and no file descriptor more than before.

A POST whose request may have reached the target is never sent again and ends in ` + "`outcome_unknown`" + `.
`

const pageFoot = `
## The broker's own machine

| fault | what is seen |
| --- | --- |
| the disk of the audit log is full | 503 ` + "`audit_unavailable`" + ` for every call; answers under way are cut at their end; nothing is sent to a target any more; ` + "`twohop_audit_healthy`" + ` is 0, ` + "`/readyz`" + ` answers 503. Room alone does not mend it: restart. What was recorded is whole. |
| no file descriptor is left | a call on a kept connection gets 500 ` + "`internal_error`" + `, outcome ` + "`broken`" + `; new callers wait in the kernel's queue. When there are descriptors again they are served, without a restart. |
| one target says nothing | calls of other routes are answered as ever |
| the clock jumps a day forward, or an hour back | a caller's rate gives at most one burst at once, and holds again within a second; an exception ends and comes back with its day; kept connections go on; the local certificate is renewed; the audit log opens a file of its own |
`

// page writes the table down.
func page() []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, part := range []struct {
		hop   hop
		title string
	}{{atTarget, "Between the broker and the target"}, {atCaller, "Between the caller and the broker"}} {
		fmt.Fprintf(&b, "\n## %s\n\n| fault | when | call | target | ended by | the caller sees | counted as | code | outcome |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", part.title)
		var lines []string
		calls := map[string][]string{} // by the line with a % for them
		for _, r := range slices.Concat(table, networkTable) {
			if r.hop != part.hop {
				continue
			}
			line := "| " + strings.Join(r.cells(), " | ") + " |\n"
			if calls[line] == nil {
				lines = append(lines, line)
			}
			calls[line] = append(calls[line], r.call.what)
		}
		for _, line := range lines {
			fmt.Fprintf(&b, line, strings.Join(calls[line], "; "))
		}
	}
	b.WriteString(pageFoot)
	return b.Bytes()
}

// cells are the row's, with %s for its call.
func (r row) cells() []string {
	kind, bound := r.kind, "`"+r.bound+"`"
	if kind == "" {
		kind = "any"
	}
	if r.bound == "none" || r.want.whole {
		bound = ""
	}
	if r.want.series != "" {
		bound = "`header_timeout`, where it is silence"
	}
	return append([]string{r.fault.what, string(r.when), "%s", kind, bound}, r.want.cells()...)
}

func (w want) cells() []string {
	if w.series != "" {
		return []string{"a connection that is closed", "`" + w.series + "`", "", "no record: it was no call yet"}
	}
	saw := fmt.Sprintf("%d with the code", w.status)
	switch {
	case w.whole:
		saw = "the whole answer"
	case w.status == 0 && w.outcome == "answered":
		saw = "nothing, or a part: the broker cannot know"
	case w.status == 0:
		saw = "nothing"
	case w.status < 400:
		saw = "an answer that breaks off"
	}
	code := ""
	if w.code != "" {
		code = fmt.Sprintf("[%s](errors.md#%s)", w.code, w.code)
	}
	return []string{saw, fmt.Sprint(w.counted), code, w.outcome}
}
