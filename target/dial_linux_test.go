package target

import (
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"twohop/internal/fault"
)

// full is a port whose queue of connections is full: the kernel drops what else comes,
// as a firewall does.
func full(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*unix.SockaddrInet4).Port)
	for range 10 {
		c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the queue of connections does not fill")
	return ""
}

func TestAConnectionThatIsNotAcceptedTimesOut(t *testing.T) {
	c := plain(full(t))
	c.Connect = 150 * time.Millisecond
	x := newTarget(t, c)
	_, _, err := call(x, request(t, x, "POST", "/", nil), patient)
	isFault(t, err, fault.TargetConnectTime, "within 150ms")

	c.Connect = 3 * time.Second // the call's own limit comes first
	x = newTarget(t, c)
	_, _, err = call(x, request(t, x, "POST", "/", nil), Limits{FirstByte: 150 * time.Millisecond})
	isFault(t, err, fault.TargetConnectTime, "nothing was sent")
}
