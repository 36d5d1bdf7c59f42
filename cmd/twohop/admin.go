package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	"twohop/callers"
)

func adminCommand() *command {
	return &command{
		name: "admin", usage: "token new [--out FILE]", args: 2,
		about: "make a token for the admin address",
		long: `Makes a token with 256 random bits for whoever scrapes /metrics, and prints the hash that
stands for it in routes.yaml. The token itself is printed once, or written to a new FILE
that only you can read; it is not kept anywhere else. It is sent as Authorization: Bearer.

Example: twohop admin token new --out /etc/prometheus/twohop.token`,
		flags: func(f *flag.FlagSet) { f.String("out", "", "a new `FILE` for the token, instead of printing it") },
		run: func(_ context.Context, e *env, in *invocation) error {
			if !slices.Equal(in.args, []string{"token", "new"}) {
				return hinted{usageError{errors.New("admin knows: token new")}, "twohop admin token new"}
			}
			token, hash := callers.NewKey()
			if name := in.text("out"); name == "" {
				fmt.Fprintf(e.stdout, "Token, for Authorization: Bearer; it is not shown again:\n\n    %s\n\n", token)
			} else if err := writeNew(name, token+"\n"); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "For routes.yaml, below admin:\n\n  token: {sha256: \"%s\"}\n", hash)
			return nil
		},
	}
}

// writeNew writes a secret to a file that must not be there yet.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return hinted{err, "name a new file in a directory that is there; a token is never overwritten"}
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
