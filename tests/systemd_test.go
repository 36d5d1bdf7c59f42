//go:build linux

package tests

import (
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"twohop/tests/peers"
)

// activated makes a prepared broker start by systemd-socket-activate, which listens at
// addresses and starts the broker at the first connection.
func (b *Broker) activated(addresses ...string) {
	b.t.Helper()
	program := peers.SocketActivate(b.t)
	b.wrap = func(command []string) []string {
		out := []string{program}
		for _, a := range addresses {
			out = append(out, "--listen="+a)
		}
		return append(append(out, "--setenv="+raceOptions), command...)
	}
}

// freeAddr is an address at which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestSocketActivation makes the first call before the broker runs.
func TestSocketActivation(t *testing.T) {
	t.Parallel()
	door, admin := freeAddr(t), freeAddr(t)
	b := New(t, fill("listen: [{address: \"DOOR\", hosts: [localhost]}]\nadmin: {address: \"ADMIN\", socket: admin.sock}\n", "DOOR", door, "ADMIN", admin)+stockRoute(plainTarget(t).Addr()))
	b.activated(door)
	go func() {
		for t.Context().Err() == nil { // until systemd-socket-activate listens
			if c, err := net.Dial("tcp", door); err == nil {
				c.Close()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	b.Start()
	if b.Addr != door || b.Admin != "http://"+admin {
		t.Errorf("listens at %s and %s", b.Addr, b.Admin)
	}
	b.Get("/stock/stock/A1001")
	if out := b.MustReload(); !strings.Contains(out, "reloaded, 0 changes") {
		t.Errorf("reload printed\n%s", out)
	}
}

// TestActivationThatDoesNotFit: the broker does not start, and says what to change.
func TestActivationThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unix bool
		want string
	}{
		"an address that the file does not have": {false, "systemd passed a socket for ADDR, which is no address in the file"},
		"a command socket that others may open":  {true, "so that others can command the broker"},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(t, stockRoute(plainTarget(t).Addr()))
			addr, network := freeAddr(t), "tcp"
			if c.unix {
				addr, network = filepath.Join(b.Dir, "admin.sock"), "unix"
			}
			cmd := exec.Command(peers.SocketActivate(t), "--listen="+addr, "--setenv="+raceOptions, twohop(t), "serve", b.File)
			var said strings.Builder
			cmd.Stderr = &said
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			for {
				select {
				case <-ended:
				case <-time.After(10 * time.Millisecond):
					if conn, err := net.Dial(network, addr); err == nil {
						conn.Close()
					}
					continue
				}
				break
			}
			if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said.String(), strings.ReplaceAll(c.want, "ADDR", addr)) || !strings.Contains(said.String(), "twohop: hint: ") {
				t.Errorf("exit %d\n%s", code, said.String())
			}
		})
	}
}

// notified is systemd's end of a notify socket.
type notified struct {
	t    *testing.T
	conn *net.UnixConn
}

func listenForNotes(t *testing.T) (n *notified, path string) {
	t.Helper()
	path = filepath.Join(short(t), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &notified{t, conn}, path
}

// next waits for a note other than the watchdog's.
func (n *notified) next() string {
	n.t.Helper()
	buf := make([]byte, 4096)
	n.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		size, err := n.conn.Read(buf)
		if err != nil {
			n.t.Fatal(err)
		}
		if text := strings.TrimSpace(string(buf[:size])); text != "WATCHDOG=1" {
			return text
		}
	}
}

// TestSystemdIsTold of what the broker does, as for a unit of Type=notify-reload.
func TestSystemdIsTold(t *testing.T) {
	t.Parallel()
	notes, path := listenForNotes(t)
	l := newLine(t, stockRoute(plainTarget(t).Addr()))
	l.env = append(l.env, "NOTIFY_SOCKET="+path)
	l.begin()
	if got := notes.next(); got != "READY=1" {
		t.Errorf("at the start: %q", got)
	}
	reloaded := func(how string) {
		t.Helper()
		if got := notes.next(); !regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=[1-9]\d*$`).MatchString(got) {
			t.Errorf("a reload by %s begins with %q", how, got)
		}
		if got := notes.next(); got != "READY=1" {
			t.Errorf("a reload by %s ends with %q", how, got)
		}
	}
	l.MustReload()
	reloaded("command")
	l.Write("routes: [")
	l.Signal(syscall.SIGHUP)
	reloaded("SIGHUP, refused,")
	l.Write(stockRoute(plainTarget(t).Addr()))
	l.Upgrade()
	if got, want := notes.next(), "MAINPID="+strconv.Itoa(l.pids[1]); got != want {
		t.Errorf("after the upgrade: %q, want %q", got, want)
	}
	l.MustReload()
	reloaded("command, of the new process,")
	l.end()
	if got := notes.next(); got != "STOPPING=1" {
		t.Errorf("at the end: %q", got)
	}
}

// TestTheWatchdogIsFed by each process of a line, and by nobody who is not asked.
func TestTheWatchdogIsFed(t *testing.T) {
	t.Parallel()
	notes, path := listenForNotes(t)
	l := newLine(t, stockRoute(plainTarget(t).Addr()))
	l.env = append(l.env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=200000")
	l.begin()
	fed := func() (n int) {
		buf := make([]byte, 4096)
		notes.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		for n < 5 {
			size, err := notes.conn.Read(buf)
			if err != nil {
				return n
			}
			if string(buf[:size]) == "WATCHDOG=1" {
				n++
			}
		}
		return n
	}
	if n := fed(); n < 5 {
		t.Errorf("only %d notes in 2 s, with a watchdog of 200 ms", n)
	}
	l.Upgrade()
	http.DefaultClient.CloseIdleConnections()
	<-l.first // nobody reads the notes meanwhile: that must not keep the process from ending
	if n := fed(); n < 5 {
		t.Errorf("only %d notes in 2 s of the new process", n)
	}
}
