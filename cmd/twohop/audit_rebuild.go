package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"twohop/audit/trail"
)

func auditRebuildCommand() *command {
	return &command{
		name: "rebuild", usage: "[FILE] --out DIR", args: 1,
		about: "make a log again from what a syslog receiver kept",
		long: `Reads FILE, or standard input, where a receiver wrote the lines of the audit log with their
structured data, [twohop@N log="..." index="..."] {...}, in the order in which they came. What
stands before it on a line does not matter, nor do other lines. It writes DIR/log-1 and so
on, each line once; a line that is missing is an error. Files that follow each other are
read with cat. twohop audit verify DIR --key KEYS then proves what was rebuilt; docs/sinks.md
says how to keep the lines.

Example: twohop audit rebuild /var/log/twohop.log --out rebuilt`,
		flags: func(f *flag.FlagSet) {
			f.String("out", "", "the `DIR` to write the logs to; none of them may be there yet")
		},
		run: func(_ context.Context, e *env, in *invocation) error {
			out, from := in.text("out"), e.stdin
			if out == "" {
				return hinted{usageError{errors.New("--out names the directory for the logs")}, "twohop audit rebuild FILE --out rebuilt"}
			}
			if len(in.args) > 0 {
				f, err := os.Open(in.args[0])
				if err != nil {
					return hinted{err, "name the file that the receiver writes"}
				}
				defer f.Close()
				from = f
			}
			list, foreign, err := trail.Rebuild(out, from)
			if err != nil {
				return hinted{err, "mend what is read, and name a new directory: what was written until there stays in " + out}
			}
			return rebuilt(e, out, list, foreign)
		},
	}
}

// rebuilt says what there is now.
func rebuilt(e *env, out string, list []*trail.Rebuilt, foreign int64) error {
	if len(list) == 0 {
		return hinted{fmt.Errorf("no line of an audit log was found in %s", counted(int(foreign), "line")), "the receiver has to keep the structured data: docs/sinks.md"}
	}
	for _, r := range list {
		fmt.Fprintf(e.stdout, "%s, %s: lines %d to %d in %s\n", r.Log.Name(), r.Origin, r.From, r.End-1, counted(r.Segments, "segment"))
		if r.Again > 0 {
			fmt.Fprintf(e.stdout, "  %s came again, written once\n", counted(int(r.Again), "line"))
		}
	}
	if foreign > 0 {
		fmt.Fprintf(e.stderr, "%s without the structured data left out\n", counted(int(foreign), "line"))
	}
	fmt.Fprintf(e.stderr, "twohop audit verify %s --key KEYS proves it\n", out)
	return nil
}
