package target

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// streams reports whether the body is sent as it comes.
func (c *Call) streams() bool {
	return c.Data == nil && c.Request.Body != nil && c.Request.Body != http.NoBody
}

// shortBody goes with its head in one write.
const shortBody = 16 << 10

// uploads reports whether the body goes in parts, beside the reading of the answer.
func (c *Call) uploads() bool { return c.streams() || len(c.Data) > shortBody }

// body is what goes in parts.
func (c *Call) body() io.Reader {
	if c.streams() {
		return c.Request.Body
	}
	return bytes.NewReader(c.Data)
}

// length is the announced one, 0 when the body goes in chunks.
func (c *Call) length() int64 {
	if c.streams() {
		return max(0, c.Request.ContentLength)
	}
	return int64(len(c.Data))
}

// chunked reports whether the body goes in chunks.
func (c *Call) chunked() bool { return c.streams() && c.Request.ContentLength <= 0 }

// appendHead writes the head of the request (RFC 9112, sections 3 and 5). What says how
// the body is framed comes from the call alone, never from its header.
func appendHead(b []byte, c *Call) []byte {
	req := c.Request
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	if ascii, err := httpguts.PunycodeHostPort(host); err == nil {
		host = ascii
	}
	b = append(b, req.Method...)
	b = append(b, ' ')
	b = append(b, req.URL.RequestURI()...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", host)
	for name, values := range req.Header {
		if framing(name) {
			continue
		}
		for _, v := range values {
			b = appendField(b, name, v)
		}
	}
	switch length := c.length(); {
	case c.chunked():
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length > 0 || takesBody(req.Method):
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, length, 10), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// takesBody reports whether a request without Content-Length would be odd (RFC 9110,
// section 8.6).
func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// framing reports whether a field is the client's own to write.
func framing(name string) bool {
	switch len(name) {
	case len("Host"):
		return strings.EqualFold(name, "Host")
	case len("Content-Length"):
		return strings.EqualFold(name, "Content-Length")
	case len("Transfer-Encoding"):
		return strings.EqualFold(name, "Transfer-Encoding")
	}
	return false
}

// appendField writes a field. What cannot be a field is left out: it would be read as
// something else.
func appendField(b []byte, name, value string) []byte {
	if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return b
	}
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}
