package routes

import (
	"maps"
	"slices"
	"strconv"
)

// Affected returns what errs, none of them fatal, switch off: routes by their index,
// and callers by name. A route whose callers have targets of their own is switched
// off by any of these.
func (t *Table) Affected(errs ErrorList) (routes map[int]*Error, callers map[string]*Error) {
	routes, callers = map[int]*Error{}, map[string]*Error{}
	targets := map[string]*Error{}
	own := map[located]*Error{}
	for _, e := range errs {
		steps := splitPath(e.Path)
		if len(steps) < 2 {
			continue
		}
		switch steps[0] {
		case "callers":
			callers[steps[1]] = e
		case "targets":
			targets[steps[1]] = e
		case "routes":
			i, _ := strconv.Atoi(steps[1])
			own[located{file: e.File, index: i}] = e
		}
	}
	for i := range t.Routes {
		at := t.places.routes[i]
		if e := own[located{file: at.file, index: at.index}]; e != nil {
			routes[i] = e
			continue
		}
		names := append(slices.Sorted(maps.Values(t.Routes[i].Callers.Targets)), t.Routes[i].Target.Name)
		for _, name := range names {
			if e := targets[name]; e != nil {
				routes[i] = e
			}
		}
	}
	return routes, callers
}
