package routes

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// effect is what becomes of a header field in the end.
type effect struct {
	removed bool
	value   string // of one that is set
}

// effects plays header edits one after the other.
func effects(edits ...Headers) map[string]effect {
	all := map[string]effect{}
	for _, h := range edits {
		for _, name := range h.Remove {
			all[http.CanonicalHeaderKey(name)] = effect{removed: true}
		}
		for _, name := range slices.Sorted(maps.Keys(h.Set)) {
			all[http.CanonicalHeaderKey(name)] = effect{value: h.Set[name].Reveal()}
		}
	}
	return all
}

const (
	toTarget = "to the target"
	toCaller = "to the caller"
)

// edits compares header edits without showing values. A field that is no longer set
// or removed comes from the other side again, which may forge it.
func (d *differ) edits(way string, old, now map[string]effect) {
	for _, name := range sortedUnion(old, now) {
		a, was := old[name]
		b, is := now[name]
		switch {
		case a == b && was == is:
		case !is && a.removed:
			d.add(true, "no longer removes %s on the way %s", name, way)
		case !is: // the caller may forge what the target trusts; the target's answer is its own
			d.add(way == toTarget, "no longer sets %s on the way %s", name, way)
		case b.removed:
			d.add(was, "newly removes %s on the way %s", name, way)
		case was && !a.removed:
			d.add(true, "sets another value of %s on the way %s", name, way)
		default:
			// To the target it may carry a right; to the caller, only CORS opens anything.
			d.add(way == toTarget || strings.HasPrefix(name, "Access-Control-"), "newly sets %s on the way %s", name, way)
		}
	}
}

// spelling compares how the names of fields are written, which opens nothing.
func (d *differ) spelling(way string, old, now []string) {
	if more := minus(now, old); len(more) > 0 {
		d.add(false, "spells %s on the way %s", strings.Join(more, ", "), way)
	}
	if less := minus(old, now); len(less) > 0 {
		d.add(false, "no longer spells %s on the way %s", strings.Join(less, ", "), way)
	}
}
