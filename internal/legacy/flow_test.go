package legacy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// repeated is the ledger without end.
type repeated struct {
	lines []byte
	at    int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.lines[r.at:])
	r.at = (r.at + n) % len(r.lines)
	return n, nil
}

func TestTheLedgerIsRegular(t *testing.T) {
	lines := ledger()
	if len(lines) != 1<<16 {
		t.Fatalf("%d bytes", len(lines))
	}
	for i := 63; i < len(lines); i += 64 {
		if lines[i] != '\n' {
			t.Fatalf("no line ends at %d: %q", i, lines[i-63:i+1])
		}
	}
}

func TestStream(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	c := modern(t)
	for _, n := range []int64{0, 1, 64, 1 << 16, 1<<16 + 1, 5_000_001} {
		for _, length := range []string{"", "&length=1"} {
			t.Run(fmt.Sprintf("%d%s", n, length), func(t *testing.T) {
				resp, err := c.Get(fmt.Sprintf("%s/stream?bytes=%d%s", s.URL(), n, length))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if length != "" && resp.ContentLength != n {
					t.Errorf("Content-Length %d", resp.ContentLength)
				}
				if length == "" && n > 1<<16 && resp.ContentLength != -1 {
					t.Errorf("Content-Length %d, want chunked", resp.ContentLength)
				}
				got, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				want, _ := io.ReadAll(io.LimitReader(&repeated{lines: ledger()}, n))
				if !bytes.Equal(got, want) {
					t.Errorf("%d bytes, not the ledger's first %d", len(got), n)
				}
			})
		}
	}
}

func TestAStreamTakesFlatMemory(t *testing.T) {
	const size = 256 << 20
	s, err := PlainJSON(":0")
	started(t, s, err)
	c := modern(t)
	for _, length := range []string{"", "&length=1"} {
		get(t, c, s.URL()+"/stream?bytes=1") // the connection and its buffers
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		resp, err := c.Get(fmt.Sprintf("%s/stream?bytes=%d%s", s.URL(), size, length))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		runtime.ReadMemStats(&after)
		if err != nil || n != size {
			t.Fatalf("%d bytes, %v", n, err)
		}
		// Client and server together, freed or not.
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 2<<20 {
			t.Errorf("%s: %d bytes were allocated for a stream of %d", length, allocated, size)
		}
	}
}

func TestTruncate(t *testing.T) {
	plain, err := PlainJSON(":0")
	started(t, plain, err)
	old, err := ResetsModern(":0")
	started(t, old, err)
	for _, s := range []*Server{plain, old} {
		c := pinned(t, s, tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA)
		resp, err := c.Get(s.URL() + "/truncate?bytes=100000")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.ContentLength != 200000 || len(got) != 100000 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: announced %d, sent %d, %v", s.URL(), resp.ContentLength, len(got), err)
		}
	}
}

func TestDripFlushesEachLine(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	resp, err := modern(t).Get(s.URL() + "/drip?n=3&ms=100")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	begun := time.Now()
	lines := bufio.NewScanner(resp.Body)
	for i := 1; i <= 3; i++ {
		if !lines.Scan() || lines.Text() != fmt.Sprintf("line %d of 3", i) {
			t.Fatalf("line %d: %q, %v", i, lines.Text(), lines.Err())
		}
		if i == 1 && time.Since(begun) > 90*time.Millisecond {
			t.Log("the first line came late; the machine may be busy")
		}
	}
	if time.Since(begun) < 150*time.Millisecond {
		t.Error("the lines came together")
	}
	if lines.Scan() || lines.Err() != nil {
		t.Errorf("more: %q, %v", lines.Text(), lines.Err())
	}
}

func TestSlow(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	begun := time.Now()
	resp, body := get(t, modern(t), s.URL()+"/slow?ms=50")
	if resp.StatusCode != 200 || body != "{\"waited_ms\":50}\n" || time.Since(begun) < 50*time.Millisecond {
		t.Errorf("%s after %s: %s", resp.Status, time.Since(begun), body)
	}
}

func TestParametersAreBounded(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	c := modern(t)
	for _, path := range []string{
		"/stream", "/stream?bytes=", "/stream?bytes=x", "/stream?bytes=-1", "/stream?bytes=8589934593", "/stream?bytes=99999999999999999999",
		"/truncate?bytes=0", "/truncate?bytes=8589934593", "/slow?ms=60001", "/slow?ms=-1", "/drip?n=1", "/drip?n=10001&ms=1", "/drip?n=1&ms=60001",
	} {
		if resp, body := get(t, c, s.URL()+path); resp.StatusCode != 400 {
			t.Errorf("%s: %s: %s", path, resp.Status, body)
		}
	}
}

func TestHEADOfAStreamEnds(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	resp, err := modern(t).Head(s.URL() + "/stream?bytes=8589934592&length=1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ContentLength != 8589934592 {
		t.Errorf("%s, %d", resp.Status, resp.ContentLength)
	}
}

// BenchmarkStream reads one large answer; run it with -benchtime 1x or 3x and read the MB/s.
func BenchmarkStream(b *testing.B) {
	for _, c := range []struct {
		name  string
		suite uint16 // 0 for plain HTTP
		size  int64
	}{
		{"plain", 0, 1 << 30},
		{"tls10-aes128-sha", tls.TLS_RSA_WITH_AES_128_CBC_SHA, 1 << 30},
		{"tls10-3des-sha", tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, 256 << 20},
	} {
		for _, length := range []string{"chunked", "length"} {
			b.Run(c.name+"/"+length, func(b *testing.B) {
				o := Options{}
				if c.suite != 0 {
					o = Options{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{c.suite}, Certificate: Certificate{KeyBits: 1024, SHA1: true}}
				}
				s, err := New(o)
				started(b, s, err)
				client := pinned(b, s, tls.VersionTLS10, c.suite)
				url := fmt.Sprintf("%s/stream?bytes=%d", s.URL(), c.size)
				if length == "length" {
					url += "&length=1"
				}
				buf := make([]byte, 256<<10)
				b.SetBytes(c.size)
				b.ReportAllocs()
				for b.Loop() {
					resp, err := client.Get(url)
					if err != nil {
						b.Fatal(err)
					}
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
					resp.Body.Close()
					if err != nil || n != c.size || resp.StatusCode != http.StatusOK {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}
