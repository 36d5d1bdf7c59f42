package capture

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Why a body is not kept, as the record says it.
const (
	otherType    = "media_type" // none of those named
	encoded      = "encoded"    // a Content-Encoding, which is not undone
	otherCharset = "charset"    // not UTF-8
	malformed    = "malformed"  // it cannot be read, so nothing can be redacted
	tooDeep      = "too_deep"   // nested beyond deepest
	notStored    = "not_stored" // the disk failed
	noRoom       = "no_room"    // less is free than new calls need
)

const (
	mark    = "[redacted]"
	deepest = 100
)

// errLeaveOut is a body that is not kept; its text is the reason.
type errLeaveOut string

func (e errLeaveOut) Error() string { return string(e) }

// redact returns src without what the plan redacts, at most p.max bytes of it. cut says
// that src is only the beginning of a body: then it may break off anywhere, and what is
// left of a value that is cut is not returned. short reports that the end is missing.
// A body that is not well-formed up to its end, or up to the cut, is not kept at all.
func (p *Plan) redact(f form, src []byte, cut bool) (out []byte, short bool, err error) {
	if cut {
		src = wholeRunes(src)
	}
	r := &redactor{src: src, most: p.max}
	if f == jsonForm {
		err = r.json(p.paths)
	} else {
		err = r.xml(p.names)
	}
	var leave errLeaveOut
	switch {
	case errors.As(err, &leave):
		return nil, false, leave
	case err == errFull, cut && (err == nil || ended(err)):
		return r.out, true, nil
	case err != nil:
		return nil, false, errLeaveOut(malformed)
	}
	return r.out, false, nil
}

// wholeRunes leaves out a character that is cut.
func wholeRunes(src []byte) []byte {
	for i := len(src) - 1; i >= 0 && i >= len(src)-utf8.UTFMax; i-- {
		if utf8.RuneStart(src[i]) {
			if !utf8.FullRune(src[i:]) {
				return src[:i]
			}
			break
		}
	}
	return src
}

// errFull ends a redaction whose result is longer than what may be kept.
var errFull = errors.New("full")

// redactor copies src to out, token by token; the bytes of what is not redacted stay as
// they are.
type redactor struct {
	src  []byte
	out  []byte
	most int
	at   int // of src, up to which a token was taken
}

// take copies src up to end.
func (r *redactor) take(end int) error { return r.put(r.src[r.at:end], end) }

// put writes text for src up to end.
func (r *redactor) put(text []byte, end int) error {
	if len(r.out)+len(text) > r.most {
		return errFull
	}
	r.out = append(r.out, text...)
	r.at = end
	return nil
}

// ended reports whether err only says that src has no more.
func ended(err error) bool {
	var syntax *xml.SyntaxError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errUnclosed) || errors.As(err, &syntax) && strings.HasPrefix(syntax.Msg, "unexpected EOF")
}

// errUnclosed is a document that ends too early.
var errUnclosed = errors.New("it is not closed")
