package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"twohop/audit/format"
	"twohop/audit/search"
)

func auditShowCommand() *command {
	return &command{
		name: "show", usage: "[DIR|FILE] [FILTERS] [--limit N | --all] [--json]", args: 1,
		about: "find calls in the audit log",
		long: `Prints the newest calls of the audit log in DIR, or in audit.dir of a routes.yaml, that fit
all filters; a filter that is given twice fits either value. Of each call there is one row,
from its end record. A call that has none is "running" or has "no end record"; "amended"
says that its last bytes did not reach the caller; refusals of callers that nobody knows
may share a row. Times are UTC and those of a call's begin.

The reading is recorded by the broker that writes the log.

Example: twohop audit show --day tuesday --hop2 1.0
         twohop audit show --id 0af7651916cd43dd8448eb211c80319c --kind all --json`,
		flags: func(f *flag.FlagSet) {
			filterFlags(f)
			f.Int("limit", 100, "print the newest `N` rows")
			f.Bool("all", false, "print all rows, the oldest first")
			f.Bool("json", false, "print the lines of the log as they are (OCSF)")
			socketFlag(f)
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			if in.on("all") && in.given("limit") {
				return hinted{usageError{errors.New("--all goes without --limit")}, "--limit N prints the newest N rows, --all every row"}
			}
			limit, err := strconv.Atoi(in.text("limit"))
			if err != nil || limit < 1 {
				return hinted{usageError{errors.New("--limit takes a number above 0")}, "--all prints every row"}
			}
			s, err := openSearch(ctx, e, in, "show")
			if err != nil {
				return err
			}
			defer s.Close()
			out := s.output(false)
			n := 0
			if in.on("all") {
				err = s.Each(ctx, func(r search.Row) error { n++; return out.Write(r) })
			} else {
				n, err = s.newest(ctx, limit, out)
			}
			if err = errors.Join(err, out.Close()); err != nil {
				return permitted(err)
			}
			if n == limit && !in.on("all") {
				fmt.Fprintf(e.stderr, "the newest %d rows; --limit N or --all prints more\n", n)
			}
			return s.told(n)
		},
	}
}

// searching is a search that a command does.
type searching struct {
	*search.Search
	*env
	in    *invocation
	dir   string
	query *search.Query
}

// openSearch puts the question of the flags to the audit log that the command names, and
// has the reading recorded before.
func openSearch(ctx context.Context, e *env, in *invocation, command string) (*searching, error) {
	q, err := in.filter(e.now())
	if err != nil {
		return nil, err
	}
	dir, file, err := auditDir(e, in, 0)
	if err != nil {
		return nil, permitted(err)
	}
	if _, err := auditLogs(dir); err != nil {
		return nil, permitted(err)
	}
	noteReading(ctx, e, in, dir, file, command)
	s, err := search.Open(ctx, dir, q)
	if err != nil {
		return nil, permitted(err)
	}
	return &searching{s, e, in, dir, q}, nil
}

// newest writes the newest rows and returns how many there were.
func (s *searching) newest(ctx context.Context, n int, out format.Writer) (int, error) {
	rows, err := s.Newest(ctx, n)
	for _, r := range rows {
		err = errors.Join(err, out.Write(r))
	}
	return len(rows), err
}

// output is what the flags --json and --local ask for.
func (s *searching) output(live bool) format.Writer {
	width, terminal := terminalOf(s.stdout)
	if s.in.on("json") {
		return format.JSON(s.stdout, terminal || live)
	}
	return format.Table(s.stdout, s.query.Kind, s.in.zone(), width, live)
}

// terminalOf returns the width of the terminal that w is.
func terminalOf(w any) (width int, is bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return width, true
}

// told says what the rows do not. It returns an error, with all of it said, when some of
// the log could not be read.
func (s *searching) told(rows int) error {
	damaged := s.damage()
	if n := s.Unreadable.Load(); n > 0 {
		fmt.Fprintf(s.stderr, "twohop: warning: %s could not be read; twohop audit verify says more\n", counted(int(n), "line"))
	}
	if s.Rebuilt > 0 {
		fmt.Fprintf(s.stderr, "%d of the indexes were missing or could not be used, and were made from the lines\n", s.Rebuilt)
	}
	if rows > 0 {
		return damaged
	}
	fmt.Fprintln(s.stderr, "nothing was found"+span(s.query, s.in.zone()))
	if damaged != nil { // what occurs is not known
		return damaged
	}
	for _, m := range s.Missing() {
		others := "nor does any other"
		if len(m.Others) > 0 {
			others = "these do: " + several(m.Others)
		}
		fmt.Fprintf(s.stderr, "twohop: hint: the %s %s does not occur in that time; %s\n", m.What, format.Safe(m.Value), others)
	}
	return nil
}

// damage names the segments that could not be read whole; then it returns errSilent.
func (s *searching) damage() (err error) {
	for _, d := range s.Damaged() {
		fmt.Fprintf(s.stderr, "twohop: warning: %s is damaged, and rows may be missing (%v); twohop audit verify says more\n", d.Segment, d.Err)
		err = errSilent
	}
	return err
}

// several lists some of many names.
func several(names []string) string {
	const most = 20
	text := format.Safe(strings.Join(names[:min(most, len(names))], ", "))
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
