package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"twohop/console"
	"twohop/routes"
)

func reloadCommand() *command {
	return &command{
		name: "reload", usage: "[FILE] [--socket PATH]", args: 1,
		about: "make the running broker read routes.yaml again",
		long: `Tells the broker that runs with FILE (default routes.yaml) to read it again, and prints
what changes. All or none: with a mistake in the file the broker goes on with the old
one, the mistakes are printed, and the exit status is 1.

Example: twohop reload /etc/twohop/routes.yaml`,
		flags: socketFlag,
		run: func(ctx context.Context, e *env, in *invocation) error {
			var answer console.Outcome
			err := tell(ctx, e, in, in.file(0), "/reload", &answer)
			var no refusal
			if errors.As(err, &no) {
				fmt.Fprintln(e.stdout, no.text)
				return errors.New("the file was refused; the broker goes on with the old one")
			}
			if err != nil {
				return err
			}
			for _, line := range answer.Changes {
				fmt.Fprintln(e.stdout, line)
			}
			for _, line := range answer.Warnings {
				fmt.Fprintln(e.stdout, "warning:", line)
			}
			for _, key := range answer.Restart {
				fmt.Fprintln(e.stdout, "not in force until a restart or twohop upgrade:", key)
			}
			fmt.Fprintln(e.stdout, "reloaded,", counted(len(answer.Changes), "change"))
			return nil
		},
	}
}

func exceptionCommand() *command {
	return &command{
		name: "exception", usage: "extend NAME [FILE] [--days N] [--socket PATH]", args: 3,
		about: "give an exception a few days more, once",
		long: `Extends the exception NAME of the broker that runs with FILE (default routes.yaml) by at
most 7 days beyond its last day, once, in its last 7 days or just after, so that calls go
on while it is being renewed. It counts at once, survives a restart, and is recorded with the OS user in the audit log.
A new expires in routes.yaml ends it.

Example: twohop exception extend WMS-2019 /etc/twohop/routes.yaml --days 3`,
		flags: func(f *flag.FlagSet) {
			f.Int("days", 7, "so many `DAYS`, 1 to 7")
			socketFlag(f)
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			if len(in.args) < 2 || in.args[0] != "extend" {
				return hinted{usageError{errors.New("exception knows: extend NAME")}, "twohop help exception"}
			}
			var answer struct {
				LastDay string `json:"lastDay"`
			}
			path := "/exceptions/" + url.PathEscape(in.args[1]) + "/extend?days=" + in.text("days")
			if err := tell(ctx, e, in, in.file(2), path, &answer); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s holds to the end of %s (UTC); renew it in routes.yaml before then\n", in.args[1], answer.LastDay)
			return nil
		},
	}
}

func socketFlag(f *flag.FlagSet) {
	f.String("socket", "", "the broker's admin.socket at `PATH`, instead of looking it up in FILE")
}

// refusal is what the running broker said against a command.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// unreachable says that no broker answers.
type unreachable struct{ error }

// recordReading has the running broker record that its audit log is read by a command,
// with filter as it was typed. It returns nil when that is recorded: an error says why it
// is not, for one because no broker runs. The command needs socketFlag.
func recordReading(ctx context.Context, e *env, in *invocation, file, command, filter string) error {
	body, err := json.Marshal(console.Reading{Command: command, Filter: filter})
	if err != nil {
		return err
	}
	var answer struct{ Recorded bool }
	return ask(ctx, e, in, file, "/audit/read", body, &answer)
}

// tell sends a command to the running broker and reads its answer.
func tell(ctx context.Context, e *env, in *invocation, file, path string, answer any) error {
	return ask(ctx, e, in, file, path, nil, answer)
}

// ask sends a command with a body.
func ask(ctx context.Context, e *env, in *invocation, file, path string, body []byte, answer any) error {
	socket := in.text("socket")
	if socket == "" {
		t, err := load(file, e.now())
		var mistakes routes.ErrorList // the broker reports them; the socket's path is all we need
		if err != nil && !errors.As(err, &mistakes) {
			return err
		}
		socket = string(t.Admin.Socket)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://twohop"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := console.Client(socket).Do(req)
	if err != nil {
		return hinted{unreachable{fmt.Errorf("the broker cannot be reached: %w", err)}, "is it running, as the same user? --socket names another socket"}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	var said struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return fmt.Errorf("the broker's answer is not JSON: %w", err)
	}
	if said.Error != "" {
		return refusal{said.Error}
	}
	return json.Unmarshal(data, answer)
}
