package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"twohop/audit/format"
	"twohop/audit/search"
	"twohop/metrics"
)

func auditExportCommand() *command {
	return &command{
		name: "export", usage: "[DIR|FILE] --format ocsf|cef|csv [FILTERS] [--out FILE]", args: 1,
		about: "write calls of the audit log for a SIEM or a spreadsheet",
		long: `Writes all calls that fit the filters, the oldest first, as twohop audit show finds them:

  ocsf  the lines of the log as they are: OCSF 1.8.0 as JSON, one object a line
  cef   ArcSight Common Event Format; docs/audit-export.md says which key holds what
  csv   RFC 4180 with a header, times in UTC; a value that a spreadsheet would take for a
        formula (it begins with = + - or @) begins with an apostrophe

--kind all writes every line, all stages of each call and the checkpoints too.

Example: twohop audit export --format cef --day tuesday --hop2 1.0 --out tuesday.cef`,
		flags: func(f *flag.FlagSet) {
			f.String("format", "", "`FORMAT`: ocsf, cef or csv")
			f.String("out", "", "write to `FILE`, which must not be there, instead of standard output")
			filterFlags(f)
			socketFlag(f)
		},
		run: func(ctx context.Context, e *env, in *invocation) (err error) {
			make := exporters[in.text("format")]
			if make == nil {
				return hinted{usageError{fmt.Errorf("--format is %q", in.text("format"))}, "it knows ocsf, cef and csv"}
			}
			s, err := openSearch(ctx, e, in, "export")
			if err != nil {
				return err
			}
			defer s.Close()
			n := 0
			if err := toFile(e, in.text("out"), func(w io.Writer) error {
				out := make(w)
				err := s.Each(ctx, func(r search.Row) error { n++; return out.Write(r) })
				return errors.Join(permitted(err), out.Close())
			}); err != nil {
				return err
			}
			fmt.Fprintln(e.stderr, counted(n, "row"))
			return s.told(n)
		},
	}
}

var exporters = map[string]func(io.Writer) format.Writer{
	"ocsf": func(w io.Writer) format.Writer {
		_, terminal := terminalOf(w)
		return format.JSON(w, terminal)
	},
	"cef": func(w io.Writer) format.Writer {
		version, _, _ := metrics.Build()
		return format.CEF(w, version)
	},
	"csv": format.CSV,
}

// toFile has write fill a new file, which is whole or not there, or standard output.
func toFile(e *env, name string, write func(io.Writer) error) error {
	if name == "" {
		return write(e.stdout)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return hinted{err, "--out names a file that is not there yet"}
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(name)
	}
	return err
}
