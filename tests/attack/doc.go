// Package attack sends what attackers send: a table of cases against the real binary, on
// raw sockets, with a target behind it that keeps every byte it gets. nginx and HAProxy,
// set up as plain reverse proxies, get the same; where they behave differently the table
// says why. docs/attacks.md is written from it:
//
//	go test ./tests/attack -run Attacks -update
//
// A case is a line in one of the cases_*_test.go files, one family a file. It is judged by
// what reached the target: one well-formed request that the caller can have meant, or
// nothing. Floods are judged by the honest callers beside them and by the broker's memory.
package attack
