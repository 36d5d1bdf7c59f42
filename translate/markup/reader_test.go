package markup

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// trace is a document as the tokens that a Reader makes of it: <{space}name> @{space}name=value
// 'text' </>, pieces of text joined.
func trace(r *Reader) (string, error) {
	var b strings.Builder
	text := ""
	flush := func() {
		if text != "" {
			fmt.Fprintf(&b, "%q ", text)
			text = ""
		}
	}
	for {
		k, err := r.Next()
		if err == io.EOF {
			flush()
			return strings.TrimSpace(b.String()), nil
		} else if err != nil {
			return "", err
		}
		switch k {
		case Start:
			flush()
			fmt.Fprintf(&b, "<%s> ", clark(r.Name()))
			for _, a := range r.Attrs() {
				fmt.Fprintf(&b, "@%s=%q ", clark(a.Name), a.Value)
			}
		case Text:
			text += string(r.Text())
		case End:
			flush()
			fmt.Fprintf(&b, "</%s> ", clark(r.Name()))
		}
	}
}

func clark(n Name) string {
	if n.Space == "" {
		return string(n.Local)
	}
	return "{" + n.Space + "}" + string(n.Local)
}

func TestDocumentsAreRead(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"an empty element is a start and an end", `<a/>`, `<a> </a>`},
		{"text", `<a>b</a>`, `<a> "b" </a>`},
		{"white space around the root", " \n<?xml-stylesheet x?><!-- c --><a/>\n<!--d-->\t<?p?>", `<a> </a>`},
		{"an XML declaration", `<?xml version='1.0' encoding="utf-8" standalone = 'yes' ?><a/>`, `<a> </a>`},
		{"version 1.1 is read as 1.0 (fifth edition, section 2.8)", `<?xml version="1.1"?><a/>`, `<a> </a>`},
		{"a name that only starts like the declaration", `<?xmlx?><a/>`, `<a> </a>`},
		{"a byte order mark", "\uFEFF<a/>", `<a> </a>`},
		{"references", `<a b='&lt;&#9;&#x41;'>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;&#00065;</a>`, `<a> @b="<\tA" "<>&'\"A😀A" </a>`},
		{"line ends", "<a b='1\r\n2\r3\n4\t5'>x\r\ny\rz\r\r\n&#13;</a>", `<a> @b="1 2 3 4 5" "x\ny\nz\n\n\r" </a>`},
		{"a CDATA section", `<a>1<![CDATA[<b>&amp;]]&gt;]]]]><![CDATA[>]]>2</a>`, `<a> "1<b>&amp;]]&gt;]]>2" </a>`},
		{"an empty CDATA section", `<a><![CDATA[]]></a>`, `<a> </a>`},
		{"]] and > that are not ]]>", `<a>]]]&gt; ]>]] ></a>`, `<a> "]]]> ]>]] >" </a>`},
		{"> in a value", `<a b="x>y/>"/>`, `<a> @b="x>y/>" </a>`},
		{"quotes in values", `<a b="'" c='"'/>`, `<a> @b="'" @c="\"" </a>`},
		{"white space in tags", "<a\n b\t=\r\n'c' ><d /></d\n></a >", ""},
		{"white space in tags, rightly", "<a\n b\t=\r\n'c' ><d></d\n></a >", `<a> @b="c" <d> </d> </a>`},
		{"namespaces", `<p:a xmlns:p="urn:p" xmlns="urn:d" q="1" p:q="2"><b xmlns=""><c/></b><p:d xmlns:p="urn:e"/><b/></p:a>`,
			`<{urn:p}a> @q="1" @{urn:p}q="2" <b> <c> </c> </b> <{urn:e}d> </{urn:e}d> <{urn:d}b> </{urn:d}b> </{urn:p}a>`},
		{"a declaration after its use in the tag", `<p:a p:b="c" xmlns:p="urn:p"/>`, `<{urn:p}a> @{urn:p}b="c" </{urn:p}a>`},
		{"the prefix xml", `<a xml:lang="de" xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, `<a> @{http://www.w3.org/XML/1998/namespace}lang="de" </a>`},
		{"names beyond ASCII", `<é·><中:x xmlns:中="u"/></é·>`, `<é·> <{u}x> </{u}x> </é·>`},
		{"characters at the edges", "<a>\t\u007f\u0085\ud7ff\ue000\ufffd\U00010000\U0010ffff</a>", `<a> "\t\x7f\u0085\ud7ff\ue000�𐀀\U0010ffff" </a>`},
		{"a comment with what looks like markup", `<a><!-- <b> & - -> --></a>`, `<a> </a>`},
		{"an instruction with what looks like its end", `<a><?p ? > <b> ?></a>`, `<a> </a>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, wrap := range readers {
				got, err := trace(NewReader(wrap(strings.NewReader(c.doc)), "", Limits{}))
				if c.want == "" {
					if err == nil {
						t.Errorf("%s: %s, want an error", how, got)
					}
					continue
				}
				if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
					t.Errorf("%s: %v\n%s", how, err, diff)
				}
			}
		})
	}
}

// readers are ways in which a document may come.
var readers = map[string]func(io.Reader) io.Reader{
	"at once":        func(r io.Reader) io.Reader { return r },
	"by bytes":       iotest.OneByteReader,
	"by halves":      iotest.HalfReader,
	"with its error": iotest.DataErrReader,
}

func TestWhatIsNoXMLIsRefused(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{`<!DOCTYPE a><a/>`, "line 1, column 1: a DOCTYPE is refused: what it declares could read files, call out, or grow without end"},
		{"<a>\n  <!DOCTYPE a></a>", "line 2, column 3: a DOCTYPE is refused: what it declares could read files, call out, or grow without end"},
		{"<a>\r\n<b>\r\n</a>", "line 3, column 1: the end tag </a> where </b> should be"},
		{`<a></ab>`, "line 1, column 4: the end tag </ab> where </a> should be"},
		{`<ab></a>`, "line 1, column 5: the end tag </a> where </ab> should be"},
		{`<p:a xmlns:p="u" xmlns:q="u"></q:a>`, "line 1, column 30: the end tag </q:a> where </p:a> should be"},
		{`</a>`, "line 1, column 1: an end tag without a start tag"},
		{`<a/></a>`, "line 1, column 5: an end tag without a start tag"},
		{`<a></a b="c">`, "line 1, column 8: the end tag </a> holds more than its name"},
		{`<a></ a>`, "line 1, column 6: </ without a name"},
		{`<a/><b/>`, "line 1, column 5: a second root element"},
		{`x<a/>`, "line 1, column 1: text before the root element"},
		{`<a/>x`, "line 1, column 5: text after the root element"},
		{`<a/>&amp;`, "line 1, column 5: text after the root element"},
		{`<![CDATA[]]><a/>`, "line 1, column 1: a CDATA section outside of the root element"},
		{`<a b="1" b="2"/>`, "line 1, column 1: the attribute b stands twice in a tag"},
		{`<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>`, "line 1, column 1: the attribute q:b stands twice in a tag"},
		{`<a xmlns:p="u" xmlns:p="v"/>`, "line 1, column 1: the tag declares xmlns:p twice"},
		{`<a xmlns="u" xmlns="v"/>`, "line 1, column 1: the tag declares xmlns twice"},
		{`<p:a/>`, `line 1, column 1: the prefix "p" is not declared`},
		{`<a p:b="c"/>`, `line 1, column 1: the prefix "p" is not declared`},
		{`<xmlns:a/>`, `line 1, column 1: the prefix "xmlns" is not declared`},
		{`<a xmlns:xmlns="u"/>`, `line 1, column 1: the prefix "xmlns" cannot be declared`},
		{`<a xmlns:xml="u"/>`, `line 1, column 1: the prefix "xml" cannot stand for another namespace`},
		{`<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, `line 1, column 1: only the prefix "xml" can stand for http://www.w3.org/XML/1998/namespace`},
		{`<a xmlns="http://www.w3.org/2000/xmlns/"/>`, `line 1, column 1: no prefix can stand for http://www.w3.org/2000/xmlns/`},
		{`<a xmlns:p=""/>`, `line 1, column 1: the prefix "p" stands for no namespace; only the default can be taken back`},
		{"<a>\x01</a>", "line 1, column 4: the control character U+0001 cannot stand in XML"},
		{"<a b='\x00'/>", "line 1, column 7: the control character U+0000 cannot stand in XML"},
		{"<a>\uFFFE</a>", "line 1, column 4: the character U+FFFE cannot stand in XML"},
		{"<a>\uFFFF</a>", "line 1, column 4: the character U+FFFF cannot stand in XML"},
		{"<a>\xed\xa0\x80</a>", "line 1, column 4: the byte 0xED is not UTF-8"},
		{"<a>abcdefghijk\xff</a>", "line 1, column 15: the byte 0xFF is not UTF-8"},
		{"<a>\xc0\x80</a>", "line 1, column 4: the byte 0xC0 is not UTF-8"},
		{`<a>]]></a>`, "line 1, column 4: ]]> in text; only a CDATA section ends so"},
		{`<a b="<"/>`, "line 1, column 7: a < in the value of the attribute b"},
		{`<a><!-- -- --></a>`, "line 1, column 9: -- in a comment"},
		{`<a><!-- ---></a>`, "line 1, column 9: -- in a comment"},
		{`<a><!x></a>`, "line 1, column 4: <! that starts neither a comment nor a CDATA section"},
		{`<a><![cdata[x]]></a>`, "line 1, column 4: <! that starts neither a comment nor a CDATA section"},
		{`<1a/>`, `line 1, column 2: "1" cannot start the name of an element`},
		{`< a/>`, `line 1, column 2: " " cannot start the name of an element`},
		{`<·a/>`, `line 1, column 2: "·a" is no name in XML`},
		{`<a×/>`, `line 1, column 2: "a×" is no name in XML`},
		{`<a:·b xmlns:a="u"/>`, `line 1, column 2: "a:·b" is no name in XML`},
		{`<:a/>`, `line 1, column 2: ":" cannot start the name of an element`},
		{`<a: />`, `line 1, column 3: "a:" is no name with a prefix: each half must be a name without colons`},
		{`<a:b:c/>`, `line 1, column 5: "a:b:" is no name with a prefix: each half must be a name without colons`},
		{`<a:1b/>`, `line 1, column 3: "a:" is no name with a prefix: each half must be a name without colons`},
		{`<a+b/>`, `line 1, column 3: "+" cannot stand in the name of an element`},
		{`<a 1="2"/>`, `line 1, column 4: "1" cannot start the name of an attribute`},
		{`<a b/>`, "line 1, column 5: the attribute b has no value"},
		{`<a b=c/>`, "line 1, column 6: the value of the attribute b is not in quotes"},
		{`<a b="1"c="2"/>`, "line 1, column 9: no white space before an attribute"},
		{`<a / >`, "line 1, column 4: a / in a tag that > does not follow"},
		{`<a <b/>`, `line 1, column 4: "<" cannot start the name of an attribute`},
		{`<a>&nbsp;</a>`, "line 1, column 4: the entity &nbsp; is not known; without a DTD there are lt, gt, amp, apos and quot"},
		{`<a>x & y</a>`, "line 1, column 6: an & that is no reference such as &amp;"},
		{`<a b="&"/>`, "line 1, column 7: an & that is no reference such as &amp;"},
		{`<a>&;</a>`, "line 1, column 4: an & that is no reference such as &amp;"},
		{`<a>&#0;</a>`, "line 1, column 4: &#0; stands for no character of XML"},
		{`<a>&#xD800;</a>`, "line 1, column 4: &#xD800; stands for no character of XML"},
		{`<a>&#x110000;</a>`, "line 1, column 4: &#x110000; stands for no character of XML"},
		{`<a>&#X41;</a>`, "line 1, column 4: &#X41; stands for no character of XML"},
		{`<a>&#;</a>`, "line 1, column 4: &#; stands for no character of XML"},
		{`<a>&#x;</a>`, "line 1, column 4: &#x; stands for no character of XML"},
		{`<a>&#1_0;</a>`, "line 1, column 4: &#1_0; stands for no character of XML"},
		{`<a>&#+65;</a>`, "line 1, column 4: &#+65; stands for no character of XML"},
		{` <?xml version="1.0"?><a/>`, "line 1, column 2: an XML declaration that is not at the very start"},
		{`<a><?XML x?></a>`, "line 1, column 4: an XML declaration that is not at the very start"},
		{`<a><?p:q x?></a>`, "line 1, column 4: the name of a processing instruction has no colon"},
		{`<a><? p?></a>`, `line 1, column 6: " " cannot start the name of a processing instruction`},
		{`<a><?p+?></a>`, `line 1, column 7: "+" cannot stand in the name of a processing instruction`},
		{`<a><?p?x?></a>`, "line 1, column 7: a ? in the name of a processing instruction"},
		{`<?xml version="2.0"?><a/>`, "line 1, column 1: the version of XML is not 1.0"},
		{`<?xml encoding="utf-8"?><a/>`, "line 1, column 1: an XML declaration holds version, then encoding, then standalone, each once"},
		{`<?xml version="1.0" standalone="no" encoding="utf-8"?><a/>`, "line 1, column 1: an XML declaration holds version, then encoding, then standalone, each once"},
		{`<?xml version="1.0"encoding="utf-8"?><a/>`, "line 1, column 1: no white space before a part of the XML declaration"},
		{`<?xml version="1.0" standalone="maybe"?><a/>`, "line 1, column 1: standalone is yes or no"},
		{`<?xml version="1.0" x?><a/>`, "line 1, column 1: an XML declaration holds version, encoding and standalone, each with a value in quotes"},
		{`<?xml ?><a/>`, "line 1, column 1: an XML declaration without a version"},
	} {
		for how, wrap := range readers {
			got, err := trace(NewReader(wrap(strings.NewReader(c.doc)), "", Limits{}))
			var wrong *SyntaxError
			if !errors.As(err, &wrong) || err.Error() != c.want {
				t.Errorf("%s, %s:\n got %s %v\nwant %s", c.doc, how, got, err, c.want)
			}
		}
	}
}

