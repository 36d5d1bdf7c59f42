package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"twohop/audit/trail"
)

// noteReading has the broker that writes the log in dir record that somebody reads it, or
// says that nobody does. A log that cannot be written can still be read.
func noteReading(ctx context.Context, e *env, in *invocation, dir, file, command string) {
	is, known := written(dir)
	if !is && known {
		fmt.Fprintln(e.stderr, "no broker writes this log: the reading is not recorded")
		return
	}
	if !known {
		fmt.Fprintln(e.stderr, "twohop: warning: it cannot be told whether a broker writes this log, for its lock may not be opened: a call that runs is shown as one without an end record; "+asBroker)
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

// written reports whether a process writes one of the logs in dir, as far as is known.
func written(dir string) (is, known bool) {
	logs, _ := trail.Logs(dir) // read just before
	known = true
	for _, l := range logs {
		if l.Held() {
			return true, true
		}
		known = known && l.MayProbe()
	}
	return false, known
}

const asBroker = "run it as the broker's user"

// permitted says what to do about err when it is for want of a permission.
func permitted(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return hinted{err, asBroker}
	}
	return err
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
