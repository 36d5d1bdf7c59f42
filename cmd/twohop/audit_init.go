package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"twohop/audit"
	"twohop/audit/trail"
)

func auditInitCommand() *command {
	return &command{
		name: "init", usage: "[DIR|FILE] [--name NAME]", args: 1,
		about: "make an audit log and print the keys that verify it",
		long: `Makes the audit log in the directory DIR, or in audit.dir of a routes.yaml, and prints the
public keys that its first lines are signed with. They are in DIR/public-keys too, but who
can change the log can change that file: give a copy to whoever will verify. A broker that
finds no audit log makes one by itself and prints the keys in its log.

There are two keys, because a broker that is upgraded writes beside its successor for a while.

Example: twohop audit init /etc/twohop/routes.yaml > audit-keys`,
		flags: func(f *flag.FlagSet) {
			f.String("name", "", "a `NAME` for the log in its checkpoints, instead of the host's name and some random digits")
		},
		run: func(_ context.Context, e *env, in *invocation) error {
			dir := in.file(0)
			if strings.HasSuffix(dir, ".yaml") || strings.HasSuffix(dir, ".yml") {
				var err error
				if dir, _, err = auditDir(e, in, 0); err != nil {
					return err
				}
			}
			name := in.text("name")
			switch {
			case name == "":
				name = audit.DefaultName()
			case strings.ContainsAny(name, "+ \t\n") || len(name) > 200:
				return hinted{usageError{fmt.Errorf("%q is no name for a log", name)}, "leave out spaces and plus signs"}
			}
			keys, err := trail.Init(dir, name, e.now())
			if errors.Is(err, trail.ErrThere) {
				return hinted{fmt.Errorf("there is an audit log in %s already", dir), "twohop audit keys " + dir}
			}
			if err != nil {
				return err
			}
			for _, key := range keys {
				fmt.Fprintln(e.stdout, key)
			}
			return nil
		},
	}
}

func auditKeysCommand() *command {
	return &command{
		name: "keys", usage: "[DIR|FILE]", args: 1,
		about: "print the keys of the audit log, and when they were replaced",
		long: `Prints for each log the public key that its first lines are signed with, as a file that
twohop audit verify --key takes, and the keys that followed it as comments. A key signs one
segment; then it is erased. The key that follows is named in the checkpoint that seals the
segment. To verify lines that begin later, as a sink has them that was added after a prune,
take the key of the line that they begin with out of its comment.

Example: twohop audit keys /etc/twohop/routes.yaml`,
		flags: func(*flag.FlagSet) {},
		run: func(_ context.Context, e *env, in *invocation) error {
			dir, _, err := auditDir(e, in, 0)
			if err != nil {
				return err
			}
			logs, err := auditLogs(dir)
			if err != nil {
				return err
			}
			keys, err := trail.PublicKeys(dir)
			if err != nil {
				return err
			}
			for _, l := range logs {
				if err := printKeys(e, l, keys); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// printKeys prints a file of keys: the first of each log counts, the later ones are told.
func printKeys(e *env, l trail.Log, keys []string) error {
	for _, key := range keys {
		if origin, err := trail.KeyOrigin(key); err == nil && strings.HasSuffix(origin, "/"+l.Name()) {
			fmt.Fprintf(e.stdout, "# %s from line 0\n%s\n", l.Name(), key)
		}
	}
	seals, err := l.Seals()
	if err != nil {
		return err
	}
	for _, c := range seals {
		fmt.Fprintf(e.stdout, "# %s from line %d: %s\n", l.Name(), c.Size, c.Next)
	}
	return nil
}
