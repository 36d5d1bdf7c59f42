package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed samples.py
var samplesPy []byte

//go:embed answers.php
var answersPHP []byte

//go:embed verdict.py
var verdictPy []byte

// bench is where the oracles work and what they left there. What is there is not made
// again: remove the directory to start afresh.
type bench struct {
	contracts string // the folder of contracts
	oracle    string // zeep_oracle.py, php_oracle.php, node_oracle.js
	work      string
	patience  time.Duration // for one program over one contract
}

// port is an entry of ports.json: the operations of one port type.
type port struct {
	Dir        string
	Binding    string // {namespace}name
	Operations []string
	Failed     map[string]string // "mode request NAME": why zeep has none
}

var modes = []string{"min", "full"}

// scripts writes our own programs beside the work.
func (b bench) scripts() error {
	for name, text := range map[string][]byte{"samples.py": samplesPy, "answers.php": answersPHP, "verdict.py": verdictPy} {
		if err := os.WriteFile(filepath.Join(b.work, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (b bench) dir(c contract) string { return filepath.Join(b.work, c.name) }

// samples asks zeep for requests and answers. A contract that zeep cannot load has none.
func (b bench) samples(ctx context.Context, c contract) (ports []port, err error) {
	list := filepath.Join(b.dir(c), "ports.json")
	if _, err := os.Stat(list); err != nil {
		if err := os.MkdirAll(b.dir(c), 0o700); err != nil {
			return nil, err
		}
		if err := b.run(ctx, "python3", filepath.Join(b.work, "samples.py"), b.oracle, c.file, b.dir(c)); err != nil {
			log.Printf("%s: zeep: %v", c.name, err)
			return nil, nil
		}
	}
	text, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	return ports, json.Unmarshal(text, &ports)
}

// others asks the other two stacks for the same requests, and PHP for its reading of the
// answers. Whatever one cannot do is simply not there afterwards.
func (b bench) others(ctx context.Context, c contract, p port) {
	done := filepath.Join(b.dir(c), p.Dir, "done")
	if _, err := os.Stat(done); err == nil {
		return
	}
	for _, mode := range modes {
		requests := filepath.Join(b.dir(c), p.Dir, mode)
		answers := filepath.Join(b.dir(c), p.Dir, "answers-"+mode)
		for _, command := range [][]string{
			{"php", filepath.Join(b.oracle, "php_oracle.php"), c.file, "--dir", requests},
			{"node", "--stack-size=4000", filepath.Join(b.oracle, "node_oracle.js"), c.file, "--dir", requests},
			{"php", filepath.Join(b.work, "answers.php"), c.file, requests, answers},
		} {
			if err := b.run(ctx, command[0], command[1:]...); err != nil {
				log.Printf("%s: %s: %v", c.name, command[0], err)
			}
		}
	}
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		log.Print(err)
	}
}

// verdicts asks libxml2 about every file.
func (b bench) verdicts(ctx context.Context, c contract, files []string) (map[string][2]string, error) {
	ctx, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, python(), filepath.Join(b.work, "verdict.py"), c.file, filepath.Join(b.contracts, ".catalog"))
	cmd.Stdin = strings.NewReader(strings.Join(files, "\n"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("verdict.py: %w: %s", err, last(stderr.String()))
	}
	verdicts := map[string][2]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3); len(f) == 3 {
			verdicts[f[0]] = [2]string{f[1], f[2]}
		}
	}
	return verdicts, nil
}

// present asks the stacks for their versions. Without zeep and PHP there is nothing to
// compare with; without node-soap two of the three remain.
func present(ctx context.Context) (string, error) {
	var versions []string
	for _, probe := range []struct {
		name, from string
		command    []string
	}{
		{"zeep", "python3-zeep", []string{python(), "-c", "import zeep, lxml; print(zeep.__version__)"}},
		{"php-soap", "php-cli and php-soap", []string{"php", "-r", "class_exists('SoapClient') or exit(1); echo PHP_VERSION;"}},
		{"node-soap", "", []string{"node", "-e", "console.log(require('soap/package.json').version)"}},
	} {
		out, err := exec.CommandContext(ctx, probe.command[0], probe.command[1:]...).Output()
		switch {
		case err == nil:
			versions = append(versions, probe.name+" "+strings.TrimSpace(string(out)))
		case probe.from != "":
			return "", fmt.Errorf("%s is missing; install Debian's %s", probe.name, probe.from)
		default:
			log.Printf("without %s: set NODE_PATH to a folder that has npm's soap", probe.name)
			versions = append(versions, "without "+probe.name)
		}
	}
	return strings.Join(versions, ", "), nil
}

// python is Debian's own, which has the modules that its packages brought.
func python() string {
	const debian = "/usr/bin/python3"
	if _, err := os.Stat(debian); err == nil {
		return debian
	}
	return "python3"
}

func (b bench) run(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	if name == "python3" {
		name = python()
	}
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, last(out.String()))
	}
	return nil
}

func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
