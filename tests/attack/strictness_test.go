//go:build linux

package attack

import (
	"bufio"
	"errors"
	"strings"
	"testing"
)

// TestTheTargetIsStrict tries the judge itself: what it took for well formed would go
// unseen in every case of the table.
func TestTheTargetIsStrict(t *testing.T) {
	const host = "Host: h\r\n"
	for name, raw := range map[string]string{
		"a bare LF":              "GET / HTTP/1.1\n" + host + "\r\n",
		"a bare CR":              "GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n",
		"a fold":                 "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n",
		"a blank before a colon": "GET / HTTP/1.1\r\n" + host + "X : a\r\n\r\n",
		"a NUL":                  "GET / HTTP/1.1\r\n" + host + "X: \x00\r\n\r\n",
		"no Host":                "GET / HTTP/1.1\r\n\r\n",
		"two Hosts":              "GET / HTTP/1.1\r\n" + host + host + "\r\n",
		"an absolute URI":        "GET http://h/ HTTP/1.1\r\n" + host + "\r\n",
		"a fragment":             "GET /#a HTTP/1.1\r\n" + host + "\r\n",
		"a byte beyond ASCII":    "GET /\xc3 HTTP/1.1\r\n" + host + "\r\n",
		"two blanks":             "GET  / HTTP/1.1\r\n" + host + "\r\n",
		"another version":        "GET / HTTP/1.2\r\n" + host + "\r\n",
		"no method":              "G(T / HTTP/1.1\r\n" + host + "\r\n",
		"two lengths":            "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"a length with a sign":   "POST / HTTP/1.1\r\n" + host + "Content-Length: +0\r\n\r\n",
		"a length and chunks":    "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"another coding":         "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"chunks in HTTP/1.0":     "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a chunk size with 0x":   "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
		"a chunk extension":      "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0;a\r\n\r\n",
		"a chunk that is longer": "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"a bad trailer":          "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n",
	} {
		var how malformed
		if a, err := readArrival(bufio.NewReader(strings.NewReader(raw))); !errors.As(err, &how) {
			t.Errorf("%s: taken as %+v, %v", name, a, err)
		}
	}
	for name, raw := range map[string]string{
		"half a head":   "GET / HTTP/1.1\r\nHost: h",
		"half a body":   "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel",
		"no last chunk": "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
	} {
		var how malformed
		if a, err := readArrival(bufio.NewReader(strings.NewReader(raw))); err == nil || errors.As(err, &how) {
			t.Errorf("%s: taken as %+v, %v", name, a, err)
		}
	}
	whole := "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\nrest"
	in := bufio.NewReader(strings.NewReader(whole))
	if a, err := readArrival(in); err != nil || a.Line != "POST /a HTTP/1.1" || a.Body != "hello" || len(a.Trailers) != 1 || in.Buffered() != 4 {
		t.Errorf("%+v, %v, %d left", a, err, in.Buffered())
	}
}
