package markup

import (
	"strings"
	"testing"
)

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	for _, s := range []string{"", "plain", "é<&>\"'", "]]>", "a\r\nb\rc\nd\te", " x ", "<b xmlns='u'/>", "&amp;", "\u0085\ud7ff\ufffd\U0010ffff", strings.Repeat("x&y\n", 5000)} {
		doc, err := AppendAttr([]byte(`<a b="`), s)
		if err != nil {
			t.Fatal(err)
		}
		doc = append(doc, `">`...)
		if doc, err = AppendText(doc, []byte(s)); err != nil {
			t.Fatal(err)
		}
		doc = append(doc, "</a>"...)
		r := NewReader(strings.NewReader(string(doc)), "", Limits{})
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if got := string(r.Attrs()[0].Value); got != s {
			t.Errorf("value %q, want %q", got, s)
		}
		text := ""
		for {
			k, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if k == End {
				break
			}
			text += string(r.Text())
		}
		if text != s {
			t.Errorf("text %q, want %q", text, s)
		}
	}
}

func TestWhatXMLCannotHoldIsNotWritten(t *testing.T) {
	for s, want := range map[string]string{
		"a\x00": "XML 1.0 cannot hold the character U+0000", "\x1f": "XML 1.0 cannot hold the character U+001F",
		"<\uFFFE": "XML 1.0 cannot hold the character U+FFFE", "\uFFFF": "XML 1.0 cannot hold the character U+FFFF",
		"a\xff": "the byte 0xFF is not UTF-8", "\xed\xa0\x80": "the byte 0xED is not UTF-8", "\xc3": "the byte 0xC3 is not UTF-8",
	} {
		for name, appended := range map[string]func() ([]byte, error){
			"text":             func() ([]byte, error) { return AppendText([]byte("x"), s) },
			"text from bytes":  func() ([]byte, error) { return AppendText([]byte("x"), []byte(s)) },
			"value":            func() ([]byte, error) { return AppendAttr([]byte("x"), s) },
			"value from bytes": func() ([]byte, error) { return AppendAttr([]byte("x"), []byte(s)) },
		} {
			if dst, err := appended(); err == nil || err.Error() != want || string(dst) != "x" {
				t.Errorf("%s %q: %q %v, want %s", name, s, dst, err, want)
			}
		}
	}
}
