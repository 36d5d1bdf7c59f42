package translate

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"twohop/translate/markup"
)

// mtomRoot is an answer of the operation Find that holds inner, as the root of an MTOM message.
func mtomRoot(inner string) string {
	return "Content-Type: application/xop+xml; charset=utf-8; type=\"text/xml\"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root@x>\r\n\r\n" + enveloped(inner)
}

func include(id string) string {
	return `<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:` + id + `"/>`
}

func attached(id, content string) string {
	return "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <" + id + ">\r\n\r\n" + content
}

func multi(parts ...string) string {
	return "--b1\r\n" + strings.Join(parts, "\r\n--b1\r\n") + "\r\n--b1--\r\n"
}

const related = `multipart/related; type="application/xop+xml"; start="<root@x>"; start-info="text/xml"; boundary=b1`

// inlined reads a multipart answer of the operation Find as JSON.
func inlined(find *Operation, message io.Reader, contentType string) (string, error) {
	plain := Inline(message, contentType, 1<<20)
	defer plain.Close()
	return all(find.Answer(plain, "utf-8", JSON))
}

func TestAttachmentsStandInTheirPlaces(t *testing.T) {
	op := find(t)
	data := func(inner string) string { return `<Data>` + inner + `</Data>` }
	long := strings.Repeat("\x00\xffé\r\n--b", 40_000)
	coded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	any := func(id string) string { return `<a xmlns="urn:a">` + include(id) + `</a>` }
	for _, c := range []struct{ name, message, contentType, want string }{
		{"one", multi(mtomRoot(data(include("a@x"))), attached("a@x", "\x01\x02\x03")), related, `{"Data":"AQID"}`},
		{"an empty one", multi(mtomRoot(data(include("a@x"))), attached("a@x", "")), related, `{"Data":""}`},
		{"an escaped name", multi(mtomRoot(data(include("http%3A%2F%2Fx%2F1"))), attached("http://x/1", "a")), related, `{"Data":"YQ=="}`},
		{"a long one", multi(mtomRoot(data(include("a@x"))), attached("a@x", long)), related, `{"Data":"` + coded(long) + `"}`},
		{"two", multi(mtomRoot(data(include("a@x"))+any("c@x")), attached("a@x", "a"), attached("c@x", "c")), related, `{"Data":"YQ==","#any":["<a xmlns=\"urn:a\">Yw==</a>"]}`},
		{"two in another order", multi(mtomRoot(data(include("a@x"))+any("c@x")), attached("c@x", "c"), attached("a@x", "a")), related, `{"Data":"YQ==","#any":["<a xmlns=\"urn:a\">Yw==</a>"]}`},
		{"a root that comes last", multi(attached("a@x", "a"), attached("z@x", "z"), mtomRoot(data(include("a@x")))), related, `{"Data":"YQ=="}`},
		{"no start", multi(mtomRoot(data(include("a@x"))), attached("a@x", "a")), "multipart/related; boundary=b1", `{"Data":"YQ=="}`},
		{"one that nothing names", multi(mtomRoot(data("AQID")), attached("a@x", "a"), attached("", "b"), attached("", "c")), related, `{"Data":"AQID"}`},
		{"base64 on the way", multi(mtomRoot(data(include("a@x"))), strings.Replace(attached("a@x", "AQ\r\nID\r\n"), "binary", "base64", 1)), related, `{"Data":"AQID"}`},
		{"SOAP with attachments", multi(strings.Replace(mtomRoot(data("AQID")), "application/xop+xml", "text/xml", 1), attached("a@x", "a")), related, `{"Data":"AQID"}`},
		{"a preamble and an epilogue", "hello\r\n" + multi(mtomRoot(data(include("a@x"))), attached("a@x", "a")) + "good\r\nbye", related, `{"Data":"YQ=="}`},
		{"another encoding", multi(strings.ReplaceAll(mtomRoot("<Value>\xe9&lt;&#233;</Value>"+data(include("a@x"))), "utf-8", "iso-8859-1"), attached("a@x", "a")), related, `{"Value":"é<é","Data":"YQ=="}`},
	} {
		if got, err := inlined(op, slow{strings.NewReader(c.message)}, c.contentType); err != nil || got != c.want {
			t.Errorf("%s:\ngot  %.300s, %v\nwant %.300s", c.name, got, err, c.want)
		}
	}
}

