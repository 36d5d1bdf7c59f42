//go:build linux

package faults

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	patience  = 20 * time.Second       // of a caller; nothing may take longer
	stuckFor  = 15 * time.Second       // until the broker must have ended the call of a caller that is stuck
	thinking  = 700 * time.Millisecond // of a target that answers late
	brief     = 2 * time.Second        // the one short limit of a route
	firstPart = 16 << 10               // of an upload
	large     = 32 << 20               // of an upload or download: more than sockets hold
)

// call is one way of calling.
type call struct {
	what    string // as docs/faults.md says it
	method  string
	path    string
	body    string
	length  int    // of an upload, instead of body
	silent  bool   // the upload stops in the middle and never goes on
	status  int    // of the target's answer
	ends    string // how the answer ends
	answers int    // length of the answer, when that matters
}

// thinks reports whether the target is slow to answer.
func (k call) thinks() bool { return k.path == "think" }

var (
	get      = call{what: "GET", method: "GET", path: "stock/A1001", status: 200, ends: "\n"}
	post     = call{what: "POST", method: "POST", path: "orders", body: `{"item":"A1001"}`, status: 201, ends: "\n"}
	thinkGet = call{what: "GET, answered late", method: "GET", path: "think", status: 200, ends: "thought"}
	think    = call{what: "POST, answered late", method: "POST", path: "think", body: "x", status: 200, ends: "thought"}
	stream   = call{what: "streamed answer", method: "GET", path: "drip?n=10&ms=100", status: 200, ends: "line 10 of 10\n"}
	medium   = call{what: "download of 1 MiB", method: "GET", path: "stream?bytes=1048576", status: 200, answers: 1 << 20}
	download = call{what: "download of 32 MiB", method: "GET", path: "stream?length=1&bytes=33554432", status: 200, answers: large}
	small    = call{what: "upload of 1 MiB", method: "POST", path: "sink", length: 1 << 20, status: 200, ends: "got 1048576"}
	upload   = call{what: "upload of 32 MiB by POST", method: "POST", path: "sink", length: large, status: 200, ends: "got 33554432"}
	put      = call{what: "upload of 32 MiB by PUT", method: "PUT", path: "sink", length: large, status: 200, ends: "got 33554432"}
	quiet    = call{what: "upload that pauses", method: "POST", path: "sink", length: large, silent: true, status: 200}
)

// seen is what the caller saw of a call.
type seen struct {
	ID     string // the call's correlation id
	Status int    // 0 for no answer
	Code   string // of a refusal
	Whole  bool   // the answer is the target's, from the first byte to the last
	Err    error
}

func (s seen) String() string {
	return fmt.Sprintf("status %d, code %q, whole %v, error %v", s.Status, s.Code, s.Whole, s.Err)
}

// caller calls the broker over HTTP/1.1, as F&O does.
type caller struct {
	key    string
	client *http.Client
}

// dialFunc is a way to the broker.
type dialFunc func(context.Context) (net.Conn, error)

func (b *Broker) caller(dial dialFunc) *caller {
	b.t.Helper()
	tr := &http.Transport{TLSClientConfig: b.TLS(), DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	return &caller{b.Key, &http.Client{Transport: tr}}
}

func (c *caller) close() { c.client.CloseIdleConnections() }

// do makes a call. midway, if not nil, is run while it is under way: when the first
// line or part of the answer came, or when the target has got a part of the request.
func (c *caller) do(ctx context.Context, k call, route string, s *service, midway func()) seen {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var id [16]byte
	rand.Read(id[:])
	out := seen{ID: hex.EncodeToString(id[:])}

	blow := &blow{strike: midway}
	defer blow.cancel()
	var body io.Reader = strings.NewReader(k.body)
	if k.length > 0 {
		body = &slowBody{left: k.length, silent: k.silent, s: s, blow: blow, ctx: ctx}
	} else if k.thinks() {
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if s.awaitReached(ctx) == nil {
				blow.fall()
			}
		})
		defer waiting.Wait()
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, "https://localhost/"+route+"/"+k.path, body)
	if err != nil {
		out.Err = err
		return out
	}
	if k.length > 0 {
		req.ContentLength = int64(k.length)
	}
	req.Header.Set("X-Api-Key", c.key)
	req.Header.Set("traceparent", "00-"+out.ID+"-00f067aa0ba902b7-01")
	resp, err := c.client.Do(req)
	if err != nil {
		out.Err = err
		return out
	}
	defer resp.Body.Close()
	out.read(resp, k, blow)
	return out
}

// read takes the answer in.
func (s *seen) read(resp *http.Response, k call, blow *blow) {
	s.Status = resp.StatusCode
	in := bufio.NewReader(resp.Body)
	var text strings.Builder
	if k.length == 0 && !k.thinks() {
		line, _ := in.ReadString('\n') // its failure comes again below
		text.WriteString(line)
		blow.fall()
	}
	_, s.Err = io.Copy(&text, in)
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		var p struct{ Code string }
		if err := json.Unmarshal([]byte(text.String()), &p); err != nil {
			s.Err = errors.Join(s.Err, err)
		}
		s.Code = p.Code
		return
	}
	s.Whole = s.Err == nil && s.Status == k.status && strings.HasSuffix(text.String(), k.ends) && (k.answers == 0 || text.Len() == k.answers)
}

// blow is the moment at which a fault strikes in the middle of a call: once, or not at
// all when the call has ended before.
type blow struct {
	mu     sync.Mutex
	strike func()
}

func (b *blow) fall() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.strike != nil {
		b.strike()
		b.strike = nil
	}
}

func (b *blow) cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.strike = nil
}

// slowBody is an upload that waits, after its first part, until the target has got that
// and the blow has fallen.
type slowBody struct {
	left   int
	silent bool
	s      *service
	blow   *blow
	ctx    context.Context
	begun  bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), b.left, firstPart)
	if b.begun {
		n = min(len(p), b.left)
		if err := b.s.awaitReached(b.ctx); err != nil {
			return 0, err
		}
		b.s.reach() // and for the parts to come
		b.blow.fall()
	}
	if b.begun && b.silent {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	b.begun = true
	b.left -= n
	return n, nil
}
