//go:build linux

package attack

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// flood is much of something. It is bounded by its count and by floodTime; it ends early
// when the broker closes.
type flood struct {
	name, sends string
	conns       int // at a time
	count       int // on each connection

	http1 func(c *tls.Conn, i int) error
	open  func(h *h2) // before the first
	http2 func(h *h2, i int) error
}

// floodTime is the longest that one flood is sent for; floodHold is how long its
// connections are kept open at least, for what was sent to take effect.
const (
	floodTime = 5 * time.Second
	floodHold = 2 * time.Second
)

// floodMemory is the most that the broker, as it is released, may hold during any flood.
// It takes a third of it in the worst.
const floodMemory = 512 << 20

func floods() []flood {
	long := strings.Repeat("y", 4000)
	return []flood{
		{name: "fields", sends: "heads of 20,000 fields", conns: 4, count: 50, http1: func(c *tls.Conn, _ int) error {
			return write(c, req("GET /open/a", strings.Split(strings.Repeat("X: y\n", 20000), "\n")[:20000]...))
		}},
		{name: "a line", sends: "a field of 1 MiB", conns: 8, count: 50, http1: func(c *tls.Conn, _ int) error {
			return write(c, req("GET /open/a", "X: "+strings.Repeat("y", 1<<20)))
		}},
		{name: "a slow head", sends: "one byte of a head after the other", conns: 200, count: 40, http1: func(c *tls.Conn, i int) error {
			time.Sleep(100 * time.Millisecond) // slowness is what is tested
			return write(c, ("GET /open/a HTTP/1.1\r\nX: " + strings.Repeat("y", 100))[i:i+1])
		}},
		{name: "a slow body", sends: "one byte of a body after the other", conns: 200, count: 40, http1: func(c *tls.Conn, i int) error {
			time.Sleep(100 * time.Millisecond)
			if i == 0 {
				return write(c, req("POST /open/a", "Content-Length: 1000"))
			}
			return write(c, "y")
		}},
		{name: "a pipeline", sends: "requests whose answers nobody reads", conns: 8, count: 5000, http1: func(c *tls.Conn, _ int) error {
			return write(c, hidden)
		}},
		{name: "chunks", sends: "a body in chunks of one byte", conns: 4, count: 20000, http1: func(c *tls.Conn, i int) error {
			if i == 0 {
				return write(c, chunked())
			}
			return write(c, strings.Repeat("1\r\ny\r\n", 10))
		}},
		{name: "rapid reset", sends: "HEADERS and RST_STREAM", conns: 4, count: 5000, http2: func(h *h2, i int) error {
			h.headers(stream(i), true, get()...)
			return h.WriteRSTStream(stream(i), http2.ErrCodeCancel)
		}},
		{name: "made to reset", sends: "HEADERS and a WINDOW_UPDATE of 0, for which the broker resets", conns: 4, count: 5000, http2: func(h *h2, i int) error {
			h.headers(stream(i), true, get()...)
			return h.WriteWindowUpdate(stream(i), 0)
		}},
		{name: "CONTINUATION", sends: "a header block in frames of 16 KiB that never ends", conns: 4, count: 10000, http2: func(h *h2, i int) error {
			block := h.encode("x=" + strings.Repeat("y", 16<<10))
			if i == 0 {
				return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:16<<10]})
			}
			return h.WriteContinuation(1, false, block[:min(len(block), 16<<10)])
		}},
		{name: "empty CONTINUATION", sends: "a header block in empty frames that never ends", conns: 4, count: 200000, http2: func(h *h2, i int) error {
			if i == 0 {
				return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.encode(get()...)})
			}
			return h.WriteContinuation(1, false, nil)
		}},
		{name: "HPACK", sends: "one field of 4,000 bytes, named by its index 1,000 times a request", conns: 4, count: 50, http2: func(h *h2, i int) error {
			block := h.encode(get("x=" + long)...) // the first time it enters the table, then it is a byte or two
			last := block[len(block)-1:]
			if i > 0 {
				block = append(block, []byte(strings.Repeat(string(last), 1000))...)
			}
			return h.WriteHeaders(http2.HeadersFrameParam{StreamID: stream(i), BlockFragment: block, EndStream: true, EndHeaders: true})
		}},
		{name: "SETTINGS", sends: "SETTINGS whose answers nobody reads", conns: 4, count: 100000, http2: func(h *h2, _ int) error { return h.WriteSettings() }},
		{name: "PING", sends: "PING whose answers nobody reads", conns: 4, count: 100000, http2: func(h *h2, _ int) error { return h.WritePing(false, [8]byte{}) }},
		{name: "empty DATA", sends: "DATA without a byte", conns: 4, count: 100000, open: func(h *h2) { h.headers(1, false, post()...) }, http2: func(h *h2, _ int) error { return h.WriteData(1, false, nil) }},
		{name: "WINDOW_UPDATE", sends: "WINDOW_UPDATE of 1", conns: 4, count: 100000, http2: func(h *h2, _ int) error { return h.WriteWindowUpdate(0, 1) }},
		{name: "PRIORITY", sends: "PRIORITY for streams that are not open", conns: 4, count: 100000, http2: func(h *h2, i int) error {
			return h.WritePriority(stream(i), http2.PriorityParam{StreamDep: stream(i) + 2, Weight: 7})
		}},
		{name: "streams", sends: "streams that are opened and never ended", conns: 4, count: 2000, http2: func(h *h2, i int) error {
			h.headers(stream(i), false, post()...)
			return nil
		}},
		{name: "a window of 0", sends: "requests whose answers may not be sent", conns: 4, count: 2000, open: func(h *h2) {
			h.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		}, http2: func(h *h2, i int) error {
			h.headers(stream(i), true, get()...)
			return nil
		}},
		{name: "silence", sends: "a TLS handshake and nothing more", conns: 300, count: 10, http1: func(*tls.Conn, int) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		}},
	}
}