func TestADocumentThatBreaksOffIsNotWhole(t *testing.T) {
	const doc = "\uFEFF<?xml version='1.0'?><!-- c --><p:a xmlns:p='u' b='é&amp;'>t]&#65;<![CDATA[x]]]><?p q?><b c='d'/>é</p:a>"
	for n := range len(doc) {
		for how, wrap := range readers {
			_, err := trace(NewReader(wrap(strings.NewReader(doc[:n])), "", Limits{}))
			var syntax *SyntaxError
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &syntax) {
				t.Errorf("%q, %s: %v", doc[:n], how, err)
			}
			fails := errors.New("reset")
			_, err = trace(NewReader(io.MultiReader(wrap(strings.NewReader(doc[:n])), iotest.ErrReader(fails)), "", Limits{}))
			if err != fails {
				t.Errorf("%q and an error, %s: %v", doc[:n], how, err)
			}
		}
	}
	for _, tail := range []string{"<", "<!", "<!-", "<!-- x", "<?", "<?p", "<?p x", "\n<!-- -->  <?p x?"} {
		if _, err := trace(NewReader(strings.NewReader("<a/>"+tail), "", Limits{})); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after the root %q: %v", tail, err)
		}
	}
	_, err := trace(NewReader(strings.NewReader("<a>\n<p:b xmlns:p='u'>\n  text"), "", Limits{}))
	if want := "line 3, column 7: the document breaks off in <p:b>: unexpected EOF"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	wrapped := fmt.Errorf("read tcp: %w", io.EOF)
	if _, err := trace(NewReader(io.MultiReader(strings.NewReader("<a/>"), iotest.ErrReader(wrapped)), "", Limits{})); errors.Is(err, io.EOF) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an error that wraps io.EOF: %v", err)
	}
}
