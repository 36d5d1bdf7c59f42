package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"twohop/audit/trail"
)

// TestWithoutABrokerTheSinksOfTheFileHoldTheLog is about a log that one sink has whole.
func TestWithoutABrokerTheSinksOfTheFileHoldTheLog(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "audit")
	if _, err := trail.Init(dir, "twohop/test", time.Now()); err != nil {
		t.Fatal(err)
	}
	w, err := trail.Acquire(dir, trail.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "cursor-siem.json"), []byte(`{"origin":"twohop/test/log-1","next":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const sinks = "audit: {dir: audit, sinks: [%s]}\n"
	siem, added := `{name: siem, syslog: {address: "127.0.0.1:1"}}`, `{name: added, syslog: {address: "127.0.0.1:2"}}`
	const routes = `listen: [{address: "127.0.0.1:0", hosts: [localhost]}]
certificates: {local: true}
routes:
  - {name: r, path: /r/*, callers: [anyone], target: {url: "http://127.0.0.1:1/"}}
`
	for name, c := range map[string]struct {
		text string
		held int64
	}{
		"no file":                         {"", 1},
		"the sink that has it":            {routes + fmt.Sprintf(sinks, siem), 1},
		"one that has no cursor yet":      {routes + fmt.Sprintf(sinks, siem+", "+added), 0},
		"none: the cursor is of the past": {routes + "audit: {dir: audit}\n", math.MaxInt64},
		"with a mistake either counts":    {routes + "audit: {dir: audit}\nnonsense: 1\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := ""
			if c.text != "" {
				file = filepath.Join(t.TempDir(), "routes.yaml")
				if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			held, err := heldHere(file, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if got := held(w.Log); got != c.held {
				t.Errorf("held from line %d on, want %d", got, c.held)
			}
		})
	}
	if _, err := heldHere(filepath.Join(root, "nowhere.yaml"), time.Now()); err == nil {
		t.Error("a file that is not there holds nothing")
	}
}
