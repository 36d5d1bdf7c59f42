package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"twohop/audit/trail"
)

// noteReading has the broker that writes the log in dir record that somebody reads it, or
// says that nobody does. A log that cannot be written can still be read.
func noteReading(ctx context.Context, e *env, in *invocation, dir, file, command string) {
	if !written(dir) {
		fmt.Fprintln(e.stderr, "no broker writes this log: the reading is not recorded")
		return
	}
	if socket := filepath.Join(dir, "admin.sock"); file == "" && in.text("socket") == "" {
		if _, err := os.Stat(socket); err == nil { // where it is unless routes.yaml says otherwise
			in.flags.Set("socket", socket)
		}
	}
	if file == "" && in.text("socket") == "" {
		fmt.Fprintln(e.stderr, "twohop: warning: the reading is not recorded: name the routes.yaml of the broker that writes this log, or its --socket")
		return
	}
	if err := recordReading(ctx, e, in, file, command, typed(in)); err != nil {
		fmt.Fprintln(e.stderr, "twohop: warning: the reading is not recorded:", err)
	}
}

// written reports whether a process writes one of the logs in dir.
func written(dir string) bool {
	logs, _ := trail.Logs(dir) // read just before
	for _, l := range logs {
		if l.Held() {
			return true
		}
	}
	return false
}

// typed returns the filters as they were given.
func typed(in *invocation) string {
	var words []string
	in.flags.Visit(func(f *flag.Flag) {
		switch {
		case f.Name == "socket":
		case f.Value.String() == "true":
			words = append(words, "--"+f.Name)
		default:
			words = append(words, "--"+f.Name+" "+f.Value.String())
		}
	})
	return strings.Join(words, " ")
}
