// Package tests holds the end-to-end tests: the real binary, built with the race
// detector, between real callers and real services over real TLS.
//
// Start runs a broker in a process of its own, on free ports, with an audit log of its
// own, and checks how it ended. What stands on the other side of it comes from package
// peers (programs that we did not write) and from internal/legacy. The scripts below
// scripts try every subcommand.
package tests
