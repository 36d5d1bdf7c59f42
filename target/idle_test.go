package target

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twohop/internal/fault"
)

func TestConnectionsRetireAndDNSIsAskedAgain(t *testing.T) {
	one := counting(t, hello)
	_, port, _ := net.SplitHostPort(one.addr)
	l, err := net.Listen("tcp", "127.0.0.8:"+port) // the same port on another address
	if err != nil {
		t.Skip("this system has no 127.0.0.8:", err)
	}
	s := &http.Server{Handler: http.HandlerFunc(hello)}
	go s.Serve(l)
	defer s.Close()
	var moved atomic.Bool
	asked := names(t, func(string) net.IP {
		if moved.Load() {
			return net.IPv4(127, 0, 0, 8)
		}
		return net.IPv4(127, 0, 0, 1)
	})
	c := plain("wms.test.:" + port)
	c.Age = time.Minute
	x := newTarget(t, c)
	older := func(by time.Duration) { x.idle.conns[0].born = x.idle.conns[0].born.Add(-by) }
	at := func() string {
		_, h, err := get(t, x)
		if err != nil {
			t.Fatal(err)
		}
		host, _, _ := net.SplitHostPort(h.Address)
		return host
	}
	if got := at(); got != "127.0.0.1" {
		t.Fatalf("the first call went to %s", got)
	}
	moved.Store(true)
	older(50 * time.Second)
	if got := at(); got != "127.0.0.1" || asked.Load() != 1 {
		t.Errorf("within the age a call went to %s, and DNS was asked %d times", got, asked.Load())
	}
	older(11 * time.Second)
	if got := at(); got != "127.0.0.8" {
		t.Errorf("after the age a call went to %s", got)
	}
	one.settles(t, 0, "after the age")
}

func TestAnUnusedConnectionIsClosedAfterIdle(t *testing.T) {
	s := counting(t, hello)
	c := plain(s.addr)
	c.Idle = 50 * time.Millisecond
	if _, _, err := get(t, newTarget(t, c)); err != nil {
		t.Fatal(err)
	}
	s.settles(t, 0, "after the idle time")
}

func TestCallsWaitForAFreeConnection(t *testing.T) {
	var running, most atomic.Int64
	s := counting(t, func(w http.ResponseWriter, r *http.Request) {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		running.Add(-1)
		hello(w, r)
	})
	c := plain(s.addr)
	c.MaxConnections = 2
	x := newTarget(t, c)
	var calls sync.WaitGroup
	for range 12 {
		calls.Go(func() {
			if _, _, err := get(t, x); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if most.Load() != 2 || s.opened.Load() != 2 {
		t.Errorf("%d calls ran at a time over %d connections, want 2", most.Load(), s.opened.Load())
	}
	t.Run("but not for ever", func(t *testing.T) {
		c := plain(holds(t, ""))
		c.MaxConnections = 1
		x := newTarget(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		defer calls.Wait()
		defer cancel()
		calls.Go(func() { call(x, request(t, x, "GET", "/", nil).WithContext(ctx), patient) })
		time.Sleep(short) // until it has the connection
		_, h, err := call(x, request(t, x, "POST", "/", strings.NewReader("x")), Limits{FirstByte: short})
		isFault(t, err, fault.TargetConnectTime, "became free", "nothing was sent")
		if h.Address != "" || h.Sent != 0 {
			t.Errorf("the hop says %+v", h)
		}
	})
}
