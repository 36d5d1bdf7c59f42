//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"twohop/callers"
	"twohop/internal/legacy"
)

// call makes one call and says what came of it. An error is an outcome that its kind must
// not have.
type call func(context.Context) (outcome string, err error)

// fine is the outcome of a call that was answered as it should be.
const fine = "answered"

// kind is one kind of call, made by so many callers at a time, each resting in between.
type kind struct {
	name    string
	callers int
	rest    time.Duration
	make    func(*broker, *http.Client) call
	http2   bool
}

var kinds = []kind{
	{"small GET, plain target", 6, 10 * time.Millisecond, smallGet, false},
	{"small GET over HTTP/2", 3, 10 * time.Millisecond, smallGet, true},
	{"small GET, new connection", 2, 50 * time.Millisecond, newConnection, false},
	{"small GET, TLS 1.0 target", 4, 10 * time.Millisecond, get("/old/stock/A1001", 200), false},
	{"route that each reload changes", 2, 10 * time.Millisecond, get("/changing/stock/A1001", 200), false},
	{"route that each reload replaces", 2, 10 * time.Millisecond, get("/passing/slow?ms=20", 200), false},
	{"POST of 4 KiB with Expect", 4, 10 * time.Millisecond, post, false},
	{"SOAP, TLS 1.0 with 3DES", 4, 10 * time.Millisecond, soap, false},
	{"64 KiB answer, TLS 1.0 target", 3, 20 * time.Millisecond, bytesOf("/old", 64<<10), false},
	{"8 MiB answer, plain target", 2, 500 * time.Millisecond, bytesOf("/plain", 8<<20), false},
	{"stream of 5 s", 20, 100 * time.Millisecond, stream, false},
	{"caller that hangs up", 4, 50 * time.Millisecond, hangUp, false},
	{"answer that the target cuts", 2, 50 * time.Millisecond, cut, false},
	{"target that dies and comes back", 4, 20 * time.Millisecond, mortal, false},
	{"no such route", 1, 50 * time.Millisecond, get("/nowhere", 404), false},
	{"wrong key", 1, 50 * time.Millisecond, keyed("wrong", 401), false},
	{"caller who may not", 1, 50 * time.Millisecond, keyed("other", 403), false},
	{"more than the rate", 2, 50 * time.Millisecond, limited, false},
	{"caller of TLS 1.1", 1, 100 * time.Millisecond, tooOld, false},
}

// answer makes a request and reads the answer to its end.
func answer(ctx context.Context, b *broker, c *http.Client, method, path string, body io.Reader, header ...string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+b.door+path, body)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set(callers.Header, b.key)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, text, err
}

// want is the outcome of an answer that must have a status.
func want(status int, resp *http.Response, text []byte, err error) (string, error) {
	switch {
	case err != nil:
		return "", err
	case resp.StatusCode != status:
		return "", fmt.Errorf("%s: %.300s", resp.Status, text)
	case status != http.StatusOK:
		return fmt.Sprintf("refused with %d", status), nil
	}
	return fine, nil
}

func get(path string, status int) func(*broker, *http.Client) call {
	return func(b *broker, c *http.Client) call {
		return func(ctx context.Context) (string, error) {
			resp, text, err := answer(ctx, b, c, "GET", path, nil)
			return want(status, resp, text, err)
		}
	}
}

func smallGet(b *broker, c *http.Client) call { return get("/plain/stock/A1001", 200)(b, c) }

func newConnection(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		defer c.CloseIdleConnections()
		return smallGet(b, c)(ctx)
	}
}

func keyed(who string, status int) func(*broker, *http.Client) call {
	return func(b *broker, c *http.Client) call {
		return func(ctx context.Context) (string, error) {
			key := map[string]string{"wrong": "no such key", "other": b.other}[who]
			resp, text, err := answer(ctx, b, c, "POST", "/plain/echo", strings.NewReader("a body"), callers.Header, key)
			return want(status, resp, text, err)
		}
	}
}

func post(b *broker, c *http.Client) call {
	body := bytes.Repeat([]byte("0123456789abcde\n"), 256)
	return func(ctx context.Context) (string, error) {
		resp, text, err := answer(ctx, b, c, "POST", "/plain/echo", bytes.NewReader(body), "Expect", "100-continue")
		if err == nil && resp.StatusCode == http.StatusOK && !bytes.Equal(text, body) {
			err = errors.New("the body came back otherwise")
		}
		return want(200, resp, text, err)
	}
}

