package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// open is how many findings no rule clears.
func (t tables) open() (n int) {
	if t.broken != "" {
		n++
	}
	for _, list := range [][]finding{t.requests, t.answers, t.trips} {
		for _, f := range list {
			if !f.right {
				n++
			}
		}
	}
	return n
}

func count(list []finding) (same, cleared, open int) {
	for _, f := range list {
		switch {
		case f.same:
			same++
		case f.right:
			cleared++
		default:
			open++
		}
	}
	return same, cleared, open
}

// report writes the tables for docs/translation.md.
func report(w io.Writer, versions string, found []tables) {
	fmt.Fprintf(w, "Beside %s; libxml2 for the schemas.\n\n", versions)
	fmt.Fprintln(w, "| contract | operations | requests: same | different, cleared | different | readings of answers: same | different | round trips: same | different |")
	fmt.Fprintln(w, "| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	var all tables
	for _, t := range found {
		row(w, t)
		if t.broken != "" {
			all.broken = "not all contracts could be tried"
		}
		all.operations += t.operations
		all.requests = append(all.requests, t.requests...)
		all.answers = append(all.answers, t.answers...)
		all.trips = append(all.trips, t.trips...)
	}
	all.name = "**all**"
	row(w, all)
	fmt.Fprintln(w)
	fmt.Fprintln(w, "| where | why | cleared | number | for example |")
	fmt.Fprintln(w, "| --- | --- | --- | --: | --- |")
	reasons(w, "request", all.requests)
	reasons(w, "reading", all.answers)
	reasons(w, "round trip", all.trips)
}

func row(w io.Writer, t tables) {
	if t.broken != "" && t.operations == 0 {
		fmt.Fprintf(w, "| %s | | not tried: %s |\n", t.name, cell(t.broken))
		return
	}
	same, cleared, open := count(t.requests)
	read, readCleared, unread := count(t.answers)
	trips, tripsCleared, broken := count(t.trips)
	fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %d | %d | %d | %d |\n", t.name, t.operations, same, cleared, open, read+readCleared, unread, trips+tripsCleared, broken)
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s) }

// reasons counts the differences by their rule.
func reasons(w io.Writer, where string, list []finding) {
	by := map[string][]finding{}
	for _, f := range list {
		if !f.same {
			by[f.reason] = append(by[f.reason], f)
		}
	}
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), cmp.Compare(a, b))
	})
	for _, name := range names {
		first, cleared := by[name][0], "no"
		if first.right {
			cleared = "yes"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d | %s: %s |\n", where, name, cleared, len(by[name]), first.where, cell(short(strings.ToValidUTF8(first.detail, ""))))
	}
}

func short(s string) string {
	if len(s) > 240 {
		return strings.ToValidUTF8(s[:240], "") + "..."
	}
	return s
}

// details writes every difference, the most frequent reason first.
func details(w io.Writer, found []tables) {
	by := map[string][]finding{}
	for _, t := range found {
		if t.broken != "" {
			fmt.Fprintf(w, "%s: not tried: %s\n", t.name, t.broken)
		}
		for op, why := range t.unsampled {
			fmt.Fprintf(w, "%s %s: no sample: %s\n", t.name, op, why)
		}
		for _, list := range [][]finding{t.requests, t.answers, t.trips} {
			for _, f := range list {
				if !f.same {
					reason := f.reason
					if f.right {
						reason += " (cleared)"
					}
					by[reason] = append(by[reason], f)
				}
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), cmp.Compare(a, b))
	})
	for _, name := range names {
		fmt.Fprintf(w, "\n== %s: %d\n", name, len(by[name]))
		for _, f := range by[name] {
			fmt.Fprintf(w, "%s: %s\n", f.where, f.detail)
		}
	}
}
