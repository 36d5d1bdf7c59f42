package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os/user"
	"time"

	"twohop/audit"
	"twohop/audit/trail"
)

func auditPruneCommand() *command {
	return &command{
		name: "prune", usage: "[DIR|FILE] --before DAY [--socket PATH]", args: 1,
		about: "remove old segments of the audit log, and record it",
		long: `Removes the complete segments whose lines are all older than DAY (2026-01-31, UTC). Who did
it is recorded first; the checkpoints of the segments stay, so that twohop audit verify goes
on to prove the rest. A broker that runs with FILE does it itself, and keeps what a sink has
not shipped yet; without a broker, a sink is who has a cursor-NAME.json beside the log.
audit.keep does the same every hour by age.

Example: twohop audit prune /etc/twohop/routes.yaml --before 2026-01-31`,
		flags: func(f *flag.FlagSet) {
			f.String("before", "", "the first `DAY` to keep")
			socketFlag(f)
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			day, err := time.Parse(time.DateOnly, in.text("before"))
			if err != nil {
				return hinted{usageError{errors.New("--before takes a day")}, "write it as 2026-01-31"}
			}
			if day.After(e.now()) {
				return hinted{usageError{fmt.Errorf("--before %s is a day to come", in.text("before"))}, "name the first day to keep; the newest segment stays in any case"}
			}
			dir, file, err := auditDir(e, in, 0)
			if err != nil {
				return err
			}
			lines, err := pruneByBroker(ctx, e, in, file, day)
			var alone unreachable
			if errors.As(err, &alone) {
				lines, err = pruneHere(e, dir, file, day)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s removed\n", counted(int(lines), "line"))
			return nil
		},
	}
}

func pruneByBroker(ctx context.Context, e *env, in *invocation, file string, day time.Time) (int64, error) {
	if file == "" && in.text("socket") == "" {
		return 0, unreachable{errors.New("no broker is named")}
	}
	var answer struct {
		Lines int64 `json:"lines"`
	}
	err := tell(ctx, e, in, file, "/audit/prune?before="+url.QueryEscape(day.Format(time.RFC3339)), &answer)
	return answer.Lines, err
}

// pruneHere does it without a broker.
func pruneHere(e *env, dir, file string, day time.Time) (lines int64, err error) {
	logs, err := auditLogs(dir)
	if err != nil {
		return 0, err
	}
	held, err := heldHere(file, e.now())
	if err != nil {
		return 0, err
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	for _, l := range logs {
		n, failed := audit.PruneLog(l, day, held(l), name, trail.Options{Now: e.now})
		if errors.Is(failed, trail.ErrHeld) {
			failed = hinted{fmt.Errorf("a broker writes %s", l.Name()), "name its routes.yaml, so that it prunes by itself"}
		}
		lines, err = lines+n, errors.Join(err, failed)
	}
	return lines, err
}
