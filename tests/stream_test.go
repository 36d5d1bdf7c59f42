//go:build linux

package tests

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"twohop/tests/peers"
)

// streamed is what the memory test sends each way; the binary has the race detector.
const streamed = 256 << 20

func startForStreams(t *testing.T) *Broker {
	t.Helper()
	_, exceptions, target := oldTarget(t)
	return Start(t, exceptions+fill(`
routes:
  - {name: old, path: /old/*, callers: [erp], max_body: 1GiB, target: TARGET}
  - {name: plain, path: /plain/*, callers: [erp], target: {url: "http://PLAIN/"}}
`, "TARGET", target, "PLAIN", plainTarget(t).Addr()))
}

func TestTheFirstBytesComeBeforeTheLastAreSent(t *testing.T) {
	t.Parallel()
	b := startForStreams(t)
	for _, kind := range []string{"old", "plain"} {
		t.Run(kind, func(t *testing.T) {
			const lines, pause = 4, 1500 * time.Millisecond
			begun := time.Now()
			resp, err := b.Client().Do(b.Request("GET", fmt.Sprintf("/%s/drip?n=%d&ms=%d", kind, lines, pause.Milliseconds()), nil))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			read := bufio.NewReader(resp.Body)
			for i := range lines {
				line, err := read.ReadString('\n')
				if err != nil || line != fmt.Sprintf("line %d of %d\n", i+1, lines) {
					t.Fatalf("got %q, %v", line, err)
				}
				if came, last := time.Since(begun), pause*(lines-1); i < lines-1 && came >= last {
					t.Errorf("line %d came after %v, when the target had sent its last", i+1, came)
				}
			}
		})
	}
	t.Run("both ways at once", func(t *testing.T) {
		body, send := io.Pipe()
		go io.WriteString(send, "ping 0\n")
		resp, err := b.Client().Do(b.Request("POST", "/old/echo", body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		read := bufio.NewReader(resp.Body)
		for i := range 4 {
			if line, err := read.ReadString('\n'); line != fmt.Sprintf("ping %d\n", i) {
				t.Fatalf("got %q, %v", line, err)
			}
			go fmt.Fprintf(send, "ping %d\n", i+1)
		}
		read.ReadString('\n')
		send.Close()
	})
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident returns the broker's resident memory in bytes.
func resident(b *Broker) int64 {
	b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		b.t.Fatal(err)
	}
	m := residentLine.FindSubmatch(text)
	if m == nil {
		b.t.Fatalf("no VmRSS in\n%s", text)
	}
	kb, _ := strconv.ParseInt(string(m[1]), 10, 64) // digits, by the pattern
	return kb << 10
}

// TestMemoryStaysFlat streams far more than may be held, each way.
func TestMemoryStaysFlat(t *testing.T) {
	b := startForStreams(t)
	b.Get("/old/stream?bytes=1048576") // everything that is allocated once
	before := resident(b)
	most := before

	for name, req := range map[string]*http.Request{
		"down": b.Request("GET", fmt.Sprintf("/old/stream?bytes=%d", streamed), nil),
		"up and down": func() *http.Request {
			r := b.Request("POST", "/old/echo", io.LimitReader(zeros{}, streamed))
			r.ContentLength = streamed
			return r
		}(),
	} {
		resp, err := b.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var got, looked int64
		buf := make([]byte, 256<<10)
		for err == nil {
			var n int
			n, err = resp.Body.Read(buf)
			if got += int64(n); got-looked > 8<<20 {
				looked = got
				most = max(most, resident(b))
			}
		}
		resp.Body.Close()
		if err != io.EOF || got != streamed {
			t.Errorf("%s: %d bytes, %v", name, got, err)
		}
	}
	t.Logf("resident: %d MiB before, at most %d MiB while %d MiB went each way", before>>20, most>>20, streamed>>20)
	if most-before > 64<<20 {
		t.Errorf("the broker grew from %d to %d MiB", before>>20, most>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAnAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	b := startForStreams(t)
	for _, kind := range []string{"old", "plain"} {
		for protocol, exits := range map[string][]int{"--http1.1": {18}, "--http2": {18, 92}} {
			t.Run(kind+" "+protocol, func(t *testing.T) {
				r := peers.Curl(t, "--cacert", b.CA, protocol, "-H", "X-Api-Key: "+b.Key, "--include", b.URL+"/"+kind+"/truncate?bytes=100000")
				if r.ExitCode != exits[0] && r.ExitCode != exits[len(exits)-1] {
					t.Errorf("curl ended with %d, want %v; %s", r.ExitCode, exits, r.Stderr)
				}
				id := correlationIn(r.Stdout)
				rec := b.Found("the truncated answer", func(r Record) bool { return r.Metadata.Correlation == id && r.Unmapped.Stage == "end" })
				if rec.Unmapped.Outcome != "truncated" || rec.StatusCode != "target_answer_truncated" || rec.StatusID != 2 || rec.Response.Code != 200 {
					t.Errorf("the record says %+v", rec)
				}
				if rec.Traffic.Out != 100000 {
					t.Errorf("the record says %d bytes went out", rec.Traffic.Out)
				}
			})
		}
	}
}

func TestACallerThatHangsUp(t *testing.T) {
	t.Parallel()
	b := startForStreams(t)
	for name, path := range map[string]string{"before the answer": "/old/slow?ms=20000", "within it": "/plain/drip?n=10000&ms=20"} {
		t.Run(name, func(t *testing.T) {
			ctx, hangUp := context.WithCancel(t.Context())
			id := strings.Repeat(fmt.Sprintf("%02x", len(name)), 16)
			req := b.Request("GET", path, nil, "traceparent: 00-"+id+"-00f067aa0ba902b7-01").WithContext(ctx)
			time.AfterFunc(300*time.Millisecond, hangUp)
			if resp, err := b.Client().Do(req); err == nil {
				if _, err := io.Copy(io.Discard, resp.Body); err == nil {
					t.Error("the answer ended by itself")
				}
				resp.Body.Close()
			}
			rec := b.Found("the call", func(r Record) bool { return r.Metadata.Correlation == id && r.Unmapped.Stage == "end" })
			if rec.Unmapped.Outcome != "gone" || rec.StatusCode != "caller_gone" {
				t.Errorf("the record says %+v", rec)
			}
			if name == "before the answer" && rec.Response.Code != 499 {
				t.Errorf("the record says status %d, want 499", rec.Response.Code)
			}
		})
	}
	b.wait(5*time.Second, "no call to be running", func() bool {
		return b.Metric(`twohop_requests_in_flight{route="old"}`)+b.Metric(`twohop_requests_in_flight{route="plain"}`) == 0
	})
}
