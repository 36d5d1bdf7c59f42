//go:build linux

package faults

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// to dials an address of this machine.
func to(addr string) dialFunc {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", addr) }
}

// TestNoFileDescriptorIsLeft takes the broker's descriptors away while it runs. A call on
// a kept connection is told that it is the broker's fault, new callers wait, and when
// there are descriptors again everything goes on.
func TestNoFileDescriptorIsLeft(t *testing.T) {
	t.Parallel()
	s := startService(t, plain)
	b := newBroker(t, routesTo(plain, s.Addr(), "", 100*time.Millisecond))
	b.Start(options{})
	c := b.caller(to(b.Addr))
	defer c.close()
	if one := c.do(t.Context(), get, "none", s, nil); !one.Whole { // and the caller keeps its connection
		t.Fatal(one)
	}
	kept := func() bool { return b.Metrics()["twohop_connections"] == 1 }
	var rest use
	eventually(t, patience, "the connection to the target to be closed", func() bool { rest = b.use(); time.Sleep(150 * time.Millisecond); return b.use() == rest && kept() })

	// A limit on the highest number: nothing that is open is closed.
	var old unix.Rlimit
	pid := b.cmd.Process.Pid
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &old); err != nil {
		t.Fatal(err)
	}
	before := b.Metrics()
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}, nil); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		one := c.do(t.Context(), post, "none", s, nil)
		if one.Status != http.StatusInternalServerError || one.Code != "internal_error" {
			t.Errorf("without a descriptor for the target: %v", one)
		}
		if records := b.Records(one.ID); len(records) != 2 || records[1].StatusCode != "internal_error" || records[1].Unmapped.Outcome != "broken" {
			t.Errorf("the records are %+v", records)
		}
	}
	if n := s.orders.Load(); n != 0 {
		t.Errorf("the target got %d calls", n)
	}
	waiting := make(chan seen)
	for range 10 {
		go func() {
			c := b.caller(to(b.Addr))
			defer c.close()
			waiting <- c.do(t.Context(), get, "none", s, nil)
		}()
	}
	select {
	case one := <-waiting:
		t.Errorf("a new caller was let in without a descriptor: %v", one)
	case <-time.After(500 * time.Millisecond):
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &old, nil); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if one := <-waiting; !one.Whole {
			t.Errorf("a caller that had waited for a descriptor: %v", one)
		}
	}
	if one := c.do(t.Context(), post, "none", s, nil); !one.Whole {
		t.Errorf("when there are descriptors again: %v", one)
	}
	if n := b.Metrics()[`twohop_faults_total{code="internal_error",route="none"}`] - before[`twohop_faults_total{code="internal_error",route="none"}`]; n != 5 {
		t.Errorf("the metric counts %v calls that failed, want 5", n)
	}
	eventually(t, patience, "nothing to be left of the calls", func() bool {
		now := b.use()
		return now.goroutines <= rest.goroutines && now.descriptors <= rest.descriptors
	})
}
