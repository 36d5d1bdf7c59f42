package target

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"twohop/internal/legacy"
)

// TestOldServersAreReached needs no GODEBUG: the suites are named.
func TestOldServersAreReached(t *testing.T) {
	if v := os.Getenv("GODEBUG"); v != "" {
		t.Fatalf("GODEBUG=%s makes this test worthless", v)
	}
	for name, c := range map[string]struct {
		version, suite uint16
	}{
		"TLS 1.0 with 3DES":                {tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
		"TLS 1.0 with RC4":                 {tls.VersionTLS10, tls.TLS_RSA_WITH_RC4_128_SHA},
		"TLS 1.0 with RSA key exchange":    {tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA},
		"TLS 1.0 with forward secrecy":     {tls.VersionTLS10, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA},
		"TLS 1.1":                          {tls.VersionTLS11, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		"TLS 1.2 with RSA key exchange":    {tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
		"TLS 1.2 with CBC and SHA-256":     {tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256},
		"TLS 1.2 with ECDHE, RC4 and all":  {tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA},
		"TLS 1.2 as it ought to be spoken": {tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := legacyServer(t, legacy.Options{MinVersion: c.version, CipherSuites: []uint16{c.suite}, Certificate: legacy.Certificate{KeyBits: 1024, SHA1: true}})
			cfg := secure(s.Addr())
			cfg.MinVersion, cfg.MaxVersion, cfg.Suites, cfg.Pins = c.version, c.version, []uint16{c.suite}, []string{s.SPKIPin()}
			x := newTarget(t, cfg)
			body, h, err := call(x, request(t, x, "POST", "/echo", strings.NewReader("stock?")), patient)
			if err != nil || body != "stock?" {
				t.Fatalf("got %q, %v", body, err)
			}
			if h.Version != c.version || h.Suite != c.suite || h.Address != s.Addr() || h.Connect == 0 || h.Handshake == 0 || h.Sent != 6 || h.Received != 6 {
				t.Errorf("the hop says %+v", h)
			}
			_, h, err = call(x, request(t, x, "GET", "/stock/A1001", nil), patient)
			if err != nil || !h.Reused || h.Suite != c.suite || h.Handshake != 0 {
				t.Errorf("on the kept connection: %v, %+v", err, h)
			}
		})
	}
}

// TestOneVersionMakesAShortHello counts the bytes of the first flight: some old servers
// and middleboxes stall on long ones.
func TestOneVersionMakesAShortHello(t *testing.T) {
	for _, c := range []struct {
		min, max uint16
		curves   []tls.CurveID
		most     int
	}{
		{tls.VersionTLS10, tls.VersionTLS10, nil, 200},
		{tls.VersionTLS12, tls.VersionTLS12, nil, 300},
		{tls.VersionTLS12, tls.VersionTLS13, []tls.CurveID{tls.CurveP256}, 400},
	} {
		size := make(chan int, 10)
		addr := listen(t, func(conn net.Conn) {
			b := make([]byte, 4096)
			n, _ := conn.Read(b)
			size <- n
		})
		cfg := secure(addr)
		cfg.MinVersion, cfg.MaxVersion, cfg.Curves = c.min, c.max, c.curves
		get(t, newTarget(t, cfg))
		if n := <-size; n > c.most {
			t.Errorf("%s to %s: the hello has %d bytes, want at most %d", tls.VersionName(c.min), tls.VersionName(c.max), n, c.most)
		}
	}
}

// TestStreamsAreNotKept sends 256 MiB to a target and back, both at once.
func TestStreamsAreNotKept(t *testing.T) {
	const size = 256 << 20
	s := legacyServer(t, legacy.Options{})
	x := newTarget(t, plain(s.Addr()))
	var before, after runtime.MemStats
	peak := make(chan uint64)
	stop := make(chan struct{})
	runtime.GC()
	runtime.ReadMemStats(&before)
	go func() {
		var most uint64
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapInuse)
			}
		}
	}()
	h := &Hop{}
	resp, err := x.Do(&Call{Request: request(t, x, "POST", "/echo", io.LimitReader(zeros{}, size)), Limits: patient}, h)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(struct{ io.Writer }{io.Discard}, resp.Body)
	resp.Body.Close()
	close(stop)
	if grown := int64(<-peak) - int64(before.HeapInuse); grown > 16<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	if err != nil || n != size || h.Sent != size || h.Received != size {
		t.Errorf("got %d bytes, %v, %+v", n, err, h)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestAnAnswerArrivesAsItIsSent has a target that sends a line at a time.
func TestAnAnswerArrivesAsItIsSent(t *testing.T) {
	s := legacyServer(t, legacy.Options{})
	x := newTarget(t, plain(s.Addr()))
	resp, err := x.Do(&Call{Request: request(t, x, "GET", "/drip?n=2&ms=300", nil), Limits: patient}, &Hop{})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	begun := time.Now()
	b := make([]byte, 100)
	n, err := resp.Body.Read(b)
	if err != nil || !bytes.HasPrefix(b[:n], []byte("line 1")) || time.Since(begun) > 200*time.Millisecond {
		t.Errorf("got %q, %v after %v", b[:n], err, time.Since(begun))
	}
}
