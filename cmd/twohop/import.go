package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"

	"twohop/translate/wsdl"
)

func importCommand() *command {
	return &command{
		name: "import", usage: "URL|FILE [--to DIR] [--target NAME] [--routes FILE] [--ca FILE] [--replace]", args: 1,
		about: "save a SOAP service's contract (WSDL) beside routes.yaml",
		long: `Reads a WSDL 1.1 contract with everything that it imports, saves all of it with the
locations of the imports changed to the saved files, and prints the services in it with their
operations and SOAP headers, what is wrong in it, and the lines for routes.yaml. The broker itself never fetches a contract.

An https URL is verified, by this system's roots or --ca. A service that speaks only old
TLS is reached with --target, through that target of routes.yaml and its exception; URL may
then be left out: it is the target's own with ?wsdl.

At most 1000 files of 32 MiB, together 256 MiB. Exit status 1 when the contract cannot be used.

Example: twohop import --target wms --to contracts/stock`,
		flags: func(f *flag.FlagSet) {
			f.String("to", "", "the `DIR` to save to (default contracts/NAME beside routes.yaml)")
			f.String("target", "", "fetch through the target `NAME` of routes.yaml")
			f.String("routes", "routes.yaml", "the routes.yaml at `FILE`")
			f.String("ca", "", "PEM `FILE` with the authorities of an https URL (default the system's)")
			f.Bool("replace", false, "replace what was saved in DIR before, if the new contract can be used")
		},
		run: runImport,
	}
}

func runImport(ctx context.Context, e *env, in *invocation) error {
	s, first, err := importSource(e, in)
	if err != nil {
		return err
	}
	defer s.close()
	docs, err := collect(ctx, s, first)
	if err != nil {
		return err
	}
	dir := in.text("to")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(in.text("routes")), "contracts", strings.TrimSuffix(docs[0].name, filepath.Ext(docs[0].name)))
	}
	if err := saveContract(dir, docs, in.on("replace")); err != nil {
		return err
	}
	for _, d := range docs {
		fmt.Fprintln(e.stdout, "saved", filepath.Join(dir, d.name))
	}
	for _, note := range s.notes {
		fmt.Fprintln(e.stdout, "note:", legible(note))
	}
	main := filepath.Join(dir, docs[0].name)
	c, err := wsdl.Load(main)
	if err != nil {
		return hinted{fmt.Errorf("saved, but it cannot be used: %w", err), "correct the saved file, then: twohop import " + main + " --to ANOTHER-DIR"}
	}
	printContract(e.stdout, c)
	printSOAPRoute(e.stdout, c, in.text("target"), in.text("routes"), main)
	return nil
}

// printContract writes what a contract offers and what is wrong in it.
func printContract(w io.Writer, c *wsdl.Contract) {
	for _, s := range c.Services {
		fmt.Fprintf(w, "\nservice %s\n", legible(either(s.Name, "without a name")))
		for _, p := range s.Ports {
			fmt.Fprintf(w, "  port %s  %s  %s\n", legible(p.Name), p.Protocol, legible(either(p.Address, "without an address")))
			for _, o := range p.Operations {
				kind := ""
				switch {
				case o.Unusual != "":
					kind = "  not callable: " + o.Unusual
				case o.Output == nil:
					kind = "  one-way"
				}
				fmt.Fprintf(w, "    %s%s\n", legible(o.Name), kind)
				printHeaders(w, o)
			}
		}
	}
	if len(c.Warnings) > 0 {
		fmt.Fprintln(w)
	}
	for _, x := range c.Warnings {
		fmt.Fprintf(w, "warning: %s\n", legible(x.String()))
	}
}

// printHeaders writes which SOAP headers an operation declares, as soap.headers names them.
func printHeaders(w io.Writer, o *wsdl.Operation) {
	if o.Input == nil {
		return
	}
	for _, h := range o.Input.Headers {
		required := ""
		if h.Required {
			required = "  required"
		}
		fmt.Fprintf(w, "      header %s%s\n", legible(h.Element.Name.Local), required)
	}
}

// printSOAPRoute writes the lines for routes.yaml.
func printSOAPRoute(w io.Writer, c *wsdl.Contract, target, table, main string) {
	for _, s := range c.Services {
		for _, p := range s.Ports {
			if p.Protocol != wsdl.SOAP11 && p.Protocol != wsdl.SOAP12 || len(p.Operations) == 0 {
				continue
			}
			file := main
			if rel, err := filepath.Rel(filepath.Dir(table), main); err == nil {
				file = filepath.ToSlash(rel)
			}
			name := strings.ToLower(tidy(either(s.Name, p.Name)))
			fmt.Fprintf(w, `
For routes.yaml:

routes:
  - name: %s
    path: /%s/*
    callers: [YOUR-CALLER]
    target: %s
    soap:
      contract: %q
      port: %q
`, name, name, either(target, targetAt(p.Address)), file, p.Name)
			return
		}
	}
	fmt.Fprintln(w, "\nNo port of it speaks SOAP.")
}

// targetAt writes the target at the address of a port, which whoever wrote the contract
// chose: no more than a URL is taken from it.
func targetAt(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || strings.Contains(address, "${") {
		return "YOUR-TARGET"
	}
	return fmt.Sprintf("{url: %q}", u)
}

// legible is a text from a contract as a terminal may show it.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// importSource says where the contract is and how documents are had.
func importSource(e *env, in *invocation) (*source, place, error) {
	s := &source{now: e.now, ca: in.text("ca")}
	if name := in.text("target"); name != "" {
		if s.ca != "" {
			return nil, place{}, usageError{errors.New("--ca does not go with --target, which has tls.ca")}
		}
		if err := s.through(name, in.text("routes")); err != nil {
			return nil, place{}, err
		}
	}
	if len(in.args) == 0 {
		if s.target == nil {
			return nil, place{}, hinted{usageError{errors.New("import takes the URL or file of a contract")}, "twohop import https://wms01.corp.local/ws/stock?wsdl"}
		}
		at := *s.base
		at.RawQuery = "wsdl"
		return s, place{url: &at}, nil
	}
	first, err := placeOf(in.args[0])
	return s, first, err
}
