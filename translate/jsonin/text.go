package jsonin

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a string and gives it to take in decoded pieces, each of whole characters
// and valid until take returns. An empty string gives none.
func (d *Reader) Text(take func([]byte) error) error {
	d.r++ // the quote
	for {
		n, err := d.plain()
		if n > 0 {
			p := d.buf[d.r : d.r+n]
			d.r += n
			if err := take(p); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if d.r == d.w {
			if err := d.more(); err != nil {
				return err
			}
			continue
		}
		switch c := d.buf[d.r]; {
		case c == '"':
			d.r++
			return nil
		case c == '\\':
			if err := d.escape(); err != nil {
				return err
			}
			if err := take(d.piece); err != nil {
				return err
			}
		case c < ' ':
			return d.wrong("a control character in a string")
		}
	}
}

// plain returns how many bytes at d.r stand for themselves: whole characters, up to a
// quote, a backslash or a control character.
func (d *Reader) plain() (int, error) {
	i := d.r
	for i < d.w {
		c := d.buf[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				break
			}
			i++
			continue
		}
		if !utf8.FullRune(d.buf[i:d.w]) {
			if i > d.r {
				break // give what is whole first
			}
			if err := d.more(); err != nil {
				return 0, err
			}
			i = d.r
			continue
		}
		r, size := utf8.DecodeRune(d.buf[i:d.w])
		if r == utf8.RuneError && size == 1 {
			return i - d.r, d.wrong("a string is not UTF-8")
		}
		i += size
	}
	return i - d.r, nil
}

// escape decodes an escape sequence into d.piece.
func (d *Reader) escape() error {
	if err := d.have(2); err != nil {
		return err
	}
	d.piece = d.piece[:0]
	c := d.buf[d.r+1]
	if c != 'u' {
		plain, ok := escapes[c]
		if !ok {
			return d.wrong(`\%c is no escape`, c)
		}
		d.r += 2
		d.piece = append(d.piece, plain)
		return nil
	}
	r, err := d.hex()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) {
		for i, c := range []byte{'\\', 'u'} {
			if err := d.have(i + 1); err != nil {
				return err
			}
			if d.buf[d.r+i] != c {
				return d.wrong("a lone surrogate in a string")
			}
		}
		low, err := d.hex()
		if err != nil {
			return err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return d.wrong("a lone surrogate in a string")
		}
	}
	d.piece = utf8.AppendRune(d.piece, r)
	return nil
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// hex reads \uXXXX.
func (d *Reader) hex() (rune, error) {
	if err := d.have(6); err != nil {
		return 0, err
	}
	var r rune
	for _, c := range d.buf[d.r+2 : d.r+6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, d.wrong(`\u without four hexadecimal digits`)
		}
		r = r<<4 | rune(c)
	}
	d.r += 6
	return r, nil
}

func (d *Reader) have(n int) error {
	for d.w-d.r < n {
		if err := d.more(); err != nil {
			return err
		}
	}
	return nil
}

// IsNumber reports whether p is a number of JSON (RFC 8259, section 6).
func IsNumber(p []byte) bool {
	i := 0
	if i < len(p) && p[i] == '-' {
		i++
	}
	switch n := digits(p[i:]); {
	case n == 0, n > 1 && p[i] == '0':
		return false
	default:
		i += n
	}
	if i < len(p) && p[i] == '.' {
		n := digits(p[i+1:])
		if n == 0 {
			return false
		}
		i += 1 + n
	}
	if i < len(p) && (p[i] == 'e' || p[i] == 'E') {
		i++
		if i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		n := digits(p[i:])
		if n == 0 {
			return false
		}
		i += n
	}
	return i == len(p)
}

func digits(p []byte) int {
	for i, c := range p {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(p)
}