// stream is the i-th stream that a client opens.
func stream(i int) uint32 { return uint32(2*i + 1) }

func write(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

func floodsSection() string {
	var b strings.Builder
	b.WriteString("\n## Floods\n\nEach is sent to twohop alone, for at most " + floodTime.String() + ". Meanwhile honest calls on other connections must be answered, and the broker's memory stays\nbelow a bound; `make attack` prints what was measured.\n\n| flood | sends | connections | times on each, at most |\n| --- | --- | --- | --- |\n")
	for _, f := range floods() {
		fmt.Fprintf(&b, "| %s | %s | %d | %d |\n", f.name, f.sends, f.conns, f.count)
	}
	return b.String()
}

func TestFloods(t *testing.T) {
	ours, b := startOurs(t, options{plain: true})
	for _, f := range floods() {
		t.Run(f.name, func(t *testing.T) {
			b.forgetPeak()
			done := make(chan int)
			go func() { done <- f.run(ours) }()
			calls, slowest, sent := 0, time.Duration(0), -1
			for sent < 0 || calls == 0 {
				begin := time.Now()
				if _, err := ours.honest(); err != nil {
					t.Fatalf("honest call %d during the flood: %v", calls+1, err)
				}
				calls++
				slowest = max(slowest, time.Since(begin))
				select {
				case sent = <-done:
				default:
				}
			}
			peak := b.memory("VmHWM")
			t.Logf("%d sent; %d honest calls answered meanwhile, the slowest in %v; at most %d MiB", sent, calls, slowest.Round(time.Millisecond), peak>>20)
			if peak > floodMemory {
				t.Errorf("the broker took %d MiB", peak>>20)
			}
			if _, err := ours.honest(); err != nil || !b.alive() {
				t.Errorf("after the flood: %v", err)
			}
			for _, r := range ours.target.take() {
				if r.Fault != "" && r.Fault != "cut" {
					t.Errorf("at the target: %s: %.300q", r.Fault, r.Raw)
				}
			}
		})
	}
}

// run floods on all connections at once and returns how much was sent.
func (f flood) run(to *front) int {
	var wg sync.WaitGroup
	sent := make([]int, f.conns)
	for n := range sent {
		wg.Go(func() {
			if f.http1 != nil {
				sent[n] = f.runHTTP1(to)
			} else {
				sent[n] = f.runHTTP2(to)
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range sent {
		sum += n
	}
	return sum
}

func (f flood) runHTTP1(to *front) int {
	c, err := to.dial("http/1.1")
	if err != nil {
		return 0 // the broker may turn connections away
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(floodTime))
	defer hold(time.Now())
	for i := range f.count {
		if err := f.http1(c, i); err != nil {
			return i
		}
	}
	return f.count
}

func (f flood) runHTTP2(to *front) int {
	h, err := to.openH2()
	if err != nil {
		return 0
	}
	defer h.conn.Close()
	h.conn.SetDeadline(time.Now().Add(floodTime))
	defer hold(time.Now())
	out := bufio.NewWriterSize(h.conn, 16<<10)
	h.Framer = http2.NewFramer(out, h.conn)
	h.AllowIllegalWrites = true
	if f.open != nil {
		f.open(h)
	}
	for i := range f.count {
		if err := f.http2(h, i); err != nil {
			return i
		}
	}
	if out.Flush() != nil {
		return 0
	}
	return f.count
}

func hold(since time.Time) { time.Sleep(time.Until(since.Add(floodHold))) }

// forgetPeak makes VmHWM begin anew (proc(5), clear_refs).
func (b *broker) forgetPeak() {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", b.cmd.Process.Pid), []byte("5"), 0); err != nil {
		b.t.Logf("the peak of memory is that of all floods so far: %v", err)
	}
}
