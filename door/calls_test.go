package door

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// status calls path over HTTP/2 and returns the status; the answer's body is read.
func status(t *testing.T, s *httptest.Server, path string) int {
	t.Helper()
	resp, err := s.Client().Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}

// hang starts n calls that run until their server lets them.
func hang(t *testing.T, s *httptest.Server, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	for range n {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/slow", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		t.Cleanup(func() { resp.Body.Close() })
	}
}

func TestCallsBeyondTheLimitAreRefused(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		name    string
		calls   int
		network int
		exempt  []netip.Prefix
		want    int // calls that run
	}{
		{"of all", 4, 100, nil, 4},
		{"of one network", 100, 3, nil, 3},
		{"of guests, when some are exempt", 4, 100, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, 3},
		{"the exempt have no limit of their own", 4, 1, loopback, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := wide()
			config.Calls, config.Network.Calls, config.Exempt = c.calls, c.network, c.exempt
			s, let := serve(t, config)
			hang(t, s, c.want)
			if got := status(t, s, "/"); got != http.StatusServiceUnavailable {
				t.Errorf("one more call: %d", got)
			}
			close(let)
			for range 2 { // the refusal holds no place
				for got := 0; got != http.StatusOK; {
					got = status(t, s, "/") // the calls end on their own time
				}
			}
		})
	}
}

// frames opens an HTTP/2 connection to write frames by hand.
func frames(t *testing.T, s *httptest.Server) (*http2.Framer, *tls.Conn) {
	t.Helper()
	c, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, http2.ClientPreface)
	f := http2.NewFramer(c, bufio.NewReader(c))
	f.WriteSettings()
	return f, c
}

// open starts a call on a stream.
func open(f *http2.Framer, stream uint32, path string) error {
	var block writer
	e := hpack.NewEncoder(&block)
	for _, h := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}} {
		e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block, EndStream: true, EndHeaders: true})
}

type writer []byte

func (w *writer) Write(p []byte) (int, error) { *w = append(*w, p...); return len(p), nil }

// Streams that are opened and reset at once (CVE-2023-44487) do not pile up: the server
// ends the connection.
func TestRapidResetEndsTheConnection(t *testing.T) {
	c := wide()
	s, let := serve(t, c)
	defer close(let)
	f, conn := frames(t, s)
	go func() {
		for i := uint32(1); i < 200_000; i += 2 {
			if open(f, i, "/slow") != nil || f.WriteRSTStream(i, http2.ErrCodeCancel) != nil {
				return
			}
		}
		conn.CloseWrite() // nothing ended it
	}()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("no GOAWAY before %v", err)
		}
		if g, ok := frame.(*http2.GoAwayFrame); ok {
			if g.ErrCode != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("ended with %v", g.ErrCode)
			}
			return
		}
	}
}

// Refusals that nobody reads do not pile up either: further calls are cut.
func TestRefusalsThatNobodyReadsAreBounded(t *testing.T) {
	c := wide()
	c.Calls, c.Network.Calls = 8, 8 // two refusals at a time
	block := make(chan struct{})
	c.Busy = func(r *http.Request, _ bool) *http.Request { <-block; return r }
	s, let := serve(t, c)
	defer close(let)
	hang(t, s, 8)
	f, _ := frames(t, s)
	for i := range uint32(5) {
		if err := open(f, 2*i+1, "/"); err != nil {
			t.Fatal(err)
		}
	}
	await(t, c.Metrics, fmt.Sprintf(`twohop_connections_refused_total{reason=%q} 3`, tooBusy))
	close(block)
}
