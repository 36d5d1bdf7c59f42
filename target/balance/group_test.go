package balance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twohop/internal/fault"
	"twohop/target"
)

func TestCallsAreSpreadAndNameTheirEndpoint(t *testing.T) {
	a, b := serve(t, "127.0.0.1:0", says("a")), serve(t, "127.0.0.1:0", says("b"))
	g := group(t, NewPool(time.Now), defaults(RoundRobin, a.addr, b.addr))
	for i := range 4 {
		want, word := a, "a"
		if i%2 == 1 {
			want, word = b, "b"
		}
		text, h, err := call(t.Context(), g, "POST", "body")
		if err != nil || text != word+" "+want.addr+" body" || h.Endpoint != want.addr || h.Address != want.addr || h.Retries != 0 {
			t.Errorf("call %d: %q, %+v, %v", i, text, h, err)
		}
	}
	for _, e := range g.Status().Endpoints {
		if e.Calls != 2 || e.InFlight != 0 || e.Failures != 0 {
			t.Errorf("%+v", e)
		}
	}
}

// A connection that does not come about harms nobody: even a POST goes elsewhere, with
// its body.
func TestACallGoesToAnotherEndpointWhenItsOwnIsGone(t *testing.T) {
	a := serve(t, "127.0.0.1:0", says("a"))
	c := defaults(PrimaryStandby, nowhere(t), nowhere(t), a.addr)
	c.Passive.Failures = 0
	g := group(t, NewPool(time.Now), c)
	text, h, err := call(t.Context(), g, "POST", "body")
	if err != nil || text != "a "+a.addr+" body" || h.Endpoint != a.addr || h.Retries != 2 {
		t.Errorf("%q, %+v, %v", text, h, err)
	}
	if s := g.Status(); s.Retries != 2 || s.Endpoints[0].Failures != 1 || s.Endpoints[1].Failures != 1 || s.Circuit.State != Closed {
		t.Errorf("%+v", s)
	}
}

func TestACallThatNoEndpointTakesFails(t *testing.T) {
	c := defaults(RoundRobin, nowhere(t), nowhere(t), nowhere(t), nowhere(t))
	g := group(t, NewPool(time.Now), c)
	_, h, err := call(t.Context(), g, "GET", "")
	isFault(t, err, fault.TargetRefused)
	if h.Retries != most-1 || h.Endpoint == "" || h.Address != "" {
		t.Errorf("%+v", h)
	}
}

