package document

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func parsed(t *testing.T, text string) *Node {
	t.Helper()
	n, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNamesAreResolvedWhereTheyStand(t *testing.T) {
	n := parsed(t, `<a xmlns="urn:d" xmlns:p="urn:1" p:x=" v "><b xmlns:p="urn:2" xmlns=""/><p:c/></a>`)
	b, c := n.Children[0], n.Children[1]
	resolve := func(n *Node, q string) Name {
		name, ok := n.Resolve(q)
		if !ok {
			t.Errorf("%s is not resolved", q)
		}
		return name
	}
	got := []Name{n.Name, b.Name, c.Name, resolve(n, "p:t"), resolve(n, "t"), resolve(b, "p:t"), resolve(b, "t"), resolve(c, "p:t"), resolve(b, "xml:lang")}
	want := []Name{{"urn:d", "a"}, {"", "b"}, {"urn:1", "c"}, {"urn:1", "t"}, {"urn:d", "t"}, {"urn:2", "t"}, {"", "t"}, {"urn:1", "t"}, {XML, "lang"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := n.Resolve("q:t"); ok {
		t.Error("a prefix that nothing declares is resolved")
	}
	if n.AttrIn("urn:1", "x") != "v" || n.Attr("x") != "" || n.Given("x") != nil {
		t.Error("an attribute is not found by its name, or found by another")
	}
}

func TestOnlyDocumentationKeepsText(t *testing.T) {
	n := parsed(t, "<a>no<documentation>It <b>is\n  <c>so</c></b> &amp; <documentation>more</documentation>so</documentation><d>no</d></a>")
	if got := Doc(n); got != "It is so & moreso" {
		t.Errorf("documentation is %q", got)
	}
	if n.Text != "" || n.Children[1].Text != "" || len(n.Children[0].Children) != 0 {
		t.Error("more is kept than the text of documentation")
	}
	if n := parsed(t, "<documentation>"+strings.Repeat("é", maxDoc)+"</documentation>"); len(n.Text) > maxDoc {
		t.Errorf("%d bytes of documentation are kept", len(n.Text))
	}
}

func TestEncodings(t *testing.T) {
	const text = `<?xml version="1.0" encoding="%"?><é/>`
	wide := func(order func([]byte, uint16) []byte, mark bool) string {
		s := strings.Replace(text, "%", "UTF-16", 1)
		if mark {
			s = "\uFEFF" + s
		}
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = order(b, u)
		}
		return string(b)
	}
	big := func(b []byte, u uint16) []byte { return append(b, byte(u>>8), byte(u)) }
	little := func(b []byte, u uint16) []byte { return append(b, byte(u), byte(u>>8)) }
	for name, doc := range map[string]string{
		"UTF-8": "<é/>", "UTF-8 with a mark": "\xEF\xBB\xBF<é/>", "UTF-16 BE": wide(big, true), "UTF-16 LE": wide(little, true), "UTF-16 without a mark": wide(little, false),
		"ISO-8859-1": strings.NewReplacer("%", "ISO-8859-1", "é", "\xE9").Replace(text), "windows-1252": strings.NewReplacer("%", "windows-1252", "é", "\xE9").Replace(text),
	} {
		n, err := Parse(strings.NewReader(doc))
		if err != nil || n.Name.Local != "é" {
			t.Errorf("%s: %v, %v", name, n, err)
		}
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	for name, doc := range map[string]string{
		"nothing": "", "text": "a", "two roots": "<a/><b/>", "open": "<a>", "crossed": "<a><b></a></b>", "prefix": "<p:a/>", "attribute twice": `<a x="" x=""/>`,
		"DTD": "<!DOCTYPE a><a/>", "entity": "<a>&x;</a>", "deep": strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300), "not UTF-8": "<a>\xFF</a>",
		"encoding": `<?xml version="1.0" encoding="x-none"?><a/>`,
	} {
		if n, err := Parse(strings.NewReader(doc)); err == nil {
			t.Errorf("%s: read as %v", name, n)
		}
	}
}

func TestFilesAreReadOnceAndOnlyBesideEachOther(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.xml": "<a/>", "two words.xml": "<b/>", "old.xml": `<x:a xmlns:x="http://www.w3.org/1999/XMLSchema"/>`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var f Files
	a, err := f.Open(filepath.Join(dir, "a.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := f.Beside(a.Path, "./x/../a.xml"); err != nil || again != a {
		t.Errorf("the same file by another way: %v, %v", again, err)
	}
	if b, err := f.Beside(a.Path, "two%20words.xml"); err != nil || b.Root.Name.Local != "b" {
		t.Errorf("an escaped location: %v, %v", b, err)
	}
	if old, err := f.Beside(a.Path, "old.xml"); err != nil || old.Root.Name.Space != "http://www.w3.org/2001/XMLSchema" || len(f.Old()) != 1 {
		t.Errorf("a draft of XML Schema: %v, %v, %v", old, err, f.Old())
	}
	for _, location := range []string{"http://h/a.xml", "file:///etc/passwd", "/etc/passwd", `\\h\a`, `C:\a.xml`} {
		if _, err := f.Beside(a.Path, location); !errors.Is(err, ErrElsewhere) {
			t.Errorf("%s: %v", location, err)
		}
	}
	if _, err := f.Beside(a.Path, "none.xml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := f.Beside(a.Path, "."); err == nil {
		t.Error("a directory is read")
	}
	if len(f.Paths()) != 3 {
		t.Errorf("read: %v", f.Paths())
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<a xmlns:p="urn:p" p:b="c"><documentation>d</documentation><p:e/></a>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		n, err := Parse(bytes.NewReader(doc))
		if err == nil && n.Name.Local == "" {
			t.Error("a document without a root")
		}
	})
}
