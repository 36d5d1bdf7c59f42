package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"twohop/certs"
	"twohop/console"
	"twohop/internal/fault"
	"twohop/limit"
	"twohop/proxy"
	"twohop/routes"
	"twohop/target/balance"
)

// load reads a routes.yaml. The error is a routes.ErrorList, or says that the file
// cannot be read; the table comes beside an ErrorList too.
func load(name string, now time.Time) (*routes.Table, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, hinted{err, "name the file, or run twohop where routes.yaml is"}
	}
	return routes.Load(name, src, now)
}

// compiles returns what the proxy finds wrong in a table that was loaded: what contracts
// lack, above all. It reaches no target.
func compiles(t *routes.Table, now func() time.Time) error {
	r, err := proxy.Compile(t, proxy.State{}, proxy.Deps{Targets: balance.NewPool(now), Limits: limit.NewStore(), Now: now})
	if err == nil {
		r.Close()
	}
	return err
}

// examine is what check does: it loads the file and compiles it without serving.
// Errors and warnings come in the order of the file.
func examine(name string, now func() time.Time) (t *routes.Table, errs, warned routes.ErrorList, err error) {
	t, err = load(name, now())
	if err != nil && !errors.As(err, &errs) {
		return nil, nil, nil, err
	}
	if len(errs) > 0 {
		return t, errs, t.Warnings(), nil
	}
	if err = compiles(t, now); err != nil && !errors.As(err, &errs) {
		return nil, nil, nil, err
	}
	c := certConfig(t)
	for _, f := range fault.Fields(c.Validate()) {
		errs = append(errs, certError(t, f))
	}
	errs = append(errs, sinkErrors(t)...)
	_, err = adminRule(t, now)
	errs = append(errs, fieldErrors(t, errors.Join(err, console.ValidSocket(string(t.Admin.Socket))))...)
	if len(errs) > 0 {
		return t, errs, t.Warnings(), nil
	}
	return t, nil, warnings(t, now()), nil
}

// warnings are those of the file and of the certificates that it names.
func warnings(t *routes.Table, now time.Time) routes.ErrorList {
	list := slices.Clone(t.Warnings())
	for _, f := range certConfig(t).Warnings(now) {
		list = append(list, certError(t, f))
	}
	return list
}

// certConfig maps the file's keys to what certs takes.
func certConfig(t *routes.Table) certs.Config {
	c := certs.Config{TrustedRoots: string(t.Certificates.TrustedRoots), Local: t.Certificates.Local, Dir: string(t.Certificates.Dir)}
	for _, f := range t.Certificates.Files {
		c.Files = append(c.Files, certs.File{Cert: string(f.Cert), Key: string(f.Key)})
	}
	for _, l := range t.Listen {
		c.Hosts = append(c.Hosts, l.Hosts...)
	}
	return c
}

// certError gives a mistake in the certificates its place in the file.
func certError(t *routes.Table, f *fault.Field) *routes.Error {
	var n int
	if _, err := fmt.Sscanf(f.Path, "hosts[%d]", &n); err == nil {
		for i, l := range t.Listen {
			if n < len(l.Hosts) {
				return t.Error(fmt.Sprintf("listen[%d].hosts[%d]", i, n), f.What, f.Fix)
			}
			n -= len(l.Hosts)
		}
	}
	path := "certificates"
	if f.Path != "" {
		path += "." + f.Path
	}
	return t.Error(path, f.What, f.Fix)
}

// openCerts opens the front door's certificates; the error is a routes.ErrorList.
func openCerts(ctx context.Context, t *routes.Table, o certs.Options) (*certs.Manager, error) {
	m, err := certs.Open(ctx, certConfig(t), o)
	return m, certErrors(t, err)
}

func certErrors(t *routes.Table, err error) error {
	if err == nil {
		return nil
	}
	var list routes.ErrorList
	for _, f := range fault.Fields(err) {
		list = append(list, certError(t, f))
	}
	return list
}

// counted says "1 error", "3 errors".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
