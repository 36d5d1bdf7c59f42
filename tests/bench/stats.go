//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
)

// spread is what repeated measurements came to.
type spread struct{ min, median, max float64 }

// spreadOf sorts values, of which there must be one.
func spreadOf(values []float64) spread {
	slices.Sort(values)
	n := len(values)
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}
}

// format prints the median, and between brackets the least and the most where they differ
// from it.
func (s spread) format(verb string) string {
	median, least, most := fmt.Sprintf(verb, s.median), fmt.Sprintf(verb, s.min), fmt.Sprintf(verb, s.max)
	if least == median && most == median {
		return median
	}
	return median + " (" + least + "–" + most + ")"
}

// quantile returns the value below which the part q of values lies, and sorts them.
func quantile[T cmp.Ordered](values []T, q float64) T {
	var zero T
	if len(values) == 0 {
		return zero
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
