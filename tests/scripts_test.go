//go:build linux

package tests

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"twohop/internal/legacy"
)

// TestScripts runs scripts/*.txtar, one or more for each subcommand. Beside testscript's
// own commands they have those below.
func TestScripts(t *testing.T) {
	t.Parallel()
	bin := filepath.Dir(twohop(t))
	testscript.Run(t, testscript.Params{
		Dir:                 "scripts",
		WorkdirRoot:         short(t), // Unix sockets have short names
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Vars = append(e.Vars, raceOptions)
			e.Setenv("SOON", time.Now().AddDate(0, 4, 0).UTC().Format(time.DateOnly))
			e.Setenv("PAST", time.Now().AddDate(0, 0, -1).UTC().Format(time.DateOnly))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "free": free, "legacy": startLegacy, "ready": ready, "render": render, "capture": capture, "waitfor": waitfor,
		},
	})
}

// TestEverySubcommandHasAScript reads the list that the program itself prints.
func TestEverySubcommandHasAScript(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), twohop(t), "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if !strings.HasPrefix(line, "  ") || len(words) < 2 {
			continue
		}
		listed++
		if names, _ := filepath.Glob(filepath.Join("scripts", words[0]+"*.txtar")); len(names) == 0 { // the pattern is well formed
			t.Errorf("scripts/%s.txtar is missing", words[0])
		}
	}
	if listed < 10 {
		t.Errorf("only %d subcommands found in\n%s", listed, out)
	}
}

// exits CODE PROGRAM ARGS... runs a program that must end with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// free NAME... sets NAME to an address where nothing listens, and NAME_PORT to its port.
func free(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close() // after all are found, so that they differ
		ts.Setenv(name, l.Addr().String())
		ts.Setenv(name+"_PORT", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
}

// startLegacy starts a legacy server until the script ends: legacy NAME KIND sets
// NAME_ADDR and NAME_PIN.
func startLegacy(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: legacy NAME KIND")
	}
	start := map[string]func(string) (*legacy.Server, error){"json": legacy.PlainJSON, "soap": legacy.SOAPOverTLS10, "resets": legacy.ResetsModern}[args[1]]
	if start == nil {
		ts.Fatalf("no legacy server is called %s", args[1])
	}
	s, err := start("")
	ts.Check(err)
	ts.Defer(func() { s.Close() })
	ts.Setenv(args[0]+"_ADDR", s.Addr())
	ts.Setenv(args[0]+"_PIN", s.SPKIPin())
}

// ready ADDRESS waits for a broker's /readyz; ! ready waits until it does not answer 200.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	last := "nothing"
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + args[0] + "/readyz")
		ok := err == nil && resp.StatusCode == http.StatusOK
		if err == nil {
			resp.Body.Close()
			last = resp.Status
		}
		if ok != neg {
			return
		}
	}
	ts.Fatalf("%s answers %s", args[0], last)
}

// render FILE... puts the variables' values for $NAME in the files.
func render(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// capture NAME PREFIX sets the variable to the word of the latest output that begins so.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	for _, word := range strings.Fields(ts.ReadFile("stdout")) {
		if word = strings.Trim(word, `"{},`); strings.HasPrefix(word, args[1]) {
			ts.Setenv(args[0], word)
			return
		}
	}
	ts.Fatalf("no word begins with %q", args[1])
}

// waitfor PATTERN waits for a file.
func waitfor(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if names, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || len(names) > 0 {
			ts.Check(err)
			return
		}
	}
	ts.Fatalf("no file fits %s", args[0])
}
