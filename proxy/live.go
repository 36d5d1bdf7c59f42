package proxy

import (
	"cmp"
	"maps"
	"slices"

	"twohop/target/balance"
)

// LiveRoute is a route with its targets as they are.
type LiveRoute struct {
	Name        string           `json:"name"`
	Path        string           `json:"path"`
	Unavailable string           `json:"unavailable,omitempty"` // why it is switched off
	Targets     []balance.Status `json:"targets"`
}

// Live returns all routes by name.
func (r *Router) Live() []LiveRoute {
	list := []LiveRoute{}
	for _, name := range slices.Sorted(maps.Keys(r.routes)) {
		x := r.routes[name]
		live := LiveRoute{Name: name, Path: x.path, Unavailable: x.unavailable, Targets: []balance.Status{}}
		seen := map[*balance.Group]bool{}
		for _, w := range x.ways {
			if !seen[w.target] {
				seen[w.target] = true
				live.Targets = append(live.Targets, w.target.Status())
			}
		}
		slices.SortFunc(live.Targets, func(a, b balance.Status) int { return cmp.Compare(a.Target, b.Target) })
		list = append(list, live)
	}
	return list
}
