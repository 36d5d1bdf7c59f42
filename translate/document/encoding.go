package document

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// newDecoder finds out the encoding (XML 1.0, appendix F).
func newDecoder(r io.Reader) (*xml.Decoder, error) {
	b := bufio.NewReader(r)
	start, err := b.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var in io.Reader = b
	wide := true
	switch {
	case has(start, 0xFE, 0xFF), has(start, 0, '<'):
		in = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Reader(b)
	case has(start, 0xFF, 0xFE), has(start, '<', 0):
		in = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(b)
	case has(start, 0xEF, 0xBB, 0xBF):
		_, err = b.Discard(3)
		wide = false
	default:
		wide = false
	}
	d := xml.NewDecoder(in)
	d.CharsetReader = func(label string, rest io.Reader) (io.Reader, error) {
		if wide || strings.EqualFold(label, "utf-16") {
			return rest, nil
		}
		e, err := htmlindex.Get(label)
		if err != nil {
			return nil, fmt.Errorf("the encoding %q is not known; save the file as UTF-8", label)
		}
		return e.NewDecoder().Reader(rest), nil
	}
	if err == io.EOF {
		err = nil
	}
	return d, err
}

func has(b []byte, prefix ...byte) bool { return strings.HasPrefix(string(b), string(prefix)) }
