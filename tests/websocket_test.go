//go:build linux

package tests

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// echoes is a WebSocket server that sends back what it gets.
func echoes(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // answered
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			kind, in, err := c.Reader(r.Context())
			if err != nil {
				return
			}
			out, err := c.Writer(r.Context(), kind)
			if err != nil {
				return
			}
			if _, err := io.Copy(out, in); err != nil || out.Close() != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// socket opens a WebSocket through the broker.
func (b *Broker) socket(ctx context.Context, path string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(ctx, strings.Replace(b.URL, "https", "wss", 1)+path,
		&websocket.DialOptions{HTTPClient: b.Client(), HTTPHeader: http.Header{"X-Api-Key": {b.Key}}})
}

func TestWebSockets(t *testing.T) {
	t.Parallel()
	b := Start(t, fill(`
routes:
  - {name: live, path: /live/*, callers: [erp], upgrade: [websocket], target: {url: "TARGET/"}}
  - {name: closed, path: /closed/*, callers: [erp], target: {url: "TARGET/"}}
shutdown: {drain: 0s, limit: 500ms}
`, "TARGET", echoes(t)))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, resp, err := b.socket(ctx, "/closed/x"); err == nil || resp == nil || resp.StatusCode == 101 {
		t.Errorf("a route that does not say so let a WebSocket through: %v, %v", resp, err)
	}
	c, resp, err := b.socket(ctx, "/live/x")
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(-1)
	id := resp.Header.Get("X-Correlation-Id")
	for _, message := range []string{"one", strings.Repeat("long", 1<<20)} {
		// The echo streams, so a long message is read while it is written.
		sent := make(chan error, 1)
		go func() { sent <- c.Write(ctx, websocket.MessageText, []byte(message)) }()
		if _, got, err := c.Read(ctx); err != nil || string(got) != message || <-sent != nil {
			t.Fatalf("%d bytes of %d came back, %v", len(got), len(message), err)
		}
	}
	if b.Metric(`twohop_requests_in_flight{route="live"}`) != 1 {
		t.Error("the call does not count as running")
	}
	if err := c.Close(websocket.StatusNormalClosure, "done"); err != nil {
		t.Error(err)
	}
	b.wait(10*time.Second, "the end of the call", func() bool { return b.ended(id) != nil })
	if r := b.ended(id); r.Response.Code != 101 || r.Unmapped.Outcome != "answered" || r.Traffic.In < 4<<20 || r.Traffic.Out < 4<<20 {
		t.Errorf("recorded: %+v", r)
	}

	c, resp, err = b.socket(ctx, "/live/x")
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	b.Signal(syscall.SIGTERM)
	if _, _, err := c.Read(ctx); err == nil {
		t.Error("something came while the broker stopped")
	}
	if code := b.Ended(20 * time.Second); code != 0 {
		t.Errorf("the broker ended with %d", code)
	}
	if r := b.ended(resp.Header.Get("X-Correlation-Id")); r == nil || r.StatusCode != "shutting_down" || r.Unmapped.Outcome != "truncated" {
		t.Errorf("recorded of the call that was cut: %+v", r)
	}
}

// ended returns the end record of the call with a correlation id; nil when there is none.
func (b *Broker) ended(id string) *Record {
	for _, r := range b.Records() {
		if r.Metadata.Correlation == id && r.Unmapped.Stage == "end" {
			return &r
		}
	}
	return nil
}
