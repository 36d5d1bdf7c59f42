//go:build linux

package peers

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace that holds nothing but a loopback interface. A peer
// that insists on binding every address is started in it and is then reachable by nobody
// but the relay below.
//
// A network namespace belongs to a thread. One goroutine keeps one thread for itself and
// moves it into a new namespace; sockets and programs that this goroutine makes belong to
// that namespace. The thread is never given back: it ends with its goroutine, and the
// kernel drops the namespace with the last program in it. It takes CAP_SYS_ADMIN.
type namespace struct {
	work chan func()
}

// newNamespace makes a namespace that lasts until the test ends. Cleanups registered
// later may still use it.
func newNamespace(t testing.TB) *namespace {
	t.Helper()
	n := &namespace{work: make(chan func())}
	made := make(chan error)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // and no UnlockOSThread: see above
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = loopbackUp()
		}
		made <- err
		for f := range n.work {
			f()
		}
	}()
	err := <-made
	t.Cleanup(func() {
		close(n.work)
		<-ended
	})
	if errors.Is(err, unix.EPERM) {
		absent(t, "this test needs root (CAP_SYS_ADMIN) to make a network namespace: %v", err)
	}
	if err != nil {
		t.Fatalf("peers: make a network namespace: %v", err)
	}
	return n
}

// do runs f on the namespace's thread and waits for it. f must not end its goroutine.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// dial connects inside the namespace. addr must be one IP address and port: anything
// that makes the net package start goroutines would leave the thread.
func (n *namespace) dial(ctx context.Context, addr string) (conn net.Conn, err error) {
	n.do(func() { conn, err = dialTo(addr)(ctx) })
	return conn, err
}

// relay listens on the loopback address at, outside, and passes bytes to addr inside, both ways
// and with half-closes and resets as they come, until the test ends.
func (n *namespace) relay(t testing.TB, at, addr string) string {
	t.Helper()
	outside, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatalf("peers: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			caller, err := outside.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer caller.Close()
				peer, err := n.dial(ctx, addr)
				if err != nil {
					return
				}
				defer peer.Close()
				stop := context.AfterFunc(ctx, func() {
					caller.Close()
					peer.Close()
				})
				defer stop()
				both(caller.(*net.TCPConn), peer.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		outside.Close()
		cancel()
		wg.Wait()
	})
	return outside.Addr().String()
}

// both copies until each direction has ended.
func both(a, b *net.TCPConn) {
	var wg sync.WaitGroup
	wg.Go(func() { oneWay(a, b) })
	wg.Go(func() { oneWay(b, a) })
	wg.Wait()
}

// oneWay passes on the end of a stream as an end, and its failure as a reset.
func oneWay(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err == nil {
		_ = to.CloseWrite() // fails when the other direction has failed, which closed both
		return
	}
	for _, c := range []*net.TCPConn{to, from} {
		_ = c.SetLinger(0)
		c.Close()
	}
}

// loopbackUp switches on the calling thread's loopback interface, which a new namespace
// has switched off.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
