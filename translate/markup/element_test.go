package markup

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAnElementStandsAlone(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"text and attributes", `<e><a b="1&amp;&#10;">x&lt;<c/>y<![CDATA[&]]><!-- gone --></a></e>`, `<a b="1&amp;&#10;">x&lt;<c/>y&amp;</a>`},
		{"a prefix from outside", `<s:e xmlns:s="u" xmlns:t="v"><s:a><s:b/></s:a></s:e>`, `<s:a xmlns:s="u"><s:b/></s:a>`},
		{"a prefix in a value", `<e xmlns:x="i" xmlns:t="v"><a x:type="t:T"/></e>`, `<a xmlns:t="v" xmlns:x="i" x:type="t:T"/>`},
		{"a prefix in text", `<e xmlns:t="v"><a>t:T</a></e>`, `<a xmlns:t="v">t:T</a>`},
		{"a prefix that is declared inside", `<e xmlns:t="v"><a xmlns:t="w" t:b=""/></e>`, `<a xmlns:t="w" t:b=""/>`},
		{"the innermost declaration counts", `<e xmlns:t="v"><f xmlns:t="w"><t:a/></f></e>`, `<t:a xmlns:t="w"/>`},
		{"the default namespace", `<e xmlns="v"><a><b xmlns=""/></a></e>`, `<a xmlns="v"><b xmlns=""/></a>`},
		{"a default that was taken back", `<e xmlns="v"><f xmlns=""><a/></f></e>`, `<a/>`},
		{"the prefix xml", `<e><a xml:lang="de"/></e>`, `<a xml:lang="de"/>`},
	} {
		r := NewReader(strings.NewReader(c.doc), "", Limits{})
		for {
			if _, err := r.Next(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if string(r.Name().Local) == "a" {
				break
			}
		}
		got, err := r.AppendElement([]byte("before "))
		if err != nil || string(got) != "before "+c.want {
			t.Errorf("%s: %s %v\nwant %s", c.name, got, err, c.want)
		}
		if string(r.Name().Local) != "a" {
			t.Errorf("%s: it is not at the element's end but at %s", c.name, r.Name().Local)
		}
		if _, err := trace(NewReader(strings.NewReader(c.want), "", Limits{})); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAnElementThatIsTooLargeIsRefused(t *testing.T) {
	r := NewReader(strings.NewReader("<a>"+strings.Repeat("<b/>", 100)+"</a>"), "", Limits{Element: 100})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	var wrong *SyntaxError
	if _, err := r.AppendElement(nil); !errors.As(err, &wrong) || wrong.What != "an element of more than 100 bytes that has to be held" {
		t.Error(err)
	}
	if _, err := r.Next(); !errors.As(err, &wrong) {
		t.Errorf("then %v", err)
	}
}

func TestSkipEndsAtTheElementsEnd(t *testing.T) {
	r := NewReader(strings.NewReader("<a><b><b/>x<c/></b><d/></a>"), "", Limits{})
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Skip(); err != nil || string(r.Name().Local) != "b" || r.Depth() != 2 {
		t.Errorf("%v at %s, depth %d", err, r.Name().Local, r.Depth())
	}
	if k, err := r.Next(); k != Start || err != nil || string(r.Name().Local) != "d" {
		t.Errorf("then %v %v", k, err)
	}
}

func TestTokensMakeTheDocumentAgain(t *testing.T) {
	const doc = `<?xml version="1.0"?><!-- a --><a xmlns="u" xmlns:p="v" p:x="&lt;&#10;'" y='"'><p:b/>1 &amp; 2<![CDATA[<c>]]><?pi?></a>`
	const want = `<a xmlns="u" xmlns:p="v" p:x="&lt;&#10;'" y="&#34;"><p:b></p:b>1 &amp; 2&lt;c&gt;</a>`
	r := NewReader(strings.NewReader(doc), "", Limits{})
	var got []byte
	for {
		k, err := r.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = r.AppendToken(got, k)
	}
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
