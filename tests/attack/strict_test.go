//go:build linux

package attack

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// malformed says how a request breaks RFC 9112.
type malformed string

func (m malformed) Error() string { return string(m) }

func bad(format string, args ...any) error { return malformed(fmt.Sprintf(format, args...)) }

// readArrival reads one request as strictly as RFC 9112 lets a server. An error that is
// not malformed is the connection's end.
func readArrival(in *bufio.Reader) (a arrival, err error) {
	if a.Line, err = readLine(in); err != nil {
		return a, err
	}
	if err := checkLine(a.Line); err != nil {
		return a, err
	}
	if a.Fields, err = readFields(in); err != nil {
		return a, err
	}
	length, err := framing(a.Fields)
	if err == nil && length < 0 && strings.HasSuffix(a.Line, " HTTP/1.0") {
		err = bad("Transfer-Encoding in HTTP/1.0")
	}
	switch {
	case err != nil:
		return a, err
	case length >= 0:
		var body strings.Builder
		_, err = io.CopyN(&body, in, length)
		a.Body = body.String()
	default:
		a.Body, a.Trailers, err = readChunks(in)
	}
	return a, err
}

// readLine reads up to CRLF; a CR or LF by itself is malformed (RFC 9112, section 2.2).
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return line, err
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		return text, bad("a line ends with a bare LF")
	}
	if strings.Contains(text, "\r") {
		return text, bad("a bare CR in a line")
	}
	return text, nil
}

// checkLine wants METHOD SP origin-form SP HTTP/1.1 or 1.0 (RFC 9112, section 3).
func checkLine(line string) error {
	part := strings.Split(line, " ")
	if len(part) != 3 || part[2] != "HTTP/1.1" && part[2] != "HTTP/1.0" || !token(part[0]) {
		return bad("the request line")
	}
	if !strings.HasPrefix(part[1], "/") {
		return bad("the request target is no path")
	}
	for i := range len(part[1]) {
		if c := part[1][i]; c <= 0x20 || c >= 0x7f || c == '#' {
			return bad("the byte %#02x in the request target", c)
		}
	}
	return nil
}

func readFields(in *bufio.Reader) (fields []string, err error) {
	for {
		line, err := readLine(in)
		if err != nil || line == "" {
			return fields, err
		}
		fields = append(fields, line)
		name, value, ok := strings.Cut(line, ":")
		if !ok || !token(name) {
			return fields, bad("the name of a field: %.40q", line)
		}
		for i := range len(value) {
			if c := value[i]; c < 0x20 && c != '\t' || c == 0x7f {
				return fields, bad("the byte %#02x in the value of %s", c, name)
			}
		}
	}
}

// framing returns the body's length, -1 when it comes in chunks (RFC 9112, section 6).
func framing(fields []string) (int64, error) {
	lengths, codings, hosts := valuesOf(fields, "Content-Length"), valuesOf(fields, "Transfer-Encoding"), valuesOf(fields, "Host")
	switch {
	case len(hosts) != 1:
		return 0, bad("%d Host fields", len(hosts))
	case len(lengths)+len(codings) > 1:
		return 0, bad("%d Content-Length and %d Transfer-Encoding", len(lengths), len(codings))
	case len(codings) == 1 && !strings.EqualFold(codings[0], "chunked"):
		return 0, bad("Transfer-Encoding %q", codings[0])
	case len(codings) == 1:
		return -1, nil
	case len(lengths) == 0:
		return 0, nil
	}
	n, err := strconv.ParseUint(lengths[0], 10, 62)
	if err != nil || strings.ContainsAny(lengths[0], "+_") {
		return 0, bad("Content-Length %q", lengths[0])
	}
	return int64(n), nil
}

// readChunks reads a chunked body without extensions: a front has no reason to send any.
func readChunks(in *bufio.Reader) (body string, trailers []string, err error) {
	var b strings.Builder
	for {
		line, err := readLine(in)
		if err != nil {
			return b.String(), nil, err
		}
		n, err := strconv.ParseUint(line, 16, 62)
		if err != nil || strings.ContainsAny(line, "+_xX") {
			return b.String(), nil, bad("the chunk size %.40q", line)
		}
		if n == 0 {
			trailers, err := readFields(in)
			return b.String(), trailers, err
		}
		if _, err := io.CopyN(&b, in, int64(n)); err != nil {
			return b.String(), nil, err
		}
		if end, err := readLine(in); err != nil || end != "" {
			if err == nil {
				err = bad("the end of a chunk")
			}
			return b.String(), nil, err
		}
	}
}

// valuesOf returns the values of the fields with a name, without the blanks around them.
func valuesOf(fields []string, name string) (values []string) {
	for _, f := range fields {
		n, v, _ := strings.Cut(f, ":")
		if strings.EqualFold(n, name) {
			values = append(values, strings.Trim(v, " \t"))
		}
	}
	return values
}

// token reports whether s is one (RFC 9110, section 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= 0x20 || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return s != ""
}
