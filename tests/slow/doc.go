// Package slow attacks the real binary with clients that are slow, large or many, while
// honest callers go on. go test ./tests/slow tries 200 slow clients; make slow tries
// 2,000 and prints the figures.
package slow
