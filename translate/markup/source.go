package markup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	firstBuffer = 4 << 10  // for messages that are short
	buffer      = 32 << 10 // for others
	minRead     = 2 << 10
)

// source holds what has been read and not yet used, as UTF-8 with line ends normalised.
type source struct {
	src     io.Reader
	charset string // from outside, then the one at work
	legacy  bool   // decoded from an encoding in which U+FFFD stands for what it does not have

	buf   []byte
	pos   int  // what is before it is used up
	end   int  // what is before it has been checked
	raw   int  // what is before it has been read: at most a part of a character more than end
	cr    bool // the last byte read was a carriage return
	full  bool // the last read was given less room than there was to read
	stop  error
	line  int   // of buf[0]
	begun int64 // where that line starts
	base  int64 // of buf[0] in the document
}

// more reads on: end grows, or there is an error. What is between pos and end stays, and
// may move, together with pos.
func (r *Reader) more() error {
	r.room()
	for range 100 {
		if r.stop != nil {
			if r.stop == io.EOF && r.raw > r.end {
				r.stop = fmt.Errorf("the document breaks off in a character: %w", io.ErrUnexpectedEOF)
			}
			return r.stop
		}
		n, err := r.src.Read(r.buf[r.raw:])
		r.stop = sourceError(err)
		r.full = n == len(r.buf)-r.raw
		if n = r.lineEnds(n); n == 0 {
			continue
		}
		before := r.end
		r.raw += n
		r.check()
		if r.end > before {
			return nil
		}
	}
	return io.ErrNoProgress
}

// sourceError is err, but for one that wraps io.EOF: it must not look like the end.
func sourceError(err error) error {
	if err != io.EOF && errors.Is(err, io.EOF) {
		return fmt.Errorf("%v: %w", err, io.ErrUnexpectedEOF)
	}
	return err
}

// room makes buf hold another read.
func (r *Reader) room() {
	if len(r.buf)-r.raw >= minRead && r.pos < r.end {
		return
	}
	r.line, r.begun = r.lineOf(r.pos)
	r.base += int64(r.pos)
	to := r.buf
	switch kept := r.raw - r.pos; {
	case r.buf == nil:
		to = make([]byte, firstBuffer)
	case len(r.buf) < buffer && r.full:
		to = make([]byte, buffer)
	case len(r.buf)-kept < minRead:
		to = make([]byte, 2*len(r.buf))
	}
	r.raw = copy(to, r.buf[r.pos:r.raw])
	r.end -= r.pos
	r.pos, r.tok = 0, 0
	r.buf = to
}

// need makes n bytes from pos be there.
func (r *Reader) need(n int) error {
	for r.end-r.pos < n {
		if err := r.more(); err != nil {
			return err
		}
	}
	return nil
}

// lineEnds makes \n of \r\n and of \r in the n bytes after raw (section 2.11), and
// returns how many are left.
func (r *Reader) lineEnds(n int) int {
	p := r.buf[r.raw : r.raw+n]
	if n == 0 || !r.cr && bytes.IndexByte(p, '\r') < 0 {
		return n
	}
	out := p[:0]
	for _, c := range p {
		switch {
		case c == '\r':
			out = append(out, '\n')
		case c != '\n' || !r.cr:
			out = append(out, c)
		}
		r.cr = c == '\r'
	}
	return len(out)
}

// check moves end over what are characters of XML. When something else follows, stop is
// the error for it, which comes up after what is before it is used.
func (r *Reader) check() {
	n, why := valid(r.buf[r.end:r.raw], r.legacy)
	r.end += n
	if why != "" {
		r.stop = r.wrong(r.end, "%s%s", why, r.as())
	}
}

func (r *Reader) as() string {
	if r.charset == "" {
		return ""
	}
	return " (read as " + r.charset + ")"
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// valid returns how many bytes of p are whole characters that XML 1.0 allows (section
// 2.2), and what is wrong with the next one, if something is. An incomplete one at the end
// is left over.
func valid(p []byte, legacy bool) (n int, why string) {
	i := 0
	for i < len(p) {
		for len(p)-i >= 8 {
			x := binary.LittleEndian.Uint64(p[i:])
			// A high bit is set for each byte below 0x20 or above 0x7F; above the first
			// one it may be set wrongly.
			if (x|(x-0x20*ones))&highs != 0 {
				break
			}
			i += 8
		}
		for stop := min(i+8, len(p)); i < stop; {
			c := p[i]
			if c < utf8.RuneSelf {
				if c < ' ' && c != '\n' && c != '\t' {
					return i, fmt.Sprintf("the control character U+%04X cannot stand in XML", c)
				}
				i++
				continue
			}
			ch, size := utf8.DecodeRune(p[i:])
			switch {
			case ch == utf8.RuneError && size == 1:
				if !utf8.FullRune(p[i:]) {
					return i, ""
				}
				return i, fmt.Sprintf("the byte 0x%02X is not UTF-8", c)
			case ch == utf8.RuneError && legacy:
				return i, "a byte that the encoding does not have"
			case ch == 0xFFFE || ch == 0xFFFF:
				return i, fmt.Sprintf("the character U+%04X cannot stand in XML", ch)
			}
			i += size
		}
	}
	return i, ""
}

// uncut is how much of p are whole characters, where p is UTF-8 that may be cut.
func uncut(p []byte) int {
	for i := len(p) - 1; i >= 0 && i >= len(p)-utf8.UTFMax; i-- {
		if utf8.RuneStart(p[i]) {
			if utf8.FullRune(p[i:]) {
				break
			}
			return i
		}
	}
	return len(p)
}

// lineOf returns the line of an offset of buf, and where in the document it starts.
func (r *source) lineOf(at int) (line int, begun int64) {
	p := r.buf[:at]
	n := bytes.Count(p, []byte{'\n'})
	if n == 0 {
		return r.line, r.begun
	}
	return r.line + n, r.base + int64(bytes.LastIndexByte(p, '\n')) + 1
}

func (r *source) locate(at int) (line, column int) {
	line, begun := r.lineOf(at)
	return line, int(r.base+int64(at)-begun) + 1
}
