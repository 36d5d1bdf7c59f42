//go:build linux

package faults

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// network is three hosts in network namespaces of their own, for what no proxy can do:
// packets that vanish, cables that are pulled, name servers that fail. Its addresses are
// those of documentation (RFC 5737) and exist in the namespaces alone.
//
//	caller 192.0.2.2 --- 192.0.2.1 broker 198.51.100.1 --- 198.51.100.2 target
type network struct {
	t                      testing.TB
	caller, broker, target *host
	names                  *nameServer // of the broker
	service                string      // where the target listens
}

const (
	doorAddr   = "192.0.2.1:8443"
	targetIP   = "198.51.100.2"
	targetName = "wms.contoso.example"
)

func startNetwork(t testing.TB) *network {
	t.Helper()
	need(t, "ip", "iproute2")
	need(t, "nft", "nftables")
	n := &network{t: t, caller: newHost(t, "caller"), broker: newHost(t, "broker"), target: newHost(t, "target")}
	n.wire(n.caller, "192.0.2.2/24", n.broker, "192.0.2.1/24")
	n.wire(n.target, targetIP+"/24", n.broker, "198.51.100.1/24")
	etc := filepath.Join("/etc/netns", n.broker.name) // ip netns exec puts it over /etc
	if err := os.MkdirAll(etc, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(etc) })
	if err := os.WriteFile(filepath.Join(etc, "resolv.conf"), []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	n.names = startNames(t, n.broker)
	return n
}

// wire joins a host to the broker's.
func (n *network) wire(h *host, addr string, b *host, other string) {
	n.t.Helper()
	far := "to-" + h.what
	h.ip("link", "add", "eth0", "type", "veth", "peer", "name", far, "netns", b.name)
	h.ip("addr", "add", addr, "dev", "eth0")
	h.ip("link", "set", "eth0", "up")
	b.ip("addr", "add", other, "dev", far)
	b.ip("link", "set", far, "up")
}

// host returns the one at the far end of a hop.
func (n *network) host(at hop) *host {
	if at == atCaller {
		return n.caller
	}
	return n.target
}

// heal makes everything work again, and returns when packets go through: a cable that is
// plugged in takes a moment.
func (n *network) heal() {
	n.t.Helper()
	n.names.say(namesAnswer)
	for _, h := range []*host{n.caller, n.target} {
		h.run("nft", "flush ruleset")
		h.ip("link", "set", "eth0", "up")
	}
	eventually(n.t, patience, "the network to work again", func() bool {
		return reaches(n.caller, doorAddr) && reaches(n.broker, n.service)
	})
}

// reaches reports whether a connection from h to addr comes about at once.
func reaches(h *host, addr string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := h.dial(ctx, addr)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// host is a network namespace. One thread lives in it; sockets made there belong to it.
type host struct {
	t          testing.TB
	what, name string
	work       chan func()
}

func newHost(t testing.TB, what string) *host {
	t.Helper()
	h := &host{t: t, what: what, name: fmt.Sprintf("twohop-%d-%s-%s", os.Getpid(), strings.ToLower(rand.Text()[:4]), what), work: make(chan func())}
	if out, err := exec.Command("ip", "netns", "add", h.name).CombinedOutput(); err != nil {
		absent(t, "network namespaces need root: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("ip", "netns", "del", h.name).Run() })
	entered := make(chan error)
	var living sync.WaitGroup
	living.Go(func() {
		runtime.LockOSThread() // and no UnlockOSThread: the thread ends with its goroutine
		entered <- enter(h.name)
		for f := range h.work {
			f()
		}
	})
	t.Cleanup(func() {
		close(h.work)
		living.Wait()
	})
	if err := <-entered; err != nil {
		t.Fatal(err)
	}
	h.ip("link", "set", "lo", "up")
	return h
}

// enter moves the calling thread into a namespace.
func enter(name string) error {
	f, err := os.Open(filepath.Join("/run/netns", name))
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
}

// do runs f on the host's thread. f must not end its goroutine.
func (h *host) do(f func()) {
	done := make(chan struct{})
	h.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (h *host) ip(args ...string) { h.t.Helper(); h.run("ip", args...) }

// run runs a program on the host.
func (h *host) run(program string, args ...string) {
	h.t.Helper()
	all := append([]string{"netns", "exec", h.name, program}, args...)
	if out, err := exec.Command("ip", all...).CombinedOutput(); err != nil {
		h.t.Errorf("ip %s: %v %s", strings.Join(all, " "), err, out) // not Fatal: it is called in the middle of calls
	}
}

// filter makes the host do with every packet, in and out, what verdict says.
func (h *host) filter(verdict string) {
	h.t.Helper()
	for _, hook := range []string{"input", "output"} {
		h.run("nft", fmt.Sprintf("add table inet faults; add chain inet faults %s { type filter hook %s priority 0; }; add rule inet faults %s %s", hook, hook, hook, verdict))
	}
}

// refuse makes the host answer every packet that comes in so.
func (h *host) refuse(with string) {
	h.t.Helper()
	h.run("nft", "add table inet faults; add chain inet faults input { type filter hook input priority 0; }; add rule inet faults input meta l4proto tcp reject with "+with)
}

// dial connects from the host to an IP address and port. The socket is made on the
// host's thread; the wait for the connection is elsewhere, and keeps nobody.
func (h *host) dial(ctx context.Context, addr string) (net.Conn, error) {
	to, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	var fd int
	h.do(func() { fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0) })
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), addr)
	defer f.Close()
	sa := &unix.SockaddrInet4{Port: to.Port}
	copy(sa.Addr[:], to.IP.To4())
	if err := unix.Connect(fd, sa); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return nil, err
	}
	for {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 20)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if ready == 0 || errors.Is(err, unix.EINTR) {
			continue
		}
		if e, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || e != 0 {
			return nil, errors.Join(err, unix.Errno(e))
		}
		return net.FileConn(f)
	}
}

// serve listens on the host and passes every connection on to addr outside, until the
// test ends.
func (h *host) serve(listen, addr string) (port int) {
	h.t.Helper()
	var l net.Listener
	var err error
	h.do(func() { l, err = net.Listen("tcp", listen) })
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var relays sync.WaitGroup
	relays.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			relays.Go(func() { relay(ctx, in.(*net.TCPConn), addr) })
		}
	})
	h.t.Cleanup(func() {
		l.Close()
		cancel()
		relays.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// relay passes bytes both ways until one side ends.
func relay(ctx context.Context, in *net.TCPConn, addr string) {
	defer in.Close()
	out, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer out.Close()
	stop := context.AfterFunc(ctx, func() {
		in.Close()
		out.Close()
	})
	defer stop()
	var up sync.WaitGroup
	up.Go(func() {
		io.Copy(out, in)
		out.Close()
	})
	io.Copy(in, out)
	in.Close()
	up.Wait()
}
