//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a program that listens.
type process struct {
	cmd    *exec.Cmd
	output string // file with what it printed
	exited chan struct{}
}

// start runs command in dir until stop, and returns when address takes connections. The
// kernel ends the process when this program dies.
func start(dir, name, address string, env []string, command ...string) (*process, error) {
	p := &process{cmd: exec.Command(command[0], command[1:]...), output: filepath.Join(dir, name+".out"), exited: make(chan struct{})}
	out, err := os.Create(p.output)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.cmd.Wait(); close(p.exited) }()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return p, nil
		}
		select {
		case <-p.exited:
			return nil, fmt.Errorf("%s ended at once: %s", name, p.printed())
		default:
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s does not listen on %s: %s", name, address, p.printed())
}

// printed is the end of what the process wrote.
func (p *process) printed() []byte {
	text, _ := os.ReadFile(p.output)
	return bytes.TrimSpace(text[max(0, len(text)-500):])
}

// pids are the process and its workers.
func (p *process) pids() []int { return family(p.cmd.Process.Pid) }

// stop ends the process and its workers.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-p.exited
	}
}

// freeAddress finds a port on loopback.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
