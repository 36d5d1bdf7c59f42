package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"twohop/audit/search"
)

func TestTheBrokersUserMayReadItsLog(t *testing.T) {
	var hint hinted
	if err := permitted(hinted{&fs.PathError{Op: "open", Path: "log-1", Err: fs.ErrPermission}, "something else"}); !errors.As(err, &hint) || hint.hint != asBroker {
		t.Errorf("the hint is %q", hint.hint)
	}
	if err := permitted(fs.ErrNotExist); err != fs.ErrNotExist {
		t.Errorf("got %v", err)
	}
}

func TestALockThatMayNotBeOpenedTellsNothing(t *testing.T) {
	dir := t.TempDir()
	lock := filepath.Join(dir, "log-1", "lock")
	if err := os.Mkdir(filepath.Dir(lock), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if is, known := written(dir); is || !known {
		t.Errorf("a free lock: %t, %t", is, known)
	}
	if os.Geteuid() == 0 {
		t.Skip("root may open everything")
	}
	if err := os.Chmod(lock, 0); err != nil {
		t.Fatal(err)
	}
	if is, known := written(dir); is || known {
		t.Errorf("a lock of somebody else: %t, %t", is, known)
	}
}

func TestTheSpanInWords(t *testing.T) {
	at := time.Date(2026, 11, 17, 0, 0, 0, 0, time.UTC)
	for want, q := range map[string]search.Query{
		"":                                   {},
		" on 2026-11-17 (UTC)":               {Since: at, Until: at.AddDate(0, 0, 1)},
		" before 2026-11-17 00:00:00 (UTC)":  {Until: at},
		" from 2026-11-17 00:00:00 on (UTC)": {Since: at},
		" from 2026-11-17 00:00:00 to 2026-11-19 00:00:00 (UTC)": {Since: at, Until: at.AddDate(0, 0, 2)},
	} {
		if got := span(&q, time.UTC); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
