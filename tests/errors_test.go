package tests

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"twohop/internal/fault"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

// TestErrorsDoc holds docs/errors.md to the catalogue.
func TestErrorsDoc(t *testing.T) {
	const file = "../docs/errors.md"
	if *update {
		if err := os.WriteFile(file, fault.Markdown(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, fault.Markdown()) {
		t.Error("docs/errors.md is not what the catalogue says; run: make docs")
	}
}