// hangsUp reads a whole request and closes.
func hangsUp(t *testing.T, count *atomic.Int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			go func() {
				defer c.Close()
				if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					io.Copy(io.Discard, r.Body)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestWhatWasSentIsSentAgainOnlyWithoutHarm sends calls to an endpoint that reads them and
// hangs up.
func TestWhatWasSentIsSentAgainOnlyWithoutHarm(t *testing.T) {
	for name, c := range map[string]struct {
		method, body string
		repeatable   bool
		kept         bool // the body is at hand
		code         fault.Code
	}{
		"a GET":                                {"GET", "", false, false, ""},
		"a POST":                               {"POST", "x", false, false, fault.OutcomeUnknown},
		"a POST that may be repeated":          {"POST", "x", true, true, ""},
		"one whose body is gone":               {"POST", "x", true, false, fault.TargetClosed},
		"a kept body alone makes no repeating": {"POST", "x", false, true, fault.OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			var met atomic.Int64
			b := serve(t, "127.0.0.1:0", says("b"))
			g := group(t, NewPool(time.Now), defaults(PrimaryStandby, hangsUp(t, &met), b.addr))
			req, err := http.NewRequestWithContext(t.Context(), c.method, "http://first/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = ""
			call := &target.Call{Request: req, Limits: patient, Repeatable: c.repeatable}
			if c.kept {
				call.Data = []byte(c.body)
			} else if c.body != "" {
				req.Body, req.ContentLength = io.NopCloser(strings.NewReader(c.body)), int64(len(c.body))
			}
			h := &target.Hop{}
			resp, err := g.Do(call, h)
			if c.code != "" {
				isFault(t, err, c.code)
				if h.Retries != 0 || met.Load() != 1 {
					t.Errorf("%+v, the endpoint met %d", h, met.Load())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(text) != "b "+b.addr+" "+c.body || h.Endpoint != b.addr {
				t.Errorf("%q, %+v", text, h)
			}
		})
	}
}

// Statuses of the target count against its endpoint, and the answer passes; a SOAP Fault
// comes with 500 and does not.
func TestStatusesCount(t *testing.T) {
	status := 500
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	other := serve(t, "127.0.0.1:0", says("b"))
	g := group(t, NewPool(time.Now), defaults(PrimaryStandby, s.addr, other.addr))
	for _, status = range []int{500, 404, 429, 401, 200, 503} {
		for range 5 {
			if _, h, err := call(t.Context(), g, "GET", ""); err != nil || h.Status != status || h.Endpoint != s.addr {
				t.Fatalf("%d: %+v, %v", status, h, err)
			}
		}
		if want := map[bool]string{true: "ejected up, closed", false: "up up, closed"}[status == 503]; states(g) != want {
			t.Fatalf("after %d: %s", status, states(g))
		}
	}
}

// An answer that breaks off counts when its body ends.
func TestAnAnswerThatBreaksOffCounts(t *testing.T) {
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	g := group(t, NewPool(time.Now), defaults(PrimaryStandby, s.addr, nowhere(t)))
	for range 5 {
		_, _, err := call(t.Context(), g, "GET", "")
		isFault(t, err, fault.TargetTruncated)
	}
	if states(g) != "ejected up, closed" {
		t.Error(states(g))
	}
}

// TestCallersAndLimitsDoNotBlameTheTarget: hanging up, a total limit, and waiting for a
// free connection.
func TestCallersAndLimitsDoNotBlameTheTarget(t *testing.T) {
	hang, arrived := make(chan struct{}), make(chan struct{}, 64)
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-hang
	})
	defer close(hang)
	c := defaults(PrimaryStandby, s.addr, nowhere(t))
	c.Circuit.Any = true
	c.Endpoints[0].MaxConnections = 1
	g := group(t, NewPool(time.Now), c)
	do := func(ctx context.Context, l target.Limits) {
		req, _ := http.NewRequestWithContext(ctx, "POST", "http://first/", nil)
		if resp, err := g.Do(&target.Call{Request: req, Limits: l}, &target.Hop{}); err == nil {
			resp.Body.Close()
		}
	}
	blamed := func(when string) {
		t.Helper()
		all := g.Status()
		if got := all.Endpoints[0]; got.State != Up || got.Failures > 0 || all.Circuit.State != Closed {
			t.Errorf("%s: %+v", when, all)
		}
	}

	// Whoever has the connection, and whoever waits for it.
	var calls sync.WaitGroup
	for i := range 12 {
		calls.Go(func() {
			ctx, cancel := context.WithCancel(t.Context()) // a caller's has no deadline
			defer cancel()
			defer time.AfterFunc(300*time.Millisecond, cancel).Stop()
			l := patient
			if i%2 == 0 {
				ctx, l.Total = t.Context(), 300*time.Millisecond
			}
			do(ctx, l)
		})
	}
	calls.Wait()
	blamed("hung up, or over the total limit")

	// One has the connection for as long as the others wait for it in vain.
	for len(arrived) > 0 {
		<-arrived
	}
	ctx, cancel := context.WithCancel(t.Context())
	var holder sync.WaitGroup
	holder.Go(func() { do(ctx, target.Limits{}) })
	<-arrived
	for range 12 {
		calls.Go(func() { do(t.Context(), target.Limits{FirstByte: 200 * time.Millisecond}) })
	}
	calls.Wait()
	blamed("waited in vain for a connection")
	cancel()
	holder.Wait()
	if n := g.Status().Endpoints[0].InFlight; n != 0 {
		t.Errorf("%d calls are still running", n)
	}
}

// TestTheCircuitOfATarget goes once around with real connections: nothing is dialled while
// it is open, and a call that tries finds out by a connection alone.
func TestTheCircuitOfATarget(t *testing.T) {
	addr := nowhere(t)
	c := defaults(RoundRobin, addr)
	c.Circuit.Open = 300 * time.Millisecond
	g := group(t, NewPool(time.Now), c)
	for range 5 {
		_, _, err := call(t.Context(), g, "GET", "")
		isFault(t, err, fault.TargetRefused)
	}
	_, h, err := call(t.Context(), g, "GET", "")
	f := isFault(t, err, fault.TargetCircuitOpen)
	if f.RetryAfter < time.Second || !strings.Contains(f.Cause, "nothing accepts connections") || h.Endpoint != "" {
		t.Errorf("%+v, %+v", f, h)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, h, err = call(t.Context(), g, "GET", ""); h.Endpoint != "" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no call ever tried")
		}
	}
	isFault(t, err, fault.TargetRefused)
	serve(t, addr, says("a"))
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text, _, err := call(t.Context(), g, "GET", "")
		if err == nil && strings.HasPrefix(text, "a ") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the circuit never closed:", err)
		}
	}
	if s := g.Status().Circuit; s.State != Closed || s.Opened < 2 || s.Refused == 0 {
		t.Errorf("%+v", s)
	}
}

