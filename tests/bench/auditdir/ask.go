//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"twohop/tests/auditgen"
)

// ask times twohop audit show, with the files in memory and without.
func ask(ctx context.Context, dir string) error {
	program := filepath.Join(os.TempDir(), fmt.Sprintf("twohop-auditdir-%d", os.Getpid()))
	defer os.Remove(program)
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "twohop/cmd/twohop").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	id, err := middle(ctx, program, dir)
	if err != nil {
		return err
	}
	fmt.Print("| question | rows | cold, s | warm, s | CPU, s | memory, MB |\n| --- | --: | --: | --: | --: | --: |\n")
	for _, q := range []string{
		"show", "show --day 2026-01-13 --hop2 1.0", "show --day 2026-01-13 --all", "show --caller caller-00", "show --caller caller-19", "show --caller " + auditgen.Rare + " --all", "show --route route-17",
		"show --route route-17 --caller caller-19 --day 2026-01-13 --all", "show --id " + id, "show --id ffffffffffffffffffffffffffffffff", "show --caller nobody", "show --outcome unfinished --all", "show --code target_unreachable",
		"show --caller caller-19 --all", "export --format csv --day 2026-01-13", "export --format cef --since 2026-01-13 --until 2026-01-19",
	} {
		var cost [2]cost
		for i := range cost {
			if i == 0 {
				if err := forget(dir); err != nil {
					return err
				}
			}
			if cost[i], err = measure(ctx, program, dir, q); err != nil {
				return err
			}
		}
		fmt.Printf("| `%s` | %d | %.2f | %.2f | %.2f | %d |\n", strings.Replace(q, id, "ID", 1), cost[1].rows, cost[0].wall.Seconds(), cost[1].wall.Seconds(), cost[1].cpu.Seconds(), max(cost[0].memory, cost[1].memory)>>20)
	}
	return nil
}

type cost struct {
	wall, cpu time.Duration
	memory    int64
	rows      int
}

// measure runs a command and counts its rows.
func measure(ctx context.Context, program, dir, question string) (cost, error) {
	words := strings.Fields(question)
	cmd := exec.CommandContext(ctx, program, append([]string{"audit", words[0], dir}, words[1:]...)...)
	rows := &counter{}
	cmd.Stdout = rows
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", question, err, said.String())
	}
	wall := time.Since(began)
	use := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), use.Maxrss << 10, max(0, rows.n-1)}, nil
}

// counter counts lines.
type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// middle returns the id of a call from the middle of the log.
func middle(ctx context.Context, program, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "audit", "show", dir, "--limit", "1", "--until", "2026-01-13").Output()
	if err != nil {
		return "", err
	}
	words := strings.Fields(string(out))
	return words[len(words)-1], nil
}

// forget drops the files below dir from the page cache.
func forget(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
}
