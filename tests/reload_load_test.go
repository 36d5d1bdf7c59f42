//go:build linux

package tests

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"twohop/console"
	"twohop/internal/legacy"
)

// manyReloads says how much TestManyReloadsUnderLoad does. TWOHOP_RELOADS=1000 asks for
// the whole of it, with the binary that is used (make reloads).
func manyReloads(t *testing.T) (reloads, streams, perSecond int, plain bool) {
	t.Helper()
	if text := os.Getenv("TWOHOP_RELOADS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("TWOHOP_RELOADS: %v", err)
		}
		return n, 200, 2000, true
	}
	return 100, 50, 300, false
}

// vitals is what must not grow.
type vitals struct{ goroutines, descriptors, heap, resident, series float64 }

// Vitals reads /metrics. The heap is what the last garbage collection left: the next one
// comes when it has doubled (GOGC=100).
func (b *Broker) Vitals() vitals {
	b.t.Helper()
	text := b.Metrics()
	v := vitals{valueIn(text, "go_goroutines"), valueIn(text, "process_open_fds"), valueIn(text, "go_memstats_next_gc_bytes") / 2, valueIn(text, "process_resident_memory_bytes"), 0}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "twohop_") {
			v.series++
		}
	}
	return v
}

func (v vitals) String() string {
	return fmt.Sprintf("%.0f goroutines, %.0f descriptors, heap after GC %.1f MiB, resident %.1f MiB, %.0f series", v.goroutines, v.descriptors, v.heap/(1<<20), v.resident/(1<<20), v.series)
}

// TestManyReloadsUnderLoad: no call fails, no stream is cut, and nothing grows.
func TestManyReloadsUnderLoad(t *testing.T) {
	reloads, streams, perSecond, plain := manyReloads(t)
	big, err := legacy.New(legacy.Options{MaxConns: 1024})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { big.Close() })
	one, two := plainTarget(t), plainTarget(t)
	_, exceptions, old := oldTarget(t)
	// Of the routes, two stay, one changes its target, and one gives way to another with
	// another name, whose calls outlive it.
	config := func(n int) string {
		return exceptions + fill(`
routes:
  - {name: stays, path: /stays/*, callers: [erp], limit: {rate: 1000000/s}, target: {url: "http://STAYS/"}}
  - {name: old, path: /old/*, callers: [erp], target: OLD}
  - {name: changes, path: /changes/*, callers: [erp], limit: {concurrent: LIMIT}, target: {url: "http://CHANGES/"}}
  - {name: passing-NUMBER, path: /passing/*, callers: [erp], target: {url: "http://STAYS/", connections: {idle: MILLISms}}}
`, "STAYS", big.Addr(), "OLD", old, "CHANGES", []string{one.Addr(), two.Addr()}[n%2], "LIMIT", strconv.Itoa(1000+n), "NUMBER", strconv.Itoa(n), "MILLIS", strconv.Itoa(3000+n))
	}
	b := New(t, config(0))
	if plain {
		name, err := buildPlain()
		if err != nil {
			t.Fatal(err)
		}
		b.wrap = func(command []string) []string { return append([]string{name}, command[1:]...) }
	}
	b.Start()

	flows := stream(b, streams)
	client := console.Client(filepath.Join(b.Dir, "admin.sock"))
	reload := func(n int) {
		b.Write(config(n))
		if n%2 == 0 {
			resp, err := client.Post("http://twohop/reload", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer := readAll(t, resp); resp.StatusCode != http.StatusOK {
				t.Fatalf("reload %d: %s", n, answer)
			}
			return
		}
		b.Signal(syscall.SIGHUP)
		b.wait(20*time.Second, "a reload by SIGHUP", func() bool { return b.Metric(`twohop_reloads_total{result="ok"}`) == float64(n+1) })
	}
	paths := []string{"/stays/stock/A1001", "/stays/stock/A1001", "/changes/stock/A1001", "/old/stock/A1001", "/passing/slow?ms=20"}
	done := 0
	during := func(reloads int) (calls int, took time.Duration, rest vitals) {
		stop := steady(b, 20, perSecond, paths)
		begun := time.Now()
		for range reloads {
			done++
			reload(done)
		}
		took = time.Since(begun)
		time.Sleep(max(0, 3*time.Second-took)) // calls of every kind, and garbage collections
		calls = stop()
		return calls, time.Since(begun), b.atRest(streams)
	}
	_, _, before := during(20)
	made, took, after := during(reloads)
	t.Logf("%d reloads in %.0f s, beside %d calls (%.0f/s) and %d streams\nbefore: %v\nafter:  %v", reloads, took.Seconds(), made, float64(made)/took.Seconds(), streams, before, after)
	flows.stop()

	for _, g := range []struct {
		what                string
		before, after, room float64
	}{
		{"goroutines", before.goroutines, after.goroutines, 5},
		{"descriptors", before.descriptors, after.descriptors, 2},
		{"bytes of heap", before.heap, after.heap, 8 << 20},
		{"bytes of resident memory", before.resident, after.resident, 64 << 20},
		{"series", before.series, after.series, 0},
	} {
		if g.after > g.before+g.room {
			t.Errorf("%s grew from %.0f to %.0f", g.what, g.before, g.after)
		}
	}
	if n := strings.Count(b.Metrics(), `twohop_requests_total{code="200",route="passing-`); n > 1 {
		t.Errorf("the metrics still know %d routes of which all but one are gone", n)
	}
}

