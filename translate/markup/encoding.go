package markup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"
)

// begin finds out how the document is encoded and makes the source yield UTF-8.
func (r *Reader) begin() error {
	r.room()
	for r.raw < 4 && r.stop == nil {
		r.readHead()
	}
	head := r.buf[:r.raw]
	mark := 0
	name := strings.ToLower(strings.TrimSpace(r.charset))
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		name, mark = "utf-8", 3
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		name, mark = "utf-16be", 2
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		name, mark = "utf-16le", 2
	case name != "" && name != "utf-16":
	case len(head) > 3 && head[0] == '<' && head[1] == 0 && head[3] == 0:
		name = "utf-16le"
	case len(head) > 3 && head[0] == 0 && head[1] == '<' && head[2] == 0, name == "utf-16":
		name = "utf-16be" // RFC 2781, section 4.3: what has no mark
	case bytes.HasPrefix(head, []byte("<?xm")):
		name = r.declaredEncoding()
	}
	return r.decodeFrom(name, mark)
}

// readHead reads bytes as they come.
func (r *Reader) readHead() {
	n, err := r.src.Read(r.buf[r.raw:])
	r.raw += n
	r.stop = sourceError(err)
}

// declaredEncoding reads on to the end of the XML declaration for the encoding in it. One
// that says UTF-16 in single bytes is wrong; .NET writes it when it serialises to a string.
func (r *Reader) declaredEncoding() string {
	const long = 1 << 10
	end := 0
	for {
		if end = bytes.IndexByte(r.buf[:r.raw], '>'); end >= 0 || r.raw > long || r.stop != nil {
			break
		}
		r.readHead()
	}
	_, after, ok := bytes.Cut(r.buf[:max(end, 0)], []byte("encoding"))
	if !ok {
		return ""
	}
	_, value, _, _ := pseudo(append([]byte("encoding"), after...))
	if name := strings.ToLower(value); !strings.HasPrefix(name, "utf-16") && name != "iso-10646-ucs-2" {
		return name
	}
	return ""
}

// decodeFrom makes the source yield UTF-8 from the encoding called name, without the mark.
func (r *Reader) decodeFrom(name string, mark int) error {
	var decoder transform.Transformer
	switch name {
	case "", "utf-8", "utf8":
		n := r.raw - mark
		r.charset, r.base = "", int64(-mark)
		r.pos, r.end, r.raw = mark, mark, mark
		r.raw += r.lineEnds(n)
		r.check()
		return nil
	case "utf-16le":
		decoder = utf16Decoder{binary.LittleEndian}
	case "utf-16be":
		decoder = utf16Decoder{binary.BigEndian}
	default:
		enc, err := ianaindex.IANA.Encoding(name)
		if err != nil || enc == nil {
			return fmt.Errorf("the encoding %q is not known; UTF-8, UTF-16, ISO-8859-1 and windows-1252 are, among others", brief([]byte(name)))
		}
		decoder, r.legacy = enc.NewDecoder(), true
	}
	rest := io.Reader(bytes.NewReader(bytes.Clone(r.buf[mark:r.raw])))
	switch {
	case r.stop == nil:
		rest = io.MultiReader(rest, r.src)
	case r.stop != io.EOF:
		return r.stop
	}
	r.charset, r.src, r.stop, r.raw = name, transform.NewReader(rest, decoder), nil, 0
	return nil
}

// utf16Decoder decodes UTF-16 (RFC 2781), strictly: x/text's own makes U+FFFD of half
// a pair, which could not be told from one that was sent.
type utf16Decoder struct{ order binary.ByteOrder }

func (utf16Decoder) Reset() {}

func (d utf16Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		size := 2
		if len(src)-nSrc < size {
			return nDst, nSrc, d.part(atEOF)
		}
		c := rune(d.order.Uint16(src[nSrc:]))
		if utf16.IsSurrogate(c) {
			if size = 4; len(src)-nSrc < size {
				return nDst, nSrc, d.part(atEOF)
			}
			if c = utf16.DecodeRune(c, rune(d.order.Uint16(src[nSrc+2:]))); c == utf8.RuneError {
				return nDst, nSrc, errors.New("the document is no UTF-16: half of a surrogate pair")
			}
		}
		nDst += utf8.EncodeRune(dst[nDst:], c)
		nSrc += size
	}
	return nDst, nSrc, nil
}

func (utf16Decoder) part(atEOF bool) error {
	if atEOF {
		return fmt.Errorf("the document breaks off in a character: %w", io.ErrUnexpectedEOF)
	}
	return transform.ErrShortSrc
}
