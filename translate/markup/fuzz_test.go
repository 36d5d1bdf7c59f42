package markup

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

var seeds = []string{
	`<a/>`, `<?xml version="1.0" encoding="utf-8"?><p:a xmlns:p="u" xmlns="v" p:b="&lt;c"><d>x&#65;y</d><![CDATA[<z>]]><!-- c --><?i j?></p:a>`,
	"<a b='1\r\n2'>x\r\ny\r</a>", "\uFEFF<é>é</é>", `<a xmlns:p=""/>`, `<a>]]></a>`, `<a b="1" b="2"/>`, "<a></b>", "<a>\x01</a>", `<!DOCTYPE a><a/>`,
	"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>", "<\x00a\x00/\x00>\x00", `<a><b c="d"/><b:e xmlns:b="f">g</b:e></a>`, "<a>&#xD;&amp;&apos;</a >", "<a", "<a>]", "<a>&#", "<a b='", "<a><![CDATA[]", "<a><!--",
}

// FuzzReader reads what it is given at once, by single bytes, and with the standard library.
//
// The standard library is more lenient: it takes two roots, text outside of the root,
// repeated attributes, unbound prefixes, xmlns misused, a DOCTYPE, bad names with colons, and
// bad names. So: whatever we take it must take, and read in the same way.
func FuzzReader(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := trace(NewReader(strings.NewReader(string(doc)), "", Limits{}))
		again, errAgain := trace(NewReader(iotest.OneByteReader(strings.NewReader(string(doc))), "", Limits{}))
		if got != again || (err == nil) != (errAgain == nil) {
			t.Fatalf("at once %s %v\nby bytes %s %v", got, err, again, errAgain)
		}
		for _, err := range []error{err, errAgain} {
			var syntax *SyntaxError
			if errors.Is(err, errPart) || errors.As(err, &syntax) && (syntax.Line < 1 || syntax.Column < 1) {
				t.Fatalf("%v", err)
			}
		}
		if err != nil || !plain(doc) {
			return
		}
		want, err := standard(doc)
		if err != nil && strings.Contains(err.Error(), "invalid XML name") {
			return // it has the letters of the fourth edition
		}
		if err != nil {
			t.Fatalf("we read %s\nencoding/xml: %v", got, err)
		}
		if flat.Replace(got) != flat.Replace(want) {
			t.Fatalf("we read      %s\nencoding/xml %s", got, want)
		}
	})
}

// flat hides that encoding/xml keeps the white space of values as it is.
var flat = strings.NewReplacer(`\n`, " ", `\t`, " ", `\r`, " ")

// plain says whether encoding/xml can be asked: it knows UTF-8 and version 1.0 alone, and
// takes a byte order mark for text.
func plain(doc []byte) bool {
	s := string(doc)
	return !strings.Contains(s, "\x00") && !strings.Contains(s, "version") && !strings.HasPrefix(s, "\uFEFF")
}

// standard is trace by encoding/xml.
func standard(doc []byte) (string, error) {
	d := xml.NewDecoder(strings.NewReader(string(doc)))
	var b strings.Builder
	text, depth := "", 0
	flush := func() {
		if text != "" && depth > 0 {
			fmt.Fprintf(&b, "%q ", text)
		}
		text = ""
	}
	name := func(n xml.Name) string { return clark(Name{n.Space, []byte(n.Local)}) }
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return strings.TrimSpace(b.String()), nil
		} else if err != nil {
			return "", err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			flush()
			depth++
			space := tok.Name.Space
			if space == "xml" {
				tok.Name.Space = xmlSpace
			}
			fmt.Fprintf(&b, "<%s> ", name(tok.Name))
			for _, a := range tok.Attr {
				if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
					continue
				}
				if a.Name.Space == "xml" {
					a.Name.Space = xmlSpace
				}
				fmt.Fprintf(&b, "@%s=%q ", name(a.Name), a.Value)
			}
		case xml.CharData:
			text += string(tok)
		case xml.EndElement:
			flush()
			fmt.Fprintf(&b, "</%s> ", name(tok.Name))
			depth--
		}
	}
}

// FuzzElement takes the root of a document as an element that stands alone: it must be
// read as the document was.
func FuzzElement(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		want, err := trace(NewReader(strings.NewReader(string(doc)), "", Limits{}))
		if err != nil {
			return
		}
		r := NewReader(strings.NewReader(string(doc)), "", Limits{})
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		alone, err := r.AppendElement(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := trace(NewReader(strings.NewReader(string(alone)), "", Limits{}))
		if err != nil || got != want {
			t.Fatalf("%s: %v\n got %s\nwant %s", alone, err, got, want)
		}
	})
}

// FuzzWrite escapes what it is given and reads it back.
func FuzzWrite(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		value, err := AppendAttr(nil, s)
		text, errText := AppendText(nil, s)
		if (err == nil) != (errText == nil) {
			t.Fatalf("value: %v, text: %v", err, errText)
		}
		if err != nil {
			return
		}
		doc := `<a b="` + string(value) + `">` + string(text) + `</a>`
		got, err := trace(NewReader(strings.NewReader(doc), "", Limits{Value: 1 << 20}))
		want := fmt.Sprintf("<a> @b=%q ", s)
		if s != "" {
			want += fmt.Sprintf("%q ", s)
		}
		if want += "</a>"; err != nil || got != want {
			t.Fatalf("%s\n got %s %v\nwant %s", doc, got, err, want)
		}
	})
}
