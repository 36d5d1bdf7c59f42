package routes

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each file in testdata/invalid breaks one rule; its .want holds what is printed,
// warnings too.
func TestInvalidFiles(t *testing.T) {
	t.Chdir("testdata/invalid")
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			table, err := Load(file, src, today)
			var list ErrorList
			if err != nil && !errors.As(err, &list) {
				t.Fatal(err)
			}
			got := ""
			for _, w := range table.Warnings() {
				got += "warning: " + w.Error() + "\n"
			}
			for _, e := range list {
				got += e.Error() + "\n"
			}
			checkErrors(t, append(list, table.Warnings()...))
			if strings.Contains(got, "hunter") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			want := strings.TrimSuffix(file, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got == "" {
				t.Error("nothing is wrong with this file")
			}
		})
	}
}

var line = regexp.MustCompile(`^[^:]+:[1-9][0-9]*:[1-9][0-9]*: .+; .+$`)

// checkErrors checks what holds for every mistake: one line with a place inside its
// file, and a fix.
func checkErrors(t testing.TB, list ErrorList) {
	t.Helper()
	for _, e := range list {
		if !line.MatchString(e.Error()) {
			t.Errorf("not file:line:col: path: what; fix: %q", e.Error())
		}
		src, err := os.ReadFile(e.File)
		if err != nil {
			continue // a file of the test's own making
		}
		checkPlace(t, e, src)
	}
}

func checkPlace(t testing.TB, e *Error, src []byte) {
	t.Helper()
	lines := lineBreak.Split(string(src), -1)
	if e.Line > len(lines) || e.Column > len(lines[e.Line-1])+1 {
		t.Errorf("outside the file of %d lines: %v", len(lines), e)
	}
}
