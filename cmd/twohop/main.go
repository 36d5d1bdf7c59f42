// Command twohop is a broker for callers that speak TLS 1.2 or newer and services
// that do not: it takes the call, finds the route in routes.yaml, and makes the second
// hop over plain HTTP or an old TLS version, under an exception that ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	_ "golang.org/x/crypto/x509roots/fallback" // public roots where the system has none: scratch images
)

// command is one subcommand.
type command struct {
	name  string
	usage string // what follows the name
	args  int    // most arguments
	about string // one line
	long  string // shown by --help, with an example
	flags func(*flag.FlagSet)
	run   func(context.Context, *env, *invocation) error
	group []*command // commands below this one, which itself then does nothing
}

// env is the process as a command sees it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
}

// invocation is the parsed command line of a subcommand.
type invocation struct {
	flags *flag.FlagSet
	args  []string
}

func (i *invocation) text(name string) string { return i.flags.Lookup(name).Value.String() }

func (i *invocation) on(name string) bool { return i.text(name) == "true" }

// file returns the nth argument, or routes.yaml.
func (i *invocation) file(n int) string {
	if len(i.args) > n {
		return i.args[n]
	}
	return "routes.yaml"
}

// commands are listed as a person meets them.
func commands() []*command {
	return []*command{demoCommand(), serveCommand(), checkCommand(), routesCommand(), sampleCommand(), diffCommand(), probeCommand(), importCommand(),
		callerCommand(), adminCommand(), auditCommand(), reloadCommand(), upgradeCommand(), exceptionCommand(), healthCommand(), schemaCommand(), versionCommand()}
}

// usageError is a mistake on the command line: exit status 2.
type usageError struct{ error }

// hinted adds what to do to an error.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// errSilent ends with status 1 when the command has said everything itself.
var errSilent = errors.New("")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], &env{os.Stdin, os.Stdout, os.Stderr, time.Now})
	stop()
	os.Exit(code)
}

// run carries out a command line: 0 is fine, 1 a check or the work failed, 2 the
// command line is wrong.
func run(ctx context.Context, args []string, e *env) int {
	err := dispatch(ctx, args, e)
	var usage usageError
	var hint hinted
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errSilent):
		return 1
	}
	fmt.Fprintln(e.stderr, "twohop: error:", err)
	if errors.As(err, &hint) {
		fmt.Fprintln(e.stderr, "twohop: hint:", hint.hint)
	}
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

func dispatch(ctx context.Context, args []string, e *env) error {
	if len(args) > 0 && (args[0] == "--version" || args[0] == "-version") {
		args = []string{"version"}
	}
	top := &command{group: commands(), about: "twohop lets TLS 1.2 callers reach services that speak less.", long: "Start with: twohop demo"}
	return top.dispatch(ctx, args, e)
}

// dispatch finds the command of a group that args name, and carries it out.
func (c *command) dispatch(ctx context.Context, args []string, e *env) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		if len(args) > 1 {
			return c.dispatch(ctx, append(args[1:], "--help"), e)
		}
		c.overview(e.stdout)
		return nil
	}
	for _, sub := range c.group {
		switch {
		case sub.name != args[0]:
		case sub.group != nil:
			return sub.dispatch(ctx, args[1:], e)
		default:
			in, err := sub.parse(c.path(""), args[1:], e)
			if err != nil {
				return err
			}
			return sub.run(ctx, e, in)
		}
	}
	return hinted{usageError{fmt.Errorf("no command %q", c.path(args[0]))}, "twohop " + c.path("help") + " lists the commands"}
}

// path returns the words of the command line up to name, a command of the group.
func (c *command) path(name string) string { return strings.TrimSpace(c.name + " " + name) }

func (c *command) overview(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nUsage: twohop %s [ARGUMENTS]\n\n", c.about, c.path("COMMAND"))
	for _, sub := range c.group {
		fmt.Fprintf(w, "  %-10s %s\n", sub.name, sub.about)
	}
	fmt.Fprintf(w, "\ntwohop %s COMMAND says more. %s\n", c.path("help"), c.long)
}

// parse reads flags before, between and after the arguments. group is the name of the
// group that c is in, "" for none.
func (c *command) parse(group string, args []string, e *env) (*invocation, error) {
	full := strings.TrimSpace(group + " " + c.name)
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	if c.flags != nil {
		c.flags(fs)
	}
	in := &invocation{flags: fs}
	for len(args) > 0 {
		if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
			c.help(e.stdout, full, fs)
			return nil, err
		} else if err != nil {
			return nil, hinted{usageError{err}, helpFor(group, c.name)}
		}
		rest := fs.Args()
		if len(rest) == 0 {
			break
		}
		in.args, args = append(in.args, rest[0]), rest[1:]
	}
	if len(in.args) > c.args {
		return nil, hinted{usageError{fmt.Errorf("unexpected argument %q", in.args[c.args])}, helpFor(group, c.name)}
	}
	return in, nil
}

// helpFor is the command line that explains a command.
func helpFor(group, name string) string {
	return "twohop " + strings.TrimSpace(group+" help "+name)
}

func (c *command) help(w io.Writer, full string, fs *flag.FlagSet) {
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", strings.TrimSpace("twohop "+full+" "+c.usage), c.long)
	first := true
	fs.VisitAll(func(f *flag.Flag) {
		if first {
			fmt.Fprint(w, "\nOptions:\n")
			first = false
		}
		arg, about := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if arg != "" {
			name += " " + arg
		}
		if f.DefValue != "" && f.DefValue != "false" {
			about += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-18s %s\n", name, about)
	})
}
