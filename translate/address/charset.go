package address

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"mime"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"
)

// form is how a document writes the characters of its markup.
type form uint8

const (
	ascii form = iota // as ASCII: UTF-8 and the older sets that hold it
	little
	big
)

// Names of encodings in which no byte of another character looks like markup.
var asciiNames = regexp.MustCompile(`^(utf-?8|us-ascii|ascii|iso[-_]8859-[0-9]+|latin[1-9]|windows-[0-9]+|cp125[0-9]|koi8-[ru]|euc-(jp|kr)|shift_jis|gb2312|gbk|gb18030|big5)$`)

var declared = regexp.MustCompile(`^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']`)

// Names of encodings in which the second byte of a character may look like a ], so that a
// CDATA section ends elsewhere than its bytes say.
var twoByteNames = regexp.MustCompile(`^(shift_jis|gb2312|gbk|gb18030|big5)$`)

// twoBytes reports whether a document is, or says that it is, in such an encoding.
func twoBytes(doc []byte, charset string) bool {
	m := declared.FindSubmatch(bytes.TrimPrefix(doc, utf8BOM))
	return twoByteNames.MatchString(charset) || m != nil && twoByteNames.MatchString(strings.ToLower(string(m[1])))
}

// Charset returns the charset of a Content-Type, "" for none.
func Charset(contentType string) string {
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		return strings.ToLower(params["charset"])
	}
	return ""
}

// sniff returns the form of a document: a byte order mark counts before the charset of the
// Content-Type, and that before what the document declares (RFC 7303, section 3). Where
// they cannot all be true it is an error: somebody else could read another document.
func sniff(doc []byte, charset string) (form, error) {
	f := ascii
	switch {
	case bytes.HasPrefix(doc, []byte{0xFF, 0xFE, 0, 0}), bytes.HasPrefix(doc, []byte{0, 0}):
		return 0, fmt.Errorf("the encoding UTF-32 is not taken")
	case bytes.HasPrefix(doc, []byte{0xFF, 0xFE}), bytes.HasPrefix(doc, []byte{'<', 0}):
		f = little
	case bytes.HasPrefix(doc, []byte{0xFE, 0xFF}), bytes.HasPrefix(doc, []byte{0, '<'}):
		f = big
	}
	names := []string{charset}
	if f == ascii {
		if m := declared.FindSubmatch(bytes.TrimPrefix(doc, utf8BOM)); m != nil {
			names = append(names, strings.ToLower(string(m[1])))
		}
	}
	for _, name := range names {
		switch {
		case name == "":
		case strings.HasPrefix(name, "utf-16") && f != ascii:
		case f == ascii && asciiNames.MatchString(name):
		default:
			return 0, fmt.Errorf("the encoding %.40q is not taken, or the document is in another one", name)
		}
	}
	return f, nil
}

var utf8BOM = []byte{0xEF, 0xBB, 0xBF}

// edited returns doc as change leaves it, which is given the document in a form whose
// markup is ASCII, without a byte order mark.
func edited(doc []byte, charset string, change func([]byte) ([]byte, error)) ([]byte, error) {
	f, err := sniff(doc, charset)
	if err != nil {
		return nil, err
	}
	if f != ascii {
		if doc, err = narrow(doc, f); err != nil {
			return nil, err
		}
	}
	plain := bytes.TrimPrefix(doc, utf8BOM)
	out, err := change(plain)
	if err != nil {
		return nil, err
	}
	if len(plain) < len(doc) {
		out = append(bytes.Clone(utf8BOM), out...)
	}
	if f != ascii {
		out = widen(out, f)
	}
	return out, nil
}

// utf8Of returns a document in UTF-8, without a byte order mark.
func utf8Of(src Source) ([]byte, error) {
	f, err := sniff(src.Data, src.Charset)
	if err != nil {
		return nil, err
	}
	if f != ascii {
		plain, err := narrow(src.Data, f)
		return bytes.TrimPrefix(plain, utf8BOM), err
	}
	plain := bytes.TrimPrefix(src.Data, utf8BOM)
	name := src.Charset
	if m := declared.FindSubmatch(plain); name == "" && m != nil {
		name = string(m[1])
	}
	if name == "" || len(plain) < len(src.Data) || utf8.Valid(plain) {
		return plain, nil
	}
	set, err := ianaindex.IANA.Encoding(name)
	if err != nil || set == nil {
		return nil, fmt.Errorf("the encoding %.40q is not taken", name)
	}
	return set.NewDecoder().Bytes(plain)
}

func order(f form) binary.AppendByteOrder {
	if f == big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// narrow turns UTF-16 into UTF-8. A byte order mark stays a character.
func narrow(doc []byte, f form) ([]byte, error) {
	if len(doc)%2 != 0 {
		return nil, fmt.Errorf("the document is UTF-16 and ends within a character")
	}
	out := make([]byte, 0, len(doc)/2)
	for i := 0; i < len(doc); i += 2 {
		c := rune(unit(doc[i:], f))
		if utf16.IsSurrogate(c) {
			if i+4 > len(doc) {
				return nil, fmt.Errorf("the document is not UTF-16")
			}
			i += 2
			if c = utf16.DecodeRune(c, rune(unit(doc[i:], f))); c == utf8.RuneError {
				return nil, fmt.Errorf("the document is not UTF-16")
			}
		}
		out = utf8.AppendRune(out, c)
	}
	return out, nil
}

func unit(b []byte, f form) uint16 {
	if f == big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func widen(doc []byte, f form) []byte {
	out := make([]byte, 0, 2*len(doc))
	for _, u := range utf16.Encode([]rune(string(doc))) {
		out = order(f).AppendUint16(out, u)
	}
	return out
}
