//go:build linux

package main

import (
	"cmp"
	"slices"
)

// spread is what repeated measurements came to.
type spread[T cmp.Ordered] struct{ min, median, max T }

// spreadOf sorts values, of which there must be one.
func spreadOf[T cmp.Ordered](values []T) spread[T] {
	slices.Sort(values)
	return spread[T]{values[0], values[len(values)/2], values[len(values)-1]}
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
