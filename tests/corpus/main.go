// Command corpus tries the codec on a folder of contracts beside SOAP stacks that we did
// not write, and prints what it found as Markdown.
//
//	go run ./tests/corpus -contracts DIR -oracle DIR [-work DIR] [-only NAME,...] [-findings FILE] [-page FILE]
//
// Every operation is tried with two samples: min has what must be there, full everything.
// Our body of a request is compared with those of zeep, php-soap and node-soap; our reading
// of an answer with zeep's and PHP's; and what was written is read and written again.
// docs/translation.md says by which rules.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("corpus: ")
	var b bench
	flag.StringVar(&b.contracts, "contracts", "", "folder of contracts; SOURCES.tsv there names the main file of each")
	flag.StringVar(&b.oracle, "oracle", "", "folder with zeep_oracle.py, php_oracle.php and node_oracle.js")
	flag.StringVar(&b.work, "work", filepath.Join(os.TempDir(), fmt.Sprintf("twohop-corpus-%d", os.Getuid())), "where the oracles' work is kept from run to run")
	flag.DurationVar(&b.patience, "patience", 4*time.Minute, "for one program of an oracle over one contract")
	only := flag.String("only", "", "names of contracts, by commas; all without")
	findings := flag.String("findings", "", "file that gets every difference")
	page := flag.String("page", "", "Markdown file whose part below the mark is written anew")
	jobs := flag.Int("j", 2, "contracts at a time")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	versions, err := present(ctx)
	if err != nil {
		log.Fatal(err)
	}
	found, err := try(ctx, b, *only, *jobs)
	if err != nil {
		log.Fatal(err)
	}
	var text bytes.Buffer
	report(&text, versions, found)
	os.Stdout.Write(text.Bytes())
	if *page != "" {
		if err := below(*page, text.Bytes()); err != nil {
			log.Fatal(err)
		}
	}
	if *findings != "" {
		file, err := os.Create(*findings)
		if err != nil {
			log.Fatal(err)
		}
		details(file, found)
		if err := file.Close(); err != nil {
			log.Fatal(err)
		}
	}
	for _, t := range found {
		if t.open() > 0 {
			os.Exit(1)
		}
	}
}

// try runs the contracts, several at a time, and returns what it found in their order.
func try(ctx context.Context, b bench, only string, jobs int) ([]tables, error) {
	list, err := contracts(b.contracts)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.work, 0o700); err != nil {
		return nil, err
	}
	if err := b.scripts(); err != nil {
		return nil, err
	}
	var chosen []contract
	for _, c := range list {
		if only == "" || strings.Contains(","+only+",", ","+c.name+",") {
			chosen = append(chosen, c)
		}
	}
	found := make([]tables, len(chosen))
	slots := make(chan struct{}, max(1, jobs))
	var all sync.WaitGroup
	for i, c := range chosen {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			x := &trial{bench: b, contract: c}
			found[i] = x.run(ctx)
		})
	}
	all.Wait()
	return found, ctx.Err()
}

// mark is the line of a page below which the report stands.
const mark = "<!-- written by make corpus -->\n"

// below replaces what stands below the mark in a file.
func below(file string, text []byte) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, _, found := bytes.Cut(page, []byte(mark))
	if !found {
		return fmt.Errorf("%s has no line %q", file, strings.TrimSpace(mark))
	}
	return os.WriteFile(file, slices.Concat(head, []byte(mark+"\n"), text), 0o644)
}
