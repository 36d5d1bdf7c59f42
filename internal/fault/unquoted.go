package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
)

// breaches are what net/http and net/textproto say of a message that breaks HTTP's rules,
// before they quote it.
var breaches = []string{
	"malformed HTTP response", "malformed HTTP status code", "malformed HTTP version", "malformed MIME header", "malformed chunked encoding",
	"bad Content-Length", "multiple Content-Length", "unsupported transfer encoding", "too many transfer encodings", "bad trailer key", "message too large",
	"invalid byte in chunk length", "empty hex number for chunk length", "chunk length too large", "chunked encoding contains too much non-data",
	"chunked line ends with bare LF", "header line too long", "unexpected EOF reading trailer", "suspiciously long trailer",
}

// plainWords begin the errors that quote nothing of a message.
var plainWords = []string{"tls: ", "stream error: ", "client disconnected", "http: request body too large", "http: invalid Read on closed Body", "the "}

// Unquoted returns an error of reading a message from a connection so that a log may show
// it. One that says how the message breaks HTTP's rules quotes it, and an answer may hold
// what the request held: of that only the rule stays.
func Unquoted(err error) error {
	var f *Fault
	var op *net.OpError
	for _, safe := range []error{nil, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded} {
		if err == safe {
			return err
		}
	}
	if errors.As(err, &f) || errors.As(err, &op) {
		return err
	}
	text := err.Error()
	for _, words := range plainWords {
		if strings.HasPrefix(text, words) {
			return err
		}
	}
	for _, words := range breaches {
		if strings.Contains(text, words) {
			return errors.New(words)
		}
	}
	return errors.New("the message breaks HTTP's rules")
}
