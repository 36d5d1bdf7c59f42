//go:build linux

// Bench runs twohop beside nginx, HAProxy, Caddy and a bare httputil.ReverseProxy on the
// same work in one run, and prints what each call costs as Markdown tables.
//
//	go run ./tests/bench                     # everything, about ten minutes
//	go run ./tests/bench -quick              # under a minute
//	go run ./tests/bench -work 1k-plain,stream -proxies twohop,nginx -rounds 5
//	go run ./tests/bench -work 1k-plain -before ./old-twohop    # another build beside this one
//	go run ./tests/bench -work 1k-plain -profile cpu.pprof      # where twohop's time goes
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "burn":
		burn(300 * time.Millisecond)
		fmt.Print("x")
		os.Stdin.Read(make([]byte, 1)) // until its parent has looked
		return
	case len(os.Args) == 6 && os.Args[1] == "baseline":
		fmt.Fprintln(os.Stderr, baseline(os.Args[2], os.Args[3], os.Args[4], os.Args[5]))
		os.Exit(1)
	}
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

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
	f.DurationVar(&p.seconds, "seconds", 2*time.Second, "length of one run")
	f.IntVar(&p.rate, "rate", 2000, "requests a second of the paced work")
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
	if *list {
		for _, w := range works() {
			fmt.Printf("%-14s %s\n", w.name, w.about)
		}
		os.Exit(0)
	}
	if *quick {
		p.rounds, p.seconds, p.idle = 1, time.Second, min(p.idle, 1000)
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
	if p.profile != "" {
		if len(p.works) != 1 {
			return plan{}, fmt.Errorf("-profile takes one -work")
		}
		p.proxies, p.rounds = []string{"twohop"}, 1
	}
	return p, nil
}

func bench() error {
	p, err := parse()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // processes end with the thread that started them
	for _, tool := range []string{"wrk", "nginx"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w (Debian: wrk nginx-light haproxy)", err)
		}
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	files, err := openFiles(2*p.idle + 2000)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(p.dir, "twohop-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := openStage(dir, p.workers, files)
	if err != nil {
		return err
	}
	defer s.target.stop()
	proxies, err := p.build(s, root)
	if err != nil {
		return err
	}
	about, err := describe(s, p.options, p.rounds)
	if err != nil {
		return err
	}
	fmt.Print(about)
	return p.run(s, proxies)
}

// build prepares the proxies that the plan names.
func (p plan) build(s *stage, root string) ([]proxy, error) {
	var proxies []proxy
	for _, name := range p.proxies {
		switch name {
		case "twohop":
			bin, err := filepath.Join(s.Dir, "twohop"), error(nil)
			if p.profile != "" {
				err = buildProfiled(s, root, bin)
			} else {
				err = build(root, "./cmd/twohop", bin, "-trimpath", "-ldflags", "-s -w")
			}
			if err != nil {
				return nil, err
			}
			proxies = append(proxies, ours(name, bin))
			if p.before != "" {
				proxies = append(proxies, ours("before", p.before))
			}
		case "nginx":
			proxies = append(proxies, nginx())
		case "haproxy":
			proxies = append(proxies, haproxy())
		case "httputil":
			proxies = append(proxies, reverseProxy())
		case "caddy":
			bin := filepath.Join(s.Dir, "caddy.bin")
			if err := build(filepath.Join(root, "tests", "tools", "caddy"), "github.com/caddyserver/caddy/v2/cmd/caddy", bin); err != nil {
				return nil, err
			}
			proxies = append(proxies, caddy(bin))
		default:
			return nil, fmt.Errorf("unknown proxy %q; there are twohop, nginx, haproxy, httputil and caddy", name)
		}
	}
	return proxies, nil
}

// run measures and prints, work by work.
func (p plan) run(s *stage, proxies []proxy) error {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	var kept []*running
	defer func() {
		for _, r := range kept {
			r.process.stop()
		}
	}()
	for _, each := range proxies {
		r, err := each.run(s)
		if err != nil {
			return err
		}
		kept = append(kept, r)
		fmt.Fprintf(os.Stderr, "bench: %s is process %v\n", r.name, r.process.pids())
	}
	for _, w := range p.works {
		t := table{work: w, samples: map[string][]sample{}}
		for round := range p.rounds {
			for _, r := range kept {
				if w.old && r.noOld {
					continue
				}
				select {
				case <-interrupted:
					return fmt.Errorf("interrupted")
				default:
				}
				m, err := p.once(s, r, w, round)
				if err != nil {
					return err
				}
				t.add(r.name, m)
			}
			if !w.alone && p.profile == "" {
				m, err := (&running{}).measure(s, w, p.options)
				if err != nil {
					return fmt.Errorf("%s, directly: %w", w.name, err)
				}
				t.add(direct, m)
			}
		}
		t.print(os.Stdout)
	}
	return nil
}

// once measures a proxy, after a short run to warm it up in the first round.
func (p plan) once(s *stage, r *running, w work, round int) (sample, error) {
	if w.fresh {
		again, err := r.run(s)
		if err != nil {
			return sample{}, err
		}
		defer again.process.stop()
		return again.measure(s, w, p.options)
	}
	if round == 0 {
		short := p.options
		short.seconds = time.Second
		if _, err := r.measure(s, w, short); err != nil {
			return sample{}, err
		}
	}
	if p.profile != "" {
		return r.profile(s, w, p.options, p.profile)
	}
	return r.measure(s, w, p.options)
}

func (t *table) add(name string, m sample) {
	if len(t.samples[name]) == 0 {
		t.names = append(t.names, name)
	}
	t.samples[name] = append(t.samples[name], m)
}

// openFiles raises the limit of file descriptors, for this process and those it starts,
// to at least n.
func openFiles(n int) (int, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if l.Max < uint64(n) {
		return 0, fmt.Errorf("the hard limit of open files is %d, and %d are needed; fewer -idle connections need fewer", l.Max, n)
	}
	l.Cur = uint64(n)
	return n, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}
