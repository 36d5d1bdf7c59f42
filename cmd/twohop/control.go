package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

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
		flags: func(f *flag.FlagSet) {
			f.String("socket", "", "the broker's admin.socket, instead of looking it up in FILE")
		},
		run: func(ctx context.Context, e *env, in *invocation) error {
			socket := in.text("socket")
			if socket == "" {
				t, err := load(in.file(0), e.now())
				var mistakes routes.ErrorList // the broker reports them; the socket's path is all we need
				if err != nil && !errors.As(err, &mistakes) {
					return err
				}
				socket = string(t.Admin.Socket)
			}
			return reload(ctx, e, socket)
		},
	}
}

func reload(ctx context.Context, e *env, socket string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://twohop/reload", nil)
	if err != nil {
		return err
	}
	resp, err := console.Client(socket).Do(req)
	if err != nil {
		return hinted{fmt.Errorf("the broker cannot be reached: %w", err), "is it running, as the same user? --socket names another socket"}
	}
	defer resp.Body.Close()
	var answer struct {
		console.Outcome
		Error string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("the broker's answer is not JSON: %w", err)
	}
	if answer.Error != "" {
		fmt.Fprintln(e.stdout, answer.Error)
		return errors.New("the file was refused; the broker goes on with the old one")
	}
	for _, line := range answer.Changes {
		fmt.Fprintln(e.stdout, line)
	}
	for _, line := range answer.Warnings {
		fmt.Fprintln(e.stdout, "warning:", line)
	}
	for _, key := range answer.Restart {
		fmt.Fprintln(e.stdout, "needs a restart:", key)
	}
	fmt.Fprintln(e.stdout, "reloaded,", counted(len(answer.Changes), "change"))
	return nil
}

func healthCommand() *command {
	return &command{
		name: "health", usage: "[FILE] [--url URL]", args: 1,
		about: "ask the running broker whether it serves (for container health checks)",
		long: `Asks /readyz of the broker that runs with FILE (default routes.yaml), at its health or
admin address. Exit status 0 when it takes calls, else 1.

Example: twohop health /etc/twohop/routes.yaml`,
		flags: func(f *flag.FlagSet) { f.String("url", "", "the `URL` to ask, instead of looking it up in FILE") },
		run: func(ctx context.Context, e *env, in *invocation) error {
			url := in.text("url")
			if url == "" {
				t, err := load(in.file(0), e.now())
				var mistakes routes.ErrorList
				if err != nil && !errors.As(err, &mistakes) {
					return err
				}
				if url = healthURL(t); url == "" {
					return hinted{errors.New("the file has neither health.address nor admin.address"), "set one, or give --url"}
				}
			}
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return usageError{err}
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
			if resp.StatusCode != http.StatusOK {
				return errors.New(strings.TrimSpace(string(text)))
			}
			fmt.Fprintln(e.stdout, strings.TrimSpace(string(text)))
			return nil
		},
	}
}

func healthURL(t *routes.Table) string {
	address := t.Health.Address
	if address == "" {
		address = t.Admin.Address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/readyz"
}
