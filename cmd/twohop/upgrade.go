package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"twohop/audit"
	"twohop/console"
)

func upgradeCommand() *command {
	return &command{
		name: "upgrade", usage: "[FILE] [--socket PATH]", args: 1,
		about: "put a new twohop in the place of the running one, without losing a call",
		long: `Tells the broker that runs with FILE (default routes.yaml) to start the program that is
now at its path on disk, with the same arguments, and to hand its listening sockets to it.
Once the new process serves, the old one takes no more connections; its calls and streams
go on until they end, at most for shutdown.limit. If the new one does not come up, the old
one goes on, why is printed, and the exit status is 1. Not on Windows.

Example: install -m 755 twohop /usr/local/bin/ && twohop upgrade /etc/twohop/routes.yaml`,
		flags: socketFlag,
		run: func(ctx context.Context, e *env, in *invocation) error {
			var answer console.Successor
			err := tell(ctx, e, in, in.file(0), "/upgrade", &answer)
			var no refusal
			if errors.As(err, &no) {
				fmt.Fprintln(e.stdout, no.text)
				return errors.New("no upgrade; the broker goes on as it is")
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "process %d serves; process %d ends when its calls and connections are over, or at shutdown.limit\n", answer.Process, answer.Old)
			return nil
		},
	}
}

// startLimit is how long a new broker may take to serve.
const startLimit = 40 * time.Second

// upgrade starts the program anew and hands over to it: it returns when the new process
// serves, and then this one leaves. On an error everything goes on as before. user is
// who asked.
func (s *server) upgrade(user string) (*console.Successor, error) {
	if err := s.claim(); err != nil {
		return nil, err
	}
	pid, err := s.replace(user)
	if err != nil {
		s.log.Error("no upgrade; this process serves on", "user", user, "error", err.Error())
		s.record(user, "hand-over failed, process %d serves on: %v", os.Getpid(), err) // a lost log is told of elsewhere
		s.mu.Lock()
		s.upgrading = false
		s.mu.Unlock()
		return nil, err
	}
	s.log.Info("handed over", "user", user, "to", pid)
	s.record(user, "hand-over finished: process %d serves, process %d ends with its calls", pid, os.Getpid()) // it has to leave anyway
	close(s.handed)
	return &console.Successor{Process: pid, Old: os.Getpid()}, nil
}

// claim makes sure that nothing else changes the broker meanwhile.
func (s *server) claim() error {
	switch {
	case runtime.GOOS == "windows":
		return errors.New("a listening socket cannot be handed to another process on Windows; stop the broker and start the new one")
	case os.Getpid() == 1:
		return errors.New("this broker is the first process of its container, which ends with it; start a new container instead")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.busy(); err != nil {
		return err
	}
	s.upgrading = true
	return nil
}

// busy says why the broker cannot be changed now; s.mu is held.
func (s *server) busy() error {
	switch {
	case s.draining.Load():
		return errors.New("the broker is stopping")
	case s.upgrading:
		return errors.New("the broker is handing over to a new process; try again")
	}
	return nil
}

// record writes an event of the hand-over to the audit log.
func (s *server) record(user, format string, args ...any) error {
	return s.audit.AppendEvent(&audit.Event{Time: s.now(), User: user, Kind: audit.AboutBroker, Name: s.program, What: fmt.Sprintf(format, args...), Config: s.table.Hash()})
}

// replace starts the new process and waits until it serves.
func (s *server) replace(user string) (pid int, err error) {
	if err := s.record(user, "hand-over begun by process %d", os.Getpid()); err != nil {
		return 0, err
	}
	cmd, said, err := s.successor(user)
	if err != nil {
		return 0, err
	}
	defer said.Close()
	s.log.Info("handing over", "user", user, "program", cmd.Path, "to", cmd.Process.Pid)
	overdue := time.AfterFunc(startLimit, func() { cmd.Process.Kill() })
	stopped := context.AfterFunc(s.stopping, func() { cmd.Process.Kill() })
	words, ready := hear(said)
	intime, wanted := overdue.Stop(), stopped()
	if ready && intime && wanted {
		s.unlinkOnClose(false)
		s.notify(fmt.Sprintf("MAINPID=%d", cmd.Process.Pid))
		go cmd.Wait() // this process may live on for a while
		return cmd.Process.Pid, nil
	}
	cmd.Process.Kill()
	cmd.Wait() // how it ended is in its state
	switch {
	case !wanted:
		return 0, errors.New("the broker is stopping")
	case !intime:
		return 0, fmt.Errorf("the new process did not serve within %v and was stopped; so far it said:\n%s", startLimit, words)
	case words == "":
		return 0, fmt.Errorf("the new process ended before it served (%v) and without a word; the broker's log may have its last ones", cmd.ProcessState)
	}
	return 0, fmt.Errorf("the new process ended before it served (%v):\n%s", cmd.ProcessState, words)
}

// successor starts the program with this process's arguments and listening sockets.
func (s *server) successor(user string) (_ *exec.Cmd, said *os.File, err error) {
	said, words, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	files := []*os.File{words}
	defer func() {
		for _, f := range files {
			f.Close()
		}
		if err != nil {
			said.Close()
		}
	}()
	h := handover{From: os.Getpid(), User: user}
	for i, l := range s.servers {
		f, err := duplicate(l.Listener)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.what, err)
		}
		files = slices.Insert(files, i, f)
		h.Sockets = append(h.Sockets, handedSocket{l.what, l.address, l.systemd})
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(s.program, os.Args[1:]...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "WATCHDOG_PID=") }), handoverVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = os.Stdout, os.Stderr, files
	return cmd, said, cmd.Start()
}

// hear reads what a new process says until it serves or ends.
func hear(r io.Reader) (words string, ready bool) {
	var all strings.Builder
	for lines := bufio.NewReader(io.LimitReader(r, 1<<20)); ; {
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) == serves {
			return all.String(), true
		}
		all.WriteString(line)
		if err != nil {
			return strings.TrimSpace(all.String()), false
		}
	}
}

// unlinkOnClose says whether the Unix socket goes when this process closes it: only when
// this process alone serves, and systemd does not.
func (s *server) unlinkOnClose(yes bool) {
	for _, l := range s.servers {
		if u, ok := l.Listener.(*net.UnixListener); ok && !l.systemd {
			u.SetUnlinkOnClose(yes)
		}
	}
}

// program is the path that this process was started by: what lies there later is the
// new version, also when it is a symbolic link to the versions.
func program() (string, error) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return os.Executable()
	}
	return filepath.Abs(path)
}
