// Package faults holds the fault table: the real binary between a caller and a target,
// with real toxiproxies on both hops, network namespaces, full disks and too few file
// descriptors. Each row breaks one thing and says what the caller, the metrics and the
// audit log must tell of it, which time limit bounds it, and that nothing is left of it
// once it has passed: calls succeed at once, and goroutines and file descriptors are as
// before.
//
// The table is in table_test.go and docs/faults.md is written from it:
//
//	make faults
//	go test ./tests/faults -run FaultsPage -update
package faults
