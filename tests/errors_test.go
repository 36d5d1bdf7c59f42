package tests

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twohop/internal/fault"
)

var update = flag.Bool("update", false, "write docs/errors.md anew from the catalogue")

// TestTheErrorsPageIsTheCatalogue holds docs/errors.md to internal/fault. Write it with
//
//	go test ./tests -run ErrorsPage -update
func TestTheErrorsPageIsTheCatalogue(t *testing.T) {
	page := filepath.Join(moduleRoot(t), "docs", "errors.md")
	want := fault.Markdown()
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/errors.md differs from the catalogue (-catalogue +page); write it with -update:\n%s", diff)
	}
}
