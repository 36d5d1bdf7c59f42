package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"twohop/proxy"
	"twohop/target/balance"
)

func routesCommand() *command {
	return &command{
		name: "routes", usage: "[FILE] [--live [--json] [--socket PATH]]", args: 1,
		about: "show who reaches what, how each hop is protected, and with --live how it is",
		long: `Prints a table of FILE (default routes.yaml): route, path, callers, target, and the
protection of both hops.

With --live it asks the broker that runs with FILE how the targets of each route are: for
each endpoint its state (up, warming, ejected by failed calls, down by failed checks),
since when, running calls, failed calls of this minute and the last, the target's circuit
breaker, and why.

Example: twohop routes --live /etc/twohop/routes.yaml`,
		flags: func(f *flag.FlagSet) {
			f.Bool("live", false, "ask the running broker")
			f.Bool("json", false, "print all that --live knows as JSON")
			socketFlag(f)
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			switch {
			case in.on("live"):
				return live(ctx, e, in)
			case in.on("json") || in.text("socket") != "":
				return hinted{usageError{errors.New("--json and --socket belong to --live")}, "twohop help routes"}
			}
			return protections(e, in)
		},
	}
}

// protections prints what the file says.
func protections(e *env, in *invocation) error {
	t, err := loadServable(in.file(0), e)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROUTE\tPATH\tCALLER\tHOP 1\tTARGET\tHOP 2")
	for _, n := range t.Order() {
		r := &t.Routes[n]
		for _, caller := range r.Callers.Names {
			x := t.TargetFor(r, caller)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Path, caller, credential(t, caller), strings.Join(x.Addresses(), ", "), t.ProtectionOf(x))
		}
	}
	return w.Flush()
}

// live prints what the running broker knows of its targets.
func live(ctx context.Context, e *env, in *invocation) error {
	var answer struct {
		Routes []proxy.LiveRoute `json:"routes"`
	}
	if err := tell(ctx, e, in, in.file(0), "/routes", &answer); err != nil {
		return err
	}
	if in.on("json") {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(answer.Routes)
	}
	return printLive(e.stdout, answer.Routes, e.now())
}

func printLive(out io.Writer, list []proxy.LiveRoute, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROUTE\tTARGET\tENDPOINT\tSTATE\tSINCE\tIN FLIGHT\tRECENT FAILURES\tCIRCUIT\tWHY")
	for _, r := range list {
		if len(r.Targets) == 0 {
			fmt.Fprintf(w, "%s\t\t\toff\t\t\t\t\t%s\n", r.Name, r.Unavailable)
		}
		for _, t := range r.Targets {
			circuit := string(t.Circuit.State)
			if circuit == "" {
				circuit = "none"
			}
			for _, x := range t.Endpoints {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", r.Name, t.Target, x.Endpoint, x.State, ago(now, x.Since), x.InFlight, x.Recent, circuit, why(x, now))
			}
		}
	}
	return w.Flush()
}

// why says what made the endpoint's state, or else what failed at it last.
func why(x balance.EndpointStatus, now time.Time) string {
	switch {
	case x.State != balance.Up && x.Why != "":
		return x.Why
	case x.Last != "":
		return "last failure " + ago(now, x.LastAt) + " ago: " + x.Last
	}
	return x.Why
}

// ago is a span up to now in whole seconds.
func ago(now, then time.Time) string { return now.Sub(then).Truncate(time.Second).String() }
