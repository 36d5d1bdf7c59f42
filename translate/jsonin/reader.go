// Package jsonin reads JSON (RFC 8259) token by token from a stream, strictly: UTF-8
// without lone surrogates, one value, nothing after it. Numbers keep their digits and long
// strings come in pieces, so that memory does not grow with what is read.
package jsonin

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// What a Reader takes at most.
const (
	MaxDepth  = 256  // objects and arrays inside each other
	MaxNumber = 1024 // bytes of a number
	MaxKey    = 4096 // bytes of a member's name
)

// A buffer starts small, for most texts are.
const (
	smallBuffer = 4 << 10
	largeBuffer = 32 << 10
)

// Reader reads one JSON value. It is not safe for concurrent use.
type Reader struct {
	src    io.Reader
	buf    []byte
	r, w   int
	before int64 // bytes before buf
	err    error // of src
	depth  int
	key    []byte
	piece  []byte
}

// NewReader returns a Reader of src. It reads src only when what it has is used up.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// Reset makes d a Reader of src. What d has returned is no longer valid.
func (d *Reader) Reset(src io.Reader) {
	*d = Reader{src: src, buf: d.buf, key: d.key[:0], piece: d.piece[:0]}
}

// ErrShort says that the text ends before the value does. An error of the source itself
// is passed on as it is.
var ErrShort = errors.New("it ends too early")

// SyntaxError says what is not JSON, and where.
type SyntaxError struct {
	What   string
	Offset int64 // bytes before it
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.What, e.Offset) }

func (d *Reader) wrong(format string, args ...any) error {
	return &SyntaxError{fmt.Sprintf(format, args...), d.before + int64(d.r)}
}

// more reads on; what is unread stays.
func (d *Reader) more() error {
	if d.err != nil {
		return d.err
	}
	switch {
	case d.buf == nil:
		d.buf = make([]byte, smallBuffer)
	case d.w == smallBuffer && len(d.buf) == smallBuffer:
		d.buf = append(make([]byte, 0, largeBuffer), d.buf...)[:largeBuffer]
	}
	if d.r > 0 {
		d.before += int64(d.r)
		d.w = copy(d.buf, d.buf[d.r:d.w])
		d.r = 0
	}
	for range 100 {
		n, err := d.src.Read(d.buf[d.w:])
		d.w += n
		if err == io.EOF {
			d.err = ErrShort
		} else if err != nil {
			d.err = err
		}
		switch {
		case n > 0:
			return nil
		case d.err != nil:
			return d.err
		}
	}
	return io.ErrNoProgress
}

// Peek returns the first byte of the next token: { [ ] } " t f n , : a digit or a sign.
func (d *Reader) Peek() (byte, error) {
	for {
		for ; d.r < d.w; d.r++ {
			switch c := d.buf[d.r]; c {
			case ' ', '\t', '\r', '\n':
			case 0xEF: // a byte order mark, as .NET's StreamWriter writes it (RFC 8259, section 8.1)
				if d.before != 0 || d.r != 0 {
					return c, nil
				}
				if err := d.have(3); err != nil {
					return 0, err
				}
				if d.buf[1] != 0xBB || d.buf[2] != 0xBF {
					return c, nil
				}
				d.r = 2
			default:
				return c, nil
			}
		}
		if err := d.more(); err != nil {
			return 0, err
		}
	}
}

// Value returns the first byte of the next value, and refuses what begins none.
func (d *Reader) Value() (byte, error) {
	c, err := d.Peek()
	if err != nil {
		return 0, err
	}
	switch {
	case c == '{', c == '[', c == '"', c == 't', c == 'f', c == 'n', c == '-', '0' <= c && c <= '9':
		return c, nil
	}
	return 0, d.wrong("%s stands where a value should", quoted(c))
}

func quoted(c byte) string {
	if c >= utf8.RuneSelf || c < ' ' {
		return fmt.Sprintf("byte 0x%02x", c)
	}
	return fmt.Sprintf("%q", c)
}

// Open reads the { or [ that Peek has seen.
func (d *Reader) Open() error {
	if d.depth++; d.depth > MaxDepth {
		return d.wrong("more than %d objects and arrays inside each other", MaxDepth)
	}
	d.r++
	return nil
}

// Next goes to the next member or item, and reports false at the end, which it reads:
// end is } or ]. first is true before the first one.
func (d *Reader) Next(end byte, first bool) (bool, error) {
	c, err := d.Peek()
	if err != nil {
		return false, err
	}
	switch {
	case c == end:
		d.r++
		d.depth--
		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, d.wrong("%s stands where a comma or %q should", quoted(c), end)
	}
	d.r++
	if c, err = d.Peek(); err == nil && c == end {
		return false, d.wrong("a comma stands before %q", end)
	}
	return true, err
}

// Key reads a member's name and the colon. The name is valid until the next call.
func (d *Reader) Key() ([]byte, error) {
	c, err := d.Peek()
	if err != nil {
		return nil, err
	}
	if c != '"' {
		return nil, d.wrong("%s stands where a member's name should", quoted(c))
	}
	d.key = d.key[:0]
	err = d.Text(func(p []byte) error {
		if d.key = append(d.key, p...); len(d.key) > MaxKey {
			return d.wrong("a member's name is longer than %d bytes", MaxKey)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c, err = d.Peek(); err != nil {
		return nil, err
	}
	if c != ':' {
		return nil, d.wrong("%s stands where a colon should", quoted(c))
	}
	d.r++
	return d.key, nil
}

// Literal reads true, false or null.
func (d *Reader) Literal() (string, error) {
	word := map[byte]string{'t': "true", 'f': "false", 'n': "null"}[d.buf[d.r]]
	for d.w-d.r < len(word) {
		if err := d.more(); err != nil {
			return "", err
		}
	}
	if string(d.buf[d.r:d.r+len(word)]) != word {
		return "", d.wrong("a word that is not %s", word)
	}
	d.r += len(word)
	return word, nil
}

// Number reads a number, as it is written. It is valid until the next call.
func (d *Reader) Number() ([]byte, error) {
	n := 0
	for {
		for d.r+n < d.w && inNumber(d.buf[d.r+n]) {
			n++
		}
		if n > MaxNumber {
			return nil, d.wrong("a number is longer than %d bytes", MaxNumber)
		}
		if d.r+n < d.w {
			break
		}
		if err := d.more(); errors.Is(err, ErrShort) {
			break // a number alone ends with the text
		} else if err != nil {
			return nil, err
		}
	}
	p := d.buf[d.r : d.r+n]
	if !IsNumber(p) {
		return nil, d.wrong("%.40q is not a number", p)
	}
	d.r += n
	return p, nil
}

func inNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// End reports an error unless nothing but white space follows.
func (d *Reader) End() error {
	c, err := d.Peek()
	switch {
	case err == nil:
		return d.wrong("%s stands after the end of the value", quoted(c))
	case errors.Is(err, ErrShort):
		return nil
	}
	return err
}