const envelope = `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetStock xmlns="urn:legacy"><item>A1001</item></GetStock></s:Body></s:Envelope>`

func soap(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		resp, text, err := answer(ctx, b, c, "POST", "/soap/ws/stock", strings.NewReader(envelope),
			"Content-Type", "text/xml; charset=utf-8", "SOAPAction", `"`+legacy.GetStockAction+`"`)
		if err == nil && !bytes.Contains(text, []byte("GetStockResponse")) {
			err = fmt.Errorf("%s: %.300s", resp.Status, text)
		}
		return want(200, resp, text, err)
	}
}

func bytesOf(route string, size int) func(*broker, *http.Client) call {
	return func(b *broker, c *http.Client) call {
		return func(ctx context.Context) (string, error) {
			resp, text, err := answer(ctx, b, c, "GET", fmt.Sprintf("%s/stream?bytes=%d&length=%d", route, size, rand.IntN(2)), nil)
			if err == nil && resp.StatusCode == http.StatusOK && len(text) != size {
				err = fmt.Errorf("%d of %d bytes came", len(text), size)
			}
			return want(200, resp, text, err)
		}
	}
}

func stream(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		resp, text, err := answer(ctx, b, c, "GET", "/plain/drip?n=25&ms=200", nil)
		if err == nil && bytes.Count(text, []byte("\n")) != 25 {
			err = fmt.Errorf("the stream ended early: %q", text)
		}
		return want(200, resp, text, err)
	}
}

// hangUp goes away while it waits or within the answer.
func hangUp(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		ctx, leave := context.WithTimeout(ctx, time.Duration(20+rand.IntN(200))*time.Millisecond)
		defer leave()
		path := []string{"/plain/slow?ms=5000", "/old/drip?n=1000&ms=20"}[rand.IntN(2)]
		if _, text, err := answer(ctx, b, c, "GET", path, nil); ctx.Err() == nil {
			return "", fmt.Errorf("it ended before: %.300s, %v", text, err)
		}
		return "hung up", nil
	}
}

// cut asks for an answer that its target breaks off; a caller must not take it for whole.
func cut(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		_, text, err := answer(ctx, b, c, "GET", "/old/truncate?bytes=30000", nil)
		if err == nil {
			return "", fmt.Errorf("%d bytes look like a whole answer", len(text))
		}
		if len(text) != 30000 {
			return "", fmt.Errorf("%d of 30000 bytes came: %w", len(text), err)
		}
		return "cut as the target did", nil
	}
}

// mortal calls a target that may die at any moment: then the caller has an explanation,
// or a cut answer when a part of it was out.
func mortal(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		resp, text, err := answer(ctx, b, c, "GET", []string{"/mortal/stock/A1001", "/mortal/drip?n=20&ms=20"}[rand.IntN(2)], nil)
		switch {
		case err != nil && errors.Is(err, io.ErrUnexpectedEOF):
			return "cut as the target did", nil
		case err == nil && resp.StatusCode == http.StatusBadGateway && bytes.Contains(text, []byte(`"hop":"target"`)):
			return "refused with 502", nil
		case err == nil && resp.StatusCode == http.StatusServiceUnavailable && bytes.Contains(text, []byte(`"code":"target_circuit_open"`)):
			return "refused with 503 by the circuit", nil
		case err == nil && resp.StatusCode == http.StatusGatewayTimeout && bytes.Contains(text, []byte(`"hop":"target"`)):
			return "refused with 504", nil
		}
		return want(200, resp, text, err)
	}
}

func limited(b *broker, c *http.Client) call {
	return func(ctx context.Context) (string, error) {
		resp, text, err := answer(ctx, b, c, "GET", "/few/stock/A1001", nil)
		if err == nil && resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "" {
			return "refused with 429", nil
		}
		return want(200, resp, text, err)
	}
}

// tooOld speaks no TLS that the front door takes.
func tooOld(b *broker, _ *http.Client) call {
	return func(context.Context) (string, error) {
		conn, err := tls.Dial("tcp", b.door, &tls.Config{RootCAs: b.roots, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err == nil {
			conn.Close()
			return "", errors.New("the front door took TLS 1.1")
		}
		if !strings.Contains(err.Error(), "protocol version not supported") {
			return "", err
		}
		return "handshake refused", nil
	}
}
