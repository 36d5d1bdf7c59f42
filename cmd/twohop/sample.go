package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"twohop/proxy"
	samples "twohop/translate/describe"
)

func sampleCommand() *command {
	return &command{
		name: "sample", usage: "ROUTE [OPERATION] [--lang xpp|curl|csharp] [--file FILE]", args: 2,
		about: "print a program that calls a JSON route, in X++, C# or for curl",
		long: `Prints a program that calls OPERATION (default: the first) of ROUTE, a route whose callers
post JSON to a SOAP service: classes for the types, the request, the call, and how the
answer or the problem is read. It needs no running broker.

Example: twohop sample stock PutOrder --lang csharp > Program.cs`,
		flags: func(f *flag.FlagSet) {
			f.String("lang", "xpp", "`LANGUAGE`: "+strings.Join(samples.Languages, ", "))
			f.String("file", "routes.yaml", "`FILE` with the routes")
		},
		run: func(_ context.Context, e *env, in *invocation) error { return printSample(e, in) },
	}
}

func printSample(e *env, in *invocation) error {
	if len(in.args) == 0 {
		return hinted{usageError{errors.New("the name of a route is missing")}, "twohop routes lists them"}
	}
	if lang := in.text("lang"); !slices.Contains(samples.Languages, lang) {
		return hinted{usageError{fmt.Errorf("no language %q", lang)}, "--lang takes " + strings.Join(samples.Languages, ", ")}
	}
	t, err := loadServable(in.text("file"), e)
	if err != nil {
		return err
	}
	for i := range t.Routes {
		if r := &t.Routes[i]; r.Name == in.args[0] {
			of, err := proxy.Described(t, r)
			if err != nil {
				return hinted{err, "samples are for a route with soap.contract and callers_speak: json"}
			}
			operation := ""
			if len(in.args) > 1 {
				operation = in.args[1]
			}
			text, err := samples.Sample(of, operation, in.text("lang"))
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(e.stdout, text)
			return err
		}
	}
	return hinted{fmt.Errorf("no route %q in %s", in.args[0], in.text("file")), "twohop routes lists them"}
}
