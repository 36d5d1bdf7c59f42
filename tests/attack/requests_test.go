//go:build linux

package attack

import "strings"

// req is the head of a request for localhost, with more lines.
func req(methodAndPath string, lines ...string) string {
	return head(methodAndPath+" HTTP/1.1", append([]string{"Host: localhost"}, lines...)...)
}

// head is lines, each with its CRLF, and the empty line after them.
func head(first string, lines ...string) string {
	var b strings.Builder
	b.WriteString(first + "\r\n")
	for _, line := range lines {
		b.WriteString(line + "\r\n")
	}
	return b.String() + "\r\n"
}

// chunked is the head of a request with a body in chunks.
func chunked(lines ...string) string {
	return req("POST /open/a", append([]string{"Transfer-Encoding: chunked"}, lines...)...)
}

// hidden is a request that lies in the body of another.
var hidden = req("GET /open/hidden")
