package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"twohop/callers"
	"twohop/routes"
)

func callerCommand() *command {
	return &command{
		name: "caller", usage: "key new [--name NAME]", args: 2,
		about: "make an API key for a caller",
		long: `Makes a key with 256 random bits and prints it once, with the hash that stands for it
in routes.yaml. The key itself is not kept anywhere: give it to the caller, which
sends it in the X-Api-Key header.

Example: twohop caller key new --name fno-uat`,
		flags: func(f *flag.FlagSet) { f.String("name", "new-caller", "the caller's `NAME` in the printed lines") },
		run: func(_ context.Context, e *env, in *invocation) error {
			if !slices.Equal(in.args, []string{"key", "new"}) {
				return hinted{usageError{errors.New("caller knows: key new")}, "twohop caller key new --name fno-uat"}
			}
			if !routes.IsName(in.text("name")) {
				return hinted{usageError{fmt.Errorf("%q is not a name", in.text("name"))}, "use letters, digits, - and _"}
			}
			key, hash := callers.NewKey()
			fmt.Fprintf(e.stdout, "Key, for the caller only (header X-Api-Key); it is not shown again:\n\n    %s\n\nFor routes.yaml:\n\ncallers:\n  %s:\n    api_key: {sha256: \"%s\"}\n", key, in.text("name"), hash)
			return nil
		},
	}
}