func TestMultipartAnswersThatAreWrong(t *testing.T) {
	op := find(t)
	root := mtomRoot(`<Data>` + include("a@x") + `</Data>`)
	one := attached("a@x", "abc")
	good := multi(root, one)
	for _, c := range []struct{ name, message, contentType, want string }{
		{"no boundary", good, "multipart/related", "no boundary"},
		{"another boundary", good, "multipart/related; boundary=c", "ends in the middle"},
		{"no root", good, `multipart/related; boundary=b1; start="<other>"`, "has no root"},
		{"no part", "--b1--\r\n", related, "has no root"},
		{"a missing part", multi(root), related, "lacks the part that an xop:Include names: a@x"},
		{"a part of another name", multi(root, attached("A@x", "abc")), related, "lacks the part"},
		{"a part twice", multi(root, one, one), related, "two parts of the answer have the Content-ID a@x"},
		{"a part that is named twice", multi(mtomRoot(`<Data>`+include("a@x")+`</Data><a xmlns="urn:a">`+include("a@x")+`</a>`), one), related, "two xop:Include name the part a@x"},
		{"no cid", multi(mtomRoot(`<Data>`+strings.Replace(include("a@x"), "cid:", "http://", 1)+`</Data>`), one), related, "names no part"},
		{"an escape that is none", multi(mtomRoot(`<Data>`+include("%zz")+`</Data>`), one), related, "names no part"},
		{"text before an Include", multi(mtomRoot(`<Data>A`+include("a@x")+`</Data>`), one), related, "beside other content"},
		{"text after an Include", multi(mtomRoot(`<Data>`+include("a@x")+`A</Data>`), one), related, "beside other content"},
		{"a root that is an Include", multi(strings.Replace(root, enveloped(`<Data>`+include("a@x")+`</Data>`), include("a@x"), 1), one), related, "beside other content"},
		{"a root that is no XML", multi(strings.Replace(root, "application/xop+xml", "text/plain", 1), one), related, "no SOAP message"},
		{"a root without a type", multi(strings.Replace(root, "Content-Type", "X-Type", 1), one), related, "no SOAP message"},
		{"an unknown encoding", multi(root, strings.Replace(one, "binary", "x-uuencode", 1)), related, "x-uuencode"},
		{"base64 that is none", multi(root, strings.Replace(attached("a@x", "éé"), "binary", "base64", 1)), related, "declared as base64 and is not"},
		{"a broken header", multi(root, "Content-ID\r\n\r\nabc"), related, "beginning of a part"},
		{"a long header", multi(root, "X: "+strings.Repeat("x", 2*partHeader)+"\r\n"+one), related, "too much between the parts"},
		{"many fields", multi(root, strings.Repeat("X: 23456789abcdef\r\n", partHeader/16)+one), related, "too much between the parts"},
		{"a long name", multi(root, attached(strings.Repeat("x", longID+1), "a")), related, "too long"},
		{"many parts", multi(root, one+strings.Repeat("\r\n--b1\r\n\r\n", mostParts)), related, "too many parts"},
		{"a long preamble", strings.Repeat("x\r\n", partHeader) + good, related, "too much between the parts"},
		{"a long line of a preamble", strings.Repeat("x", partHeader) + "\r\n" + good, related, "beginning of a part"},
		{"a long epilogue", good + strings.Repeat("x", 2*partHeader), related, "too much between the parts"},
	} {
		got, err := inlined(op, strings.NewReader(c.message), c.contentType)
		var broken *Broken
		if !errors.As(err, &broken) || !strings.Contains(broken.What, c.want) || strings.HasSuffix(got, "}") {
			t.Errorf("%s: %v, want %q\n%.300s", c.name, err, c.want, got)
		}
	}
}

