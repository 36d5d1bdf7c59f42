//go:build linux

// Bench runs twohop beside nginx, HAProxy, Caddy and a bare httputil.ReverseProxy on the
// same work in one run, and prints what each call costs as Markdown tables.
//
//	go run ./tests/bench                     # everything, about ten minutes
//	go run ./tests/bench -quick              # under a minute
//	go run ./tests/bench -work 1k-plain,stream -proxies twohop,nginx -rounds 5
//	go run ./tests/bench -work 1k-plain -before ./old-twohop    # another build beside this one
//	go run ./tests/bench -work 1k-plain -profile cpu.pprof      # where twohop's time goes
//
// The kernel's part too: start a long run, say with -seconds 30, and beside it
//
//	perf record -e cpu-clock -g -p PID sleep 10     # the PIDs are printed at the start
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return p.run(ctx, s, proxies)
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
