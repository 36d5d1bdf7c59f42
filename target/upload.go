package target

import (
	"errors"
	"io"
	"strconv"
	"sync"
)

// uploads are buffers for bodies that are streamed, with room for the frame of a chunk.
var uploads = sync.Pool{New: func() any { return new([frameRoom + 32<<10 + len("\r\n")]byte) }}

// frameRoom is for the length of a chunk: hex digits and CRLF.
const frameRoom = 16

// upload sends the head and the body as it comes. It runs beside the goroutine that
// reads the answer, and may outlive the exchange while the caller is silent.
func (x *exchange) upload(c *conn) {
	if _, err := c.Write(c.out); err != nil {
		x.report(c, waiting) // for what the target may have said before it hung up
		return
	}
	buf := uploads.Get().(*[frameRoom + 32<<10 + 2]byte)
	defer uploads.Put(buf)
	chunked, body := x.call.chunked(), x.call.body()
	for {
		n, err := x.receive(c, body, buf[frameRoom:len(buf)-2])
		if n > 0 {
			part := buf[frameRoom : frameRoom+n]
			if chunked {
				part = frame(buf[:], n)
			}
			if _, err := c.Write(part); err != nil {
				x.report(c, waiting)
				return
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			c.cut() // what came is not the whole
			return
		}
	}
	if chunked && x.finish(c) != nil {
		x.report(c, waiting)
		return
	}
	x.mu.Lock()
	if x.conn == c {
		x.uploading = false
	}
	x.mu.Unlock()
	x.report(c, waiting)
}

// frame turns the n bytes after the room into a chunk (RFC 9112, section 7.1).
func frame(buf []byte, n int) []byte {
	var digits [frameRoom]byte
	length := append(strconv.AppendInt(digits[:0], int64(n), 16), "\r\n"...)
	start := frameRoom - len(length)
	copy(buf[start:], length)
	return append(buf[start:frameRoom+n], "\r\n"...)
}

// finish sends the last chunk and the trailer.
func (x *exchange) finish(c *conn) error {
	b := []byte("0\r\n")
	if x.call.Trailer != nil {
		for name, values := range x.call.Trailer() {
			for _, v := range values {
				b = appendField(b, name, v)
			}
		}
	}
	_, err := c.Write(append(b, "\r\n"...))
	return err
}

// errOver ends an upload of a call that was given up, errLength one of a body that is
// not as long as announced.
var (
	errOver   = errors.New("the call is over")
	errLength = errors.New("the body is shorter or longer than its announced length")
)

// report enters a phase, unless c was given up for another connection.
func (x *exchange) report(c *conn, p phase) {
	x.mu.Lock()
	mine := x.conn == c
	x.mu.Unlock()
	if mine {
		x.watch.enter(p)
	}
}

// receive reads a part of the body for c, which may have been given up for another.
func (x *exchange) receive(c *conn, body io.Reader, p []byte) (int, error) {
	x.mu.Lock()
	over := x.conn != c
	x.mu.Unlock()
	if over {
		return 0, errOver
	}
	x.watch.enter(receiving)
	n, err := body.Read(p)
	x.report(c, sending)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conn != c {
		return 0, errOver
	}
	x.sent += int64(n)
	if want := x.call.length(); want > 0 && (x.sent > want || err == io.EOF && x.sent < want) {
		n, err = 0, errLength
	}
	if err != nil && err != io.EOF {
		x.uploadErr = err
	}
	return n, err
}
