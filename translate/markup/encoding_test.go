package markup

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"
)

// wide is s in UTF-16, big-endian unless little.
func wide(s string, little bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		high, low := byte(u>>8), byte(u)
		if little {
			high, low = low, high
		}
		b.WriteByte(high)
		b.WriteByte(low)
	}
	return b.String()
}

func TestEncodings(t *testing.T) {
	for _, c := range []struct{ name, doc, charset, want string }{
		{"UTF-8 declared", "<?xml version='1.0' encoding='UTF-8'?><a>é</a>", "", "é"},
		{"UTF-16 with a mark, little-endian", wide("\uFEFF<?xml version='1.0' encoding='utf-16'?><a>é😀</a>", true), "", "é😀"},
		{"UTF-16 with a mark, big-endian", wide("\uFEFF<a>é😀</a>", false), "", "é😀"},
		{"UTF-16 without a mark, little-endian", wide("<a>é</a>", true), "", "é"},
		{"UTF-16 without a mark, big-endian", wide("<?xml version='1.0'?><a>é</a>", false), "", "é"},
		{"UTF-16 in the header, without a mark", wide("<a>é</a>", true), "UTF-16", "é"},
		{"UTF-16LE in the header", wide("\n<a>é</a>", true), "utf-16le", "é"},
		{"ISO-8859-1 declared", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9\x85</a>", "", "é\u0085"},
		{"windows-1252 declared", "<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>", "", "€"},
		{"the header before the declaration", "<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>", "iso-8859-1", "é"},
		{"the mark before the header", "\uFEFF<a>é</a>", "iso-8859-1", "é"},
		{"US-ASCII", "<a>e</a>", "us-ascii", "e"},
		{"ISO-8859-15", "<?xml version='1.0' encoding='iso-8859-15'?><a>\xa4</a>", "", "€"},
		{"Shift_JIS", "<?xml version='1.0' encoding='Shift_JIS'?><a>\x93\xfa</a>", "", "日"},
		{"UTF-16 declared in single bytes, as .NET serialises to a string", "<?xml version='1.0' encoding='utf-16'?><a>é</a>", "", "é"},
		{"line ends in another encoding", wide("\uFEFF<a>1\r\n2\r3</a>", true), "", "1\n2\n3"},
	} {
		for how, wrap := range readers {
			got, err := trace(NewReader(wrap(strings.NewReader(c.doc)), c.charset, Limits{}))
			if err != nil || got != "<a> "+quoted(c.want)+" </a>" {
				t.Errorf("%s, %s: %s %v", c.name, how, got, err)
			}
		}
	}
}

func quoted(s string) string {
	r := NewReader(strings.NewReader("<q>"+s+"</q>"), "", Limits{})
	got, _ := trace(r)
	return strings.TrimSuffix(strings.TrimPrefix(got, "<q> "), " </q>")
}

func TestWrongEncodingsAreRefused(t *testing.T) {
	for _, c := range []struct{ name, doc, charset, want string }{
		{"an unknown one", "<?xml version='1.0' encoding='x-none'?><a/>", "", `the encoding "x-none" is not known`},
		{"ASCII that is not", "<a>\xe9</a>", "us-ascii", "a byte that the encoding does not have (read as us-ascii)"},
		{"a hole in windows-1253", "<a>\xaa</a>", "windows-1253", "a byte that the encoding does not have (read as windows-1253)"},
		{"half a pair in UTF-16", wide("<a>", true) + "\x00\xd8a\x00" + wide("</a>", true), "", "half of a surrogate pair"},
		{"a low half first", wide("<a>", true) + "\x00\xdc\x00\xdc" + wide("</a>", true), "", "half of a surrogate pair"},
		{"a control character", wide("<a>\x01</a>", true), "", "U+0001"},
		{"UTF-8 declared, Latin-1 sent", "<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>", "", "line 1, column 42: the byte 0xE9 is not UTF-8"},
		{"a name of no encoding", "<?xml version='1.0' encoding=' utf-8'?><a/>", "utf-8", "the name of an encoding"},
	} {
		got, err := trace(NewReader(strings.NewReader(c.doc), c.charset, Limits{}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s %v, want %s", c.name, got, err, c.want)
		}
	}
	for _, cut := range []string{wide("<a>é</a>", true)[:9], wide("<a>😀</a>", false)[:8], wide("<a>é</", true)} {
		if _, err := trace(NewReader(strings.NewReader(cut), "", Limits{})); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", cut, err)
		}
	}
}
