package markup

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

const (
	piece     = 8 << 10 // bytes of text that are not waited for longer
	reference = 32      // bytes of the longest reference
)

// chars reads text up to the next <, or as much as has been read when that is long.
func (r *Reader) chars() (Kind, error) {
	i := r.pos
	refs := false
	for {
		b := r.buf[:r.end]
		for i < len(b) && class[b[i]]&textStop == 0 {
			i++
		}
		switch {
		case i == len(b):
			if cut := r.cut(); cut >= piece {
				return r.piece(cut, refs)
			}
			i -= r.pos
			if err := r.more(); err != nil {
				return 0, err
			}
			i += r.pos
		case b[i] == '<':
			return r.piece(i-r.pos, refs)
		case b[i] == '&':
			refs = true
			i++
		default:
			if i-2 >= r.pos && b[i-1] == ']' && b[i-2] == ']' {
				return 0, r.wrong(i-2, "]]> in text; only a CDATA section ends so")
			}
			i++
		}
	}
}

// cut is how much of what has been read can be a piece of text: not a part of
// a reference, nor of ]]>.
func (r *Reader) cut() int {
	b := r.buf[r.pos:r.end]
	n := len(b)
	for n > 0 && n > len(b)-2 && b[n-1] == ']' {
		n--
	}
	from := max(0, n-reference)
	if amp := bytes.LastIndexByte(b[from:n], '&'); amp >= 0 && bytes.IndexByte(b[from+amp:n], ';') < 0 {
		n = from + amp
	}
	return n
}

// piece makes n bytes the text at hand.
func (r *Reader) piece(n int, refs bool) (Kind, error) {
	text := r.buf[r.pos : r.pos+n : r.pos+n]
	if refs {
		r.scratch = r.scratch[:0]
		var err error
		if text, err = r.decode(text, r.pos, false); err != nil {
			return 0, err
		}
	}
	r.text = text
	r.tok = r.pos
	r.pos += n
	return Text, nil
}

// section reads on in a CDATA section. It returns 0 at its end.
func (r *Reader) section() (Kind, error) {
	for {
		b := r.buf[r.pos:r.end]
		n := bytes.Index(b, []byte("]]>"))
		if n == 0 {
			r.pos += 3
			r.cdata = false
			return 0, nil
		}
		if n < 0 {
			n = len(b)
			for n > 0 && n > len(b)-2 && b[n-1] == ']' {
				n--
			}
			if n < piece {
				if err := r.more(); err != nil {
					return 0, err
				}
				continue
			}
		}
		return r.piece(n, false)
	}
}

// blank skips white space outside of the root, where nothing else may stand.
func (r *Reader) blank() error {
	for r.pos < r.end && class[r.buf[r.pos]]&space != 0 {
		r.pos++
	}
	if r.pos == r.end || r.buf[r.pos] == '<' {
		return nil
	}
	if r.state == prolog {
		return r.wrong(r.pos, "text before the root element")
	}
	return r.wrong(r.pos, "text after the root element")
}

// decode resolves the references in raw, which starts at an offset of buf. In an
// attribute's value white space becomes a space (section 3.3.3).
func (r *Reader) decode(raw []byte, at int, attribute bool) ([]byte, error) {
	start := len(r.scratch)
	out := r.scratch
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '&':
			size, what := 0, ""
			if out, size, what = appendReference(out, raw[i:]); what != "" {
				return nil, r.wrong(at+i, "%s", what)
			}
			i += size
		case attribute && class[c]&space != 0:
			out = append(out, ' ')
			i++
		default:
			from := i
			for i < len(raw) && raw[i] != '&' && !(attribute && class[raw[i]]&space != 0) {
				i++
			}
			out = append(out, raw[from:i]...)
		}
	}
	r.scratch = out
	return out[start:len(out):len(out)], nil
}

// appendReference appends what the reference at the start of raw stands for. what says
// what is wrong with it.
func appendReference(dst, raw []byte) (out []byte, size int, what string) {
	head := raw[:min(len(raw), reference)]
	end := bytes.IndexByte(head, ';')
	if end < 0 {
		return dst, 0, "an & that is no reference such as &amp;"
	}
	name, size := raw[1:end], end+1
	switch string(name) {
	case "lt":
		return append(dst, '<'), size, ""
	case "gt":
		return append(dst, '>'), size, ""
	case "amp":
		return append(dst, '&'), size, ""
	case "apos":
		return append(dst, '\''), size, ""
	case "quot":
		return append(dst, '"'), size, ""
	}
	if len(name) == 0 || name[0] != '#' {
		if n, _ := scanName(name, 0); len(name) == 0 || n < len(name) {
			return dst, 0, "an & that is no reference such as &amp;"
		}
		return dst, 0, "the entity &" + brief(name) + "; is not known; without a DTD there are lt, gt, amp, apos and quot"
	}
	c, ok := number(name[1:])
	if !ok || !isChar(c) {
		return dst, 0, "&" + brief(name) + "; stands for no character of XML"
	}
	return utf8.AppendRune(dst, c), size, ""
}

// number reads the digits of a character reference (section 4.1).
func number(s []byte) (rune, bool) {
	base := 10
	if len(s) > 0 && s[0] == 'x' {
		base, s = 16, s[1:]
	}
	if len(s) == 0 || s[0] == '+' || s[0] == '-' || s[0] == '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s), base, 21)
	return rune(n), err == nil
}

// isChar is the production Char of section 2.2.
func isChar(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' || 0x20 <= c && c <= 0xD7FF || 0xE000 <= c && c <= 0xFFFD || 0x10000 <= c && c <= 0x10FFFF
}

// charSize is the size of the first character of b.
func charSize(b []byte) int {
	_, n := utf8.DecodeRune(b)
	return n
}