// A slow answer keeps nobody waiting: the probe is a connection.
func TestACircuitClosesBeforeTheAnswerComes(t *testing.T) {
	hang := make(chan struct{})
	addr := nowhere(t)
	c := defaults(RoundRobin, addr)
	c.Circuit.Open = 50 * time.Millisecond
	g := group(t, NewPool(time.Now), c)
	for range 5 {
		call(t.Context(), g, "GET", "")
	}
	var n atomic.Int64
	serve(t, addr, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			<-hang
		}
		fmt.Fprint(w, "a")
	})
	time.Sleep(100 * time.Millisecond)
	first := make(chan error, 1)
	go func() {
		_, _, err := call(context.Background(), g, "GET", "")
		first <- err
	}()
	for end := time.Now().Add(10 * time.Second); n.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the first call does not arrive")
		}
	}
	if text, _, err := call(t.Context(), g, "GET", ""); err != nil || text != "a" {
		t.Errorf("while the first waits: %q, %v", text, err)
	}
	close(hang)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// With the budget spent, a call fails instead of going elsewhere.
func TestTheBudgetHolds(t *testing.T) {
	b := serve(t, "127.0.0.1:0", says("b"))
	c := defaults(PrimaryStandby, nowhere(t), b.addr)
	c.Passive.Failures = 0
	g := group(t, NewPool(time.Now), c)
	refused := 0
	for range 50 {
		if _, _, err := call(t.Context(), g, "GET", ""); err != nil {
			isFault(t, err, fault.TargetRefused)
			refused++
			g.circuit.calm.Store(true) // not what is looked at here
		}
	}
	if s := g.Status(); s.Retries+s.Denied == 0 || s.Retries > budgetFloor+50/budgetShare || refused == 0 {
		t.Errorf("%d refused, %+v", refused, s)
	}
}

// BenchmarkDo is a whole call with one endpoint, and the same without this package.
func BenchmarkDo(b *testing.B) {
	s := serve(b, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	g := group(b, NewPool(time.Now), defaults(RoundRobin, s.addr))
	for name, do := range map[string]func(*target.Call, *target.Hop) (*http.Response, error){"balanced": g.Do, "bare": g.targets[0].Do} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req, _ := http.NewRequestWithContext(b.Context(), "GET", "http://first/", nil)
				resp, err := do(&target.Call{Request: req, Limits: patient}, &target.Hop{})
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}
