package legacy

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEchoTellsWhatItSaw(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	for name, q := range map[string]struct {
		body             io.Reader
		length, encoding string
	}{
		"with a Content-Length": {strings.NewReader("hello"), "5", ""},
		"chunked":               {struct{ io.Reader }{strings.NewReader("hello")}, "", "chunked"},
		"empty":                 {http.NoBody, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			req, _ := http.NewRequest("POST", s.URL()+"/echo?a=%2F&b", q.body)
			req.Host = "broker.example.com"
			req.Header.Set("Content-Type", "application/x-any; v=1")
			req.Header["X-Twice"] = []string{"1", "2"}
			req.Header["User-Agent"] = nil
			resp, err := modern(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if want := "hello"; q.length != "0" && string(body) != want {
				t.Errorf("body %q", body)
			}
			names, count := "Content-Length, Content-Type, X-Twice", "4"
			if q.length == "" {
				names, count = "Content-Type, X-Twice", "3"
			}
			for header, want := range map[string]string{
				"Content-Type":             "application/x-any; v=1",
				"Content-Length":           q.length,
				"X-Seen-Content-Length":    q.length,
				"X-Seen-Transfer-Encoding": q.encoding,
				"X-Seen-Host":              "broker.example.com",
				"X-Seen-Path":              "/echo?a=%2F&b",
				"X-Seen-Protocol":          "HTTP/1.1",
				"X-Seen-Header-Names":      names,
				"X-Seen-Header-Count":      count,
			} {
				if got := resp.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestEchoGuessesNoContentType(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	req, _ := http.NewRequest("POST", s.URL()+"/echo", strings.NewReader("<html>"))
	resp, err := modern(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, ok := resp.Header["Content-Type"]; ok {
		t.Errorf("Content-Type %q", got)
	}
}

// Expect: 100-continue comes with every request of .NET Framework.
func TestEchoContinues(t *testing.T) {
	s, err := ResetsModern(":0")
	started(t, s, err)
	c := pinned(t, s, tls.VersionTLS10, tls.TLS_RSA_WITH_AES_128_CBC_SHA)
	c.Transport.(*http.Transport).ExpectContinueTimeout = 30 * time.Second
	body := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	req, _ := http.NewRequest("POST", s.URL()+"/echo", bytes.NewReader(body))
	req.Header.Set("Expect", "100-continue")
	begun := time.Now()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d of %d bytes, %v", len(got), len(body), err)
	}
	if time.Since(begun) > 20*time.Second {
		t.Error("the server let the client wait for its 100 Continue")
	}
}

func TestEchoAnswersWhileTheBodyArrives(t *testing.T) {
	s, err := PlainJSON(":0")
	started(t, s, err)
	body, send := io.Pipe()
	go io.WriteString(send, "line 0\n")
	req, _ := http.NewRequest("POST", s.URL()+"/echo", body)
	resp, err := modern(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 64)
	for i := range 5 {
		if i > 0 {
			fmt.Fprintf(send, "line %d\n", i)
		}
		n, err := resp.Body.Read(buf)
		if want := fmt.Sprintf("line %d\n", i); string(buf[:n]) != want || err != nil {
			t.Fatalf("got %q, %v; want %q", buf[:n], err, want)
		}
	}
	send.Close()
	if n, err := resp.Body.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("at the end: %q, %v", buf[:n], err)
	}
}

func TestEchoOfALargeBody(t *testing.T) {
	const size = 32 << 20
	s, err := PlainJSON(":0")
	started(t, s, err)
	req, _ := http.NewRequest("POST", s.URL()+"/echo", io.LimitReader(&repeated{lines: ledger()}, size))
	req.ContentLength = size
	resp, err := modern(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}