// What breaks off is never whole.
func TestEveryPrefixOfAMultipartAnswerIsBroken(t *testing.T) {
	op := find(t)
	message := multi(mtomRoot(`<Data>`+include("a@x")+`</Data>`), attached("a@x", "abc"))
	for n := range len(message) - len("--\r\n") {
		got, err := inlined(op, strings.NewReader(message[:n]), related)
		var broken *Broken
		if !errors.As(err, &broken) || strings.HasSuffix(got, "}") {
			t.Fatalf("%d bytes: %v, %s", n, err, got)
		}
	}
	gone := errors.New("the network is gone")
	for n := range len(message) {
		if _, err := inlined(op, io.MultiReader(strings.NewReader(message[:n]), failing{gone}), related); !errors.Is(err, gone) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// What has to wait for a part is bounded; a part whose turn it is may be of any length.
func TestWhatIsHeldOfAMultipartAnswerIsBounded(t *testing.T) {
	const most = 64 << 10
	long := strings.Repeat("x", 2*most)
	anyOf := func(inner string) string { return `<a xmlns="urn:a">` + inner + `</a>` }
	data := `<Data>` + include("a@x") + `</Data>`
	for name, c := range map[string]struct {
		message string
		fits    bool
	}{
		"a long part in its turn":             {multi(mtomRoot(data), attached("a@x", long)), true},
		"a long root before the first place":  {multi(mtomRoot(`<Value>`+long+`</Value>`+data), attached("a@x", "a")), true},
		"a long part that nothing names":      {multi(mtomRoot(data), attached("c@x", long), attached("a@x", "a")), true},
		"a long root after the first place":   {multi(mtomRoot(data+anyOf(long)), attached("a@x", "a")), false},
		"a long part before its turn":         {multi(mtomRoot(data+anyOf(include("c@x"))), attached("c@x", long), attached("a@x", "a")), false},
		"a long part before the root":         {multi(attached("a@x", long), mtomRoot(data)), false},
		"several parts before the root":       {multi(attached("a@x", long[:most/2]), attached("c@x", long[:most/2+1]), mtomRoot(data)), false},
		"a part that leaves room for no root": {multi(attached("a@x", long[:most-100]), mtomRoot(data+anyOf(include("c@x"))), attached("c@x", "c")), false},
	} {
		plain := Inline(strings.NewReader(c.message), related, most)
		_, err := all(plain)
		var large *TooLarge
		if c.fits && err != nil || !c.fits && (!errors.As(err, &large) || large.Cap != most) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALongAttachmentIsNotHeld(t *testing.T) {
	const size = 64 << 20
	head, tail, _ := strings.Cut(multi(mtomRoot(`<Data>`+include("a@x")+`</Data>`), attached("a@x", "CONTENT")), "CONTENT")
	plain := Inline(io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader(tail)), related, 1<<20)
	defer plain.Close()
	s := find(t).Answer(plain, "utf-8", JSON)
	defer s.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, s)
	runtime.ReadMemStats(&after)
	if want := int64(base64.StdEncoding.EncodedLen(size) + len(`{"Data":""}`)); err != nil || n != want {
		t.Fatal(n, want, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("%d bytes were allocated for an attachment of %d", used, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// The root is passed on while it comes.
func TestTheRootIsNotWaitedFor(t *testing.T) {
	r, w := io.Pipe()
	message := multi(mtomRoot(`<Data>` + include("a@x") + `</Data>`))
	head, _, _ := strings.Cut(message, "<xop:Include")
	go io.WriteString(w, head)
	plain := Inline(r, related, 1<<20)
	defer w.Close()
	defer plain.Close()
	var got bytes.Buffer
	for p := make([]byte, 100); !strings.HasSuffix(got.String(), "<Data>"); {
		n, err := plain.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		got.Write(p[:n])
	}
}

// FuzzInline reads any bytes as a multipart message: what comes out is XML, or an error.
func FuzzInline(f *testing.F) {
	data := `<Data>` + include("a@x") + `</Data>`
	f.Add([]byte(multi(mtomRoot(data), attached("a@x", "abc"))), related)
	f.Add([]byte(multi(attached("a@x", "abc"), mtomRoot(data))), related)
	f.Add([]byte(multi(mtomRoot(data+`<a>`+include("c@x")+`</a>`), attached("c@x", "abc"), strings.Replace(attached("a@x", "AQID"), "binary", "base64", 1))), `multipart/related; boundary="b1"`)
	f.Fuzz(func(t *testing.T, message []byte, contentType string) {
		plain := Inline(bytes.NewReader(message), contentType, 16<<10)
		got, err := all(plain)
		if err != nil {
			return
		}
		r := markup.NewReader(strings.NewReader(got), "utf-8", markup.Limits{Value: 4 << 20, Tag: 4 << 20})
		for err == nil {
			_, err = r.Next()
		}
		if err != io.EOF {
			t.Fatal(fmt.Errorf("%w in %q", err, got))
		}
	})
}