// steady makes calls of paths in turn, by so many callers and so many a second, until
// stop, which returns how many it were and closes the callers' connections.
func steady(b *Broker, callers, perSecond int, paths []string) (stop func() (calls int)) {
	l := &workload{b: b}
	var all []*caller
	begun, every := time.Now(), time.Second*time.Duration(callers)/time.Duration(perSecond)
	for i := range callers {
		c := &caller{b: b}
		all = append(all, c)
		l.run("calls", func(n int) (string, error) {
			time.Sleep(time.Until(begun.Add(time.Duration(n) * every)))
			return c.call("GET", paths[(n+i)%len(paths)], "")
		})
	}
	return func() int {
		calls := len(l.stop())
		for _, c := range all {
			if c.conn != nil {
				c.conn.Close()
			}
		}
		return calls
	}
}

// atRest reads the vitals once nothing but streams runs and unused connections to the
// targets are closed. Of some readings it takes the least.
func (b *Broker) atRest(streams int) vitals {
	b.t.Helper()
	b.wait(60*time.Second, "the calls to end", func() bool {
		return b.Metric(`twohop_requests_in_flight{route="stays"}`) == float64(streams)
	})
	time.Sleep(6 * time.Second) // longer than unused connections live
	v := b.Vitals()
	for range 10 {
		time.Sleep(100 * time.Millisecond)
		now := b.Vitals()
		v.goroutines, v.descriptors = min(v.goroutines, now.goroutines), min(v.descriptors, now.descriptors)
	}
	return v
}

// flows are streams that must go on until stop.
type flows struct {
	stopped atomic.Bool
	end     context.CancelFunc
	running sync.WaitGroup
}

// stream begins n streams of a line each 200 ms, each on a connection of its own, and
// returns when each has its first line.
func stream(b *Broker, n int) *flows {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	f := &flows{end: cancel}
	client := b.Client()
	client.Timeout = 0
	var begun sync.WaitGroup
	begun.Add(n)
	for i := range n {
		f.running.Go(func() {
			resp, err := client.Do(b.Request("GET", "/stays/drip?n=10000&ms=200", nil).WithContext(ctx))
			if err != nil {
				b.t.Errorf("stream %d: %v", i, err)
				begun.Done()
				return
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			for k := 1; ; k++ {
				line, err := lines.ReadString('\n')
				if k == 1 {
					begun.Done()
				}
				if f.stopped.Load() && errors.Is(err, context.Canceled) {
					return
				}
				if want := fmt.Sprintf("line %d of 10000\n", k); line != want || err != nil && err != io.EOF {
					b.t.Errorf("stream %d has %q, %v instead of %q", i, line, err, want)
					return
				}
			}
		})
	}
	begun.Wait()
	return f
}

// stop ends the streams, which must all have gone on so far.
func (f *flows) stop() {
	f.stopped.Store(true)
	f.end()
	f.running.Wait()
}
