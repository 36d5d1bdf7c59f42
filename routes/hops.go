package routes

import (
	"maps"
	"slices"
)

// TargetFor returns the target that a caller of r reaches, nil for none.
func (t *Table) TargetFor(r *Route, caller string) *Target {
	if r.Target.Inline != nil {
		return r.Target.Inline
	}
	name := r.Target.Name
	if r.Callers.Targets != nil {
		name = r.Callers.Targets[caller]
	}
	if x, ok := t.Targets[name]; ok {
		return &x
	}
	return nil
}

// targetsOf returns the targets of a route by name, "" for one written in place.
func (t *Table) targetsOf(r *Route) map[string]*Target {
	if r.Target.Inline != nil {
		return map[string]*Target{"": r.Target.Inline}
	}
	all := map[string]*Target{}
	for _, name := range append(slices.Collect(maps.Values(r.Callers.Targets)), r.Target.Name) {
		if x, ok := t.Targets[name]; ok {
			all[name] = &x
		}
	}
	return all
}

func (t *Table) exceptionOf(x *Target) *Exception {
	if e, ok := t.Exceptions[x.Exception]; ok {
		return &e
	}
	return nil
}

// ProtectionOf works out the hop to x under the exception that x names.
func (t *Table) ProtectionOf(x *Target) Protection { return x.Protection(t.exceptionOf(x)) }
