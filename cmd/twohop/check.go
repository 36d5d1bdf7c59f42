package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"

	"twohop/routes"
)

func checkCommand() *command {
	return &command{
		name: "check", usage: "[FILE] [--json]", args: 1,
		about: "find every mistake in routes.yaml, and show the order of matching",
		long: `Reads FILE (default routes.yaml) and everything that it names, as serve would, and
prints every mistake as file:line:col: path: what; the fix. Without a mistake it
prints the routes in the order in which they are tried. Nothing is started.

Exit status: 0 fine (warnings too), 1 mistakes, 2 wrong command line.

Example: twohop check /etc/twohop/routes.yaml`,
		flags: func(f *flag.FlagSet) { f.Bool("json", false, "print JSON for a pipeline") },
		run: func(_ context.Context, e *env, in *invocation) error {
			t, errs, warnings, err := examine(in.file(0), e.now)
			if err != nil {
				return err
			}
			if in.on("json") {
				return checkJSON(e.stdout, t, errs, warnings)
			}
			for _, w := range warnings {
				fmt.Fprintln(e.stdout, "warning:", w)
			}
			if len(errs) > 0 {
				fmt.Fprintln(e.stdout, errs)
				fmt.Fprintln(e.stderr, "twohop: error:", in.file(0), "has", counted(len(errs), "mistake"))
				return errSilent
			}
			fmt.Fprintln(e.stdout, "Order of matching (a named host, then segment by segment a literal before {name} before *, then a named SOAPAction):")
			for i, n := range t.Order() {
				fmt.Fprintf(e.stdout, "%5d  %s\n", i+1, describe(&t.Routes[n]))
			}
			fmt.Fprintf(e.stdout, "%s: ok, %s, %s\n", in.file(0), counted(len(t.Routes), "route"), counted(len(warnings), "warning"))
			return nil
		},
	}
}

// describe says what a route matches.
func describe(r *routes.Route) string {
	host := "any host"
	if len(r.Hosts) > 0 {
		host = strings.Join(r.Hosts, ",")
	}
	s := fmt.Sprintf("%-24s %s %s %s", r.Name, strings.Join(r.Methods, ","), host, r.Path)
	if len(r.SOAPActions) > 0 {
		s += " SOAPAction " + strings.Join(r.SOAPActions, ",")
	}
	return s
}

func checkJSON(w io.Writer, t *routes.Table, errs, warnings routes.ErrorList) error {
	out := struct {
		OK       bool             `json:"ok"`
		Errors   routes.ErrorList `json:"errors"`
		Warnings routes.ErrorList `json:"warnings"`
		Order    []string         `json:"order"`
	}{len(errs) == 0, routes.ErrorList{}, routes.ErrorList{}, []string{}}
	out.Errors = append(out.Errors, errs...)
	out.Warnings = append(out.Warnings, warnings...)
	if out.OK {
		for _, n := range t.Order() {
			out.Order = append(out.Order, t.Routes[n].Name)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	if !out.OK {
		return errSilent
	}
	return nil
}
