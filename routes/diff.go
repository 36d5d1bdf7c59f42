package routes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is one difference between two tables, in words for a reviewer.
type Change struct {
	Subject string `json:"subject"` // "route carrier-rates", "caller fno-prod"
	What    string `json:"what"`    // "newly allows TLS 1.0"

	// Weaker marks less protection than before, and protection that is merely another:
	// only a person can tell whether a replaced key or address is as good.
	Weaker bool `json:"weaker"`
}

func (c Change) String() string { return c.Subject + " " + c.What }

// Diff says what changes in meaning from one table to the next: who may call what,
// and how each hop is protected. Order in the file, comments and names of shared
// targets do not count.
func Diff(before, after *Table) []Change {
	d := &differ{before: before, after: after}
	d.routes()
	d.callers()
	d.exceptions()
	d.frontDoor()
	return d.changes
}

type differ struct {
	before, after *Table
	subject       string
	changes       []Change
	said          map[Change]bool // of the subject
}

func (d *differ) about(subject string) { d.subject, d.said = subject, map[Change]bool{} }

// add adds a change, once: several callers of a route may share it.
func (d *differ) add(weaker bool, format string, args ...any) {
	c := Change{d.subject, fmt.Sprintf(format, args...), weaker}
	if !d.said[c] {
		d.said[c] = true
		d.changes = append(d.changes, c)
	}
}

// replaced adds a change of one setting for another, when there is one.
func replaced[T comparable](d *differ, weaker bool, what string, old, now T) {
	if old != now {
		d.add(weaker, "%s %v instead of %v", what, now, old)
	}
}

func sortedUnion[V any](a, b map[string]V) []string {
	all := make(map[string]V, len(a)+len(b))
	maps.Copy(all, a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// minus returns what a holds and b does not, in the order of a.
func minus[T comparable](a, b []T) []T {
	known := make(map[T]bool, len(b))
	for _, x := range b {
		known[x] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(x T) bool { return known[x] })
}

// within reports whether now is no wider than old; an empty list stands for any.
func within(now, old []string) bool {
	return len(old) == 0 || len(now) > 0 && len(minus(now, old)) == 0
}

func listOrAny(list []string) string {
	if len(list) == 0 {
		return "any"
	}
	return strings.Join(list, ", ")
}
