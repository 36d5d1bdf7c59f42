package trail

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// TestEdgeAgreesWithTlog compares the roots with those of x/mod, of every size.
func TestEdgeAgreesWithTlog(t *testing.T) {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(at))
		for i, n := range at {
			list[i] = stored[n]
		}
		return list, nil
	})
	var e edge
	for n := range int64(600) {
		want, err := tlog.TreeHash(n, read)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.root(); got != want || e.size != n || !e.whole() {
			t.Fatalf("size %d: root %v, want %v", n, got, want)
		}
		text := fmt.Appendf(nil, "line %d", n)
		more, err := tlog.StoredHashes(n, text, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		e.add(tlog.RecordHash(text))
	}
}
