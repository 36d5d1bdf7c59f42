package main

import (
	"context"
	"flag"
	"fmt"

	"twohop/audit/index"
)

func auditIndexCommand() *command {
	return &command{
		name: "index", usage: "[DIR|FILE]", args: 1,
		about: "make the indexes of the audit log again",
		long: `Makes the index beside each compressed segment from the segment's lines, and says which
ones were missing or different. They only make twohop audit show fast.

Example: twohop audit index /var/lib/twohop/audit`,
		flags: func(*flag.FlagSet) {},
		run: func(ctx context.Context, e *env, in *invocation) error {
			dir, _, err := auditDir(e, in, 0)
			if err != nil {
				return err
			}
			logs, err := auditLogs(dir)
			if err != nil {
				return err
			}
			all, changed := 0, 0
			for _, l := range logs {
				segments, err := l.Segments()
				if err != nil {
					return err
				}
				for _, s := range segments {
					if !s.Compressed() || ctx.Err() != nil {
						continue
					}
					differed, err := index.Renew(s)
					if err != nil {
						return err
					}
					all++
					if differed {
						changed++
						fmt.Fprintln(e.stdout, "made again:", s.Beside(index.Ext))
					}
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s with an index, %d of them made again\n", counted(all, "segment"), changed)
			return nil
		},
	}
}
