package main

import (
	"context"
	"errors"
	"flag"
	"strconv"

	"twohop/audit/search"
)

func auditTailCommand() *command {
	return &command{
		name: "tail", usage: "[DIR|FILE] [-f] [-n N] [FILTERS] [--json]", args: 1,
		about: "print the newest calls of the audit log, and go on as calls end",
		long: `Prints the newest calls that fit the filters of twohop audit show. With -f it goes on until
Ctrl-C, and prints each call when its end is recorded, and once more when that is amended.

Example: twohop audit tail -f --outcome refused`,
		flags: func(f *flag.FlagSet) {
			f.Bool("f", false, "go on")
			f.Int("n", 10, "begin with the newest `N` rows")
			filterFlags(f)
			f.Bool("json", false, "print the lines of the log as they are (OCSF)")
			socketFlag(f)
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			n, err := strconv.Atoi(in.text("n"))
			if err != nil || n < 0 {
				return hinted{usageError{errors.New("-n takes a number")}, "-n 0 begins with what comes next"}
			}
			s, err := openSearch(ctx, e, in, "tail")
			if err != nil {
				return err
			}
			defer s.Close()
			out := s.output(in.on("f"))
			if n, err = s.newest(ctx, n, out); err != nil {
				return permitted(err)
			}
			if !in.on("f") {
				if err := out.Close(); err != nil {
					return err
				}
				return s.told(n)
			}
			damaged := s.damage()
			err = s.Follow(ctx, func(r search.Row) error { return out.Write(r) })
			if ctx.Err() != nil { // Ctrl-C is how it ends
				err = nil
			}
			if err = errors.Join(permitted(err), out.Close()); err == nil {
				err = damaged
			}
			return err
		},
	}
}
