//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// plan is what the flags ask for.
type plan struct {
	options
	rounds  int
	works   []work
	proxies []string
	before  string // another twohop binary
	profile string // file
	dir     string
	workers int
}

func parse() (plan, error) {
	var p plan
	f := flag.CommandLine
	f.IntVar(&p.rounds, "rounds", 3, "measure each proxy `N` times, in turns")
	seconds := f.Int("seconds", 2, "length of one run")
	f.IntVar(&p.connections, "connections", 32, "connections of the loads of calls")
	f.IntVar(&p.rate, "rate", 1000, "requests a second of the paced work")
	f.IntVar(&p.idle, "idle", 5000, "connections of the idle work")
	f.IntVar(&p.workers, "workers", 1, "workers of nginx and threads of HAProxy")
	f.StringVar(&p.before, "before", "", "measure another twohop `binary` too")
	f.StringVar(&p.profile, "profile", "", "write a CPU profile of twohop during the (one) work to `FILE`; nothing else runs")
	f.StringVar(&p.dir, "dir", "", "where twohop's audit log and all else is kept meanwhile; a disk (default: TMPDIR)")
	names := f.String("work", "", "comma-separated works (default: all)")
	proxies := f.String("proxies", "twohop,nginx,haproxy,httputil", "comma-separated proxies; caddy is built when it is named")
	quick := f.Bool("quick", false, "one short round of some works")
	list := f.Bool("list", false, "list the works and stop")
	flag.Parse()
	if *quick {
		for name, value := range map[string]string{"rounds": "1", "seconds": "1", "idle": "1000"} {
			f.Set(name, value)
		}
		flag.Parse() // what was given by name stands
	}
	p.seconds = time.Duration(*seconds) * time.Second
	if *list {
		for _, w := range works() {
			fmt.Printf("%-14s %s\n", w.name, w.about)
		}
		os.Exit(0)
	}
	wanted := strings.FieldsFunc(*names, func(r rune) bool { return r == ',' })
	for _, w := range works() {
		at := slices.Index(wanted, w.name)
		if at >= 0 {
			wanted = slices.Delete(wanted, at, at+1)
		}
		if at >= 0 || *names == "" && (w.quick || !*quick) {
			p.works = append(p.works, w)
		}
	}
	if len(wanted) > 0 {
		return plan{}, fmt.Errorf("unknown work %s; -list names them", wanted[0])
	}
	p.proxies = strings.Split(*proxies, ",")
	if p.before != "" {
		var err error
		if p.before, err = filepath.Abs(p.before); err != nil {
			return plan{}, err
		}
		if _, err := os.Stat(p.before); err != nil {
			return plan{}, fmt.Errorf("-before: %w", err)
		}
	}
	if p.profile != "" {
		if len(p.works) != 1 {
			return plan{}, fmt.Errorf("-profile takes one -work")
		}
		p.proxies, p.rounds = []string{"twohop"}, 1
	}
	return p, nil
}
