package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"

	"twohop/metrics"
	"twohop/routes"
)

func schemaCommand() *command {
	return &command{
		name: "schema", about: "print the JSON Schema of routes.yaml, for editors",
		long: `Prints a JSON Schema (draft 2020-12) with the meaning, default and unit of every key.

Example: twohop schema > routes.schema.json
and in routes.yaml: # yaml-language-server: $schema=routes.schema.json`,
		run: func(_ context.Context, e *env, _ *invocation) error {
			_, err := e.stdout.Write(routes.Schema())
			return err
		},
	}
}

func versionCommand() *command {
	return &command{
		name: "version", about: "print version and build", long: "Prints the version, the revision and the Go version it was built with.",
		run: func(_ context.Context, e *env, _ *invocation) error {
			version, revision, goVersion := metrics.Build()
			fmt.Fprintln(e.stdout, strings.Join(strings.Fields("twohop "+version+" "+revision+" "+goVersion), " "))
			return nil
		},
	}
}

// credential says how a caller is known on the first hop.
func credential(t *routes.Table, caller string) string {
	var how []string
	if t.Callers[caller].APIKey != nil {
		how = append(how, "API key")
	}
	if t.Callers[caller].ClientCertificate != nil {
		how = append(how, "client certificate")
	}
	if len(how) == 0 {
		how = append(how, "no credential")
	}
	return "TLS 1.2 to 1.3, " + strings.Join(how, " and ")
}

// loadWhole loads a file that must be free of mistakes, but for those that show only beside
// its contracts: diff reads old files, whose contracts may have changed since.
func loadWhole(name string, e *env) (*routes.Table, error) {
	t, err := load(name, e.now())
	return t, whole(name, err, e)
}

// loadServable loads a file that the proxy must be able to serve.
func loadServable(name string, e *env) (*routes.Table, error) {
	t, err := loadWhole(name, e)
	if err != nil {
		return nil, err
	}
	return t, whole(name, compiles(t, e.now), e)
}

// whole prints the mistakes that err lists.
func whole(name string, err error, e *env) error {
	var errs routes.ErrorList
	if errors.As(err, &errs) {
		fmt.Fprintln(e.stdout, errs)
		return fmt.Errorf("%s has %s", name, counted(len(errs), "mistake"))
	}
	return err
}

func diffCommand() *command {
	return &command{
		name: "diff", usage: "OLD NEW [--fail-on weaker] [--json]", args: 2,
		about: "say what a change of routes.yaml means",
		long: `Compares two files by meaning: who may call what, and how each hop is protected. Lines
that mean less protection are marked WEAKER. With --fail-on weaker such a line makes
the exit status 1, to gate a pipeline; 2 says that a file has mistakes.

Example: git show main:routes.yaml > old.yaml; twohop diff old.yaml routes.yaml --fail-on weaker`,
		flags: func(f *flag.FlagSet) {
			f.String("fail-on", "", "exit with 1 when `WHAT` (weaker or any) is found")
			f.Bool("json", false, "print JSON for a pipeline")
		},
		run: func(_ context.Context, e *env, in *invocation) error {
			failOn := in.text("fail-on")
			if len(in.args) != 2 || failOn != "" && failOn != "weaker" && failOn != "any" {
				return hinted{usageError{errors.New("diff takes two files, and --fail-on takes weaker or any")}, "twohop help diff"}
			}
			before, err := loadWhole(in.args[0], e)
			if err != nil {
				return usageError{err}
			}
			after, err := loadWhole(in.args[1], e)
			if err != nil {
				return usageError{err}
			}
			return printChanges(e, routes.Diff(before, after), in.on("json"), failOn)
		},
	}
}

func printChanges(e *env, changes []routes.Change, asJSON bool, failOn string) error {
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(append([]routes.Change{}, changes...)); err != nil {
			return err
		}
	}
	weaker := 0
	for _, c := range changes {
		mark := "        "
		if c.Weaker {
			mark = "WEAKER  "
			weaker++
		}
		if !asJSON {
			fmt.Fprintln(e.stdout, mark+c.String())
		}
	}
	if len(changes) == 0 && !asJSON {
		fmt.Fprintln(e.stdout, "nothing changes in meaning")
	}
	if failOn == "weaker" && weaker > 0 || failOn == "any" && len(changes) > 0 {
		fmt.Fprintln(e.stderr, "twohop: error:", counted(len(changes), "change")+", of which", weaker, "weaken protection")
		return errSilent
	}
	return nil
}
