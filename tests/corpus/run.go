package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"twohop/translate/wsdl"
)

// trial is one contract on trial.
type trial struct {
	bench
	contract
	model  *wsdl.Contract
	valid  map[string][2]string // the schema's verdicts: by file, valid, invalid or unknown, and why
	tables tables
}

// tables are what a trial found.
type tables struct {
	name       string
	broken     string // why the contract could not be tried
	operations int
	unsampled  map[string]string // operation: why it has no sample
	requests   []finding
	answers    []finding
	trips      []finding
}

// finding is a ruling with its place.
type finding struct {
	ruling
	where string // contract, operation, mode
}

func (x *trial) run(ctx context.Context) tables {
	x.tables = tables{name: x.name, unsampled: map[string]string{}}
	var err error
	if x.model, err = wsdl.Load(x.file); err != nil {
		x.tables.broken = err.Error()
		return x.tables
	}
	ports, err := x.samples(ctx, x.contract)
	if err != nil {
		x.tables.broken = err.Error()
		return x.tables
	}
	for _, p := range x.withOurs(ports) {
		x.port(ctx, p)
	}
	return x.tables
}

// withOurs adds the ports that zeep did not find: one for each set of operations.
func (x *trial) withOurs(ports []port) []port {
	tried := map[string]bool{}
	for _, p := range ports {
		tried[strings.Join(p.Operations, " ")] = true
	}
	x.eachPort(func(_ string, p *wsdl.Port) bool {
		var names []string
		for _, op := range p.Operations {
			names = append(names, op.Name)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		if key := strings.Join(names, " "); !tried[key] && len(names) > 0 {
			tried[key] = true
			ports = append(ports, port{Dir: fmt.Sprintf("q%d", len(tried)), Binding: p.Binding.String(), Operations: names})
		}
		return true
	})
	return ports
}

// eachPort calls f with every SOAP port and its full name until f returns false.
func (x *trial) eachPort(f func(name string, p *wsdl.Port) bool) {
	for _, service := range x.model.Services {
		for _, p := range service.Ports {
			if (p.Protocol == wsdl.SOAP11 || p.Protocol == wsdl.SOAP12) && !f(service.Name+"/"+p.Name, p) {
				return
			}
		}
	}
}

func (x *trial) port(ctx context.Context, p port) {
	full := "no port of binding " + p.Binding
	x.eachPort(func(name string, q *wsdl.Port) bool {
		if q.Binding.String() != p.Binding {
			return true
		}
		full = name
		return false
	})
	k, err := newCodecs(x.model, full)
	if err != nil {
		x.tables.broken = err.Error()
		return
	}
	x.tables.operations += len(p.Operations)
	for _, mode := range modes {
		x.fill(k, p, mode)
	}
	x.others(ctx, x.contract, p)
	for _, mode := range modes {
		x.ours(k, p, mode)
		x.validate(ctx, p, mode)
		x.judgeRequests(k, p, mode)
		x.judgeAnswers(k, p, mode)
	}
}

func (x *trial) path(p port, kind, op, ending string) string {
	return filepath.Join(x.dir(x.contract), p.Dir, kind, op+ending)
}
