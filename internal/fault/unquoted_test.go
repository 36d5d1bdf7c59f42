package fault

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestUnquotedShowsNothingOfAMessage reads answers that break the rules with a secret in
// each place that net/http may quote.
func TestUnquotedShowsNothingOfAMessage(t *testing.T) {
	for answer, want := range map[string]string{
		"GET /p?q=SECRET HTTP/1.1\r\n\r\n":                                                                "malformed HTTP status code",
		"SECRET\r\n\r\n":                                                                                  "malformed HTTP response",
		"HTTP/SECRET 200 OK\r\n\r\n":                                                                      "malformed HTTP version",
		"HTTP/1.1 200 OK\r\nSECRET\r\n\r\n":                                                               "malformed MIME header",
		"HTTP/1.1 200 OK\r\n SECRET: x\r\n\r\n":                                                           "malformed MIME header",
		"HTTP/1.1 200 OK\r\nContent-Length: SECRET\r\n\r\n":                                               "bad Content-Length",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: SECRET\r\n\r\n":                                            "unsupported transfer encoding",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: SECRET\r\n\r\n":                          "multiple Content-Length",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n":                "bad trailer key",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n":                                 "invalid byte in chunk length",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSECRET: a\r\nSECRET\r\n\r\n": "malformed MIME header",
	} {
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		if err == nil {
			t.Errorf("%q is taken", answer)
			continue
		}
		if got := Unquoted(err); got.Error() != want {
			t.Errorf("%q: %q of %q, want %q", answer, got, err, want)
		}
	}
	if got := Unquoted(errors.New("what is new says SECRET")); got.Error() != "the message breaks HTTP's rules" {
		t.Error(got)
	}
	for _, err := range []error{nil, io.EOF, io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: errors.New("reset")}, fmt.Errorf("dial: %w", New(TargetClosed, "it closed"))} {
		if got := Unquoted(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}
