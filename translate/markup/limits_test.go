package markup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	namespaces := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " xmlns:p%d='u%d'", i, i)
		}
		return b.String()
	}
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " p%d='u%d'", i, i)
		}
		return b.String()
	}
	long := strings.Repeat("x", 20000)
	for _, c := range []struct {
		name, doc string
		limits    Limits
		want      string // "" for none
	}{
		{"depth reached", strings.Repeat("<a>", 256) + strings.Repeat("</a>", 256), Limits{}, ""},
		{"depth", strings.Repeat("<a>", 257), Limits{}, "more than 256 elements inside each other"},
		{"depth set", "<a><b><c/></b></a>", Limits{Depth: 2}, "more than 2 elements inside each other"},
		{"a name reached", "<" + long[:1024] + "/>", Limits{}, ""},
		{"a name", "<" + long[:1025] + "/>", Limits{}, "a name of more than 1024 bytes"},
		{"a name without an end", "<" + strings.Repeat("x", 2<<20), Limits{}, "a tag of more than 1048576 bytes"},
		{"an attribute's name", "<a " + long[:1025] + "=''/>", Limits{}, "a name of more than 1024 bytes"},
		{"an instruction's name", "<?" + long + "?><a/>", Limits{}, "a name of more than 1024 bytes"},
		{"attributes reached", "<a" + attributes(256) + "/>", Limits{}, ""},
		{"attributes", "<a" + attributes(257) + "/>", Limits{}, "an element with more than 256 attributes"},
		{"declarations reached", "<a" + namespaces(256) + "/>", Limits{}, ""},
		{"declarations in a tag", "<a" + namespaces(257) + "/>", Limits{}, "more than 256 declarations of namespaces are in scope"},
		{"declarations in scope", "<a" + namespaces(200) + "><b" + namespaces(57) + "/></a>", Limits{}, "more than 256 declarations of namespaces are in scope"},
		{"declarations out of scope", "<a>" + strings.Repeat("<b"+namespaces(200)+"/>", 3) + "</a>", Limits{}, ""},
		{"a value", "<a b='" + long + "'/>", Limits{Value: 10000}, "the value of the attribute b has more than 10000 bytes"},
		{"a tag", "<a b='" + long + "' c='" + long + "'/>", Limits{Tag: 30000}, "a tag of more than 30000 bytes"},
		{"white space in an end tag", "<a></a" + strings.Repeat(" ", 30000) + ">", Limits{Tag: 20000}, "a tag of more than 20000 bytes"},
		{"an XML declaration", "<?xml version='1.0'" + long + "?><a/>", Limits{}, "an XML declaration of more than 1024 bytes"},
		{"a reference", "<a>&#" + strings.Repeat("0", 40) + "65;</a>", Limits{}, "an & that is no reference such as &amp;"},
	} {
		for _, how := range []string{"at once", "by halves"} {
			_, err := trace(NewReader(readers[how](strings.NewReader(c.doc)), "", c.limits))
			var wrong *SyntaxError
			if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &wrong) || wrong.What != c.want) {
				t.Errorf("%s, %s: %v, want %s", c.name, how, err, c.want)
			}
		}
	}
}

// repeated yields head, then n times body, then tail.
func repeated(head, body string, n int, tail string) io.Reader {
	parts := []io.Reader{strings.NewReader(head)}
	for range n {
		parts = append(parts, strings.NewReader(body))
	}
	return io.MultiReader(append(parts, strings.NewReader(tail))...)
}

func TestMemoryDoesNotGrowWithTheDocument(t *testing.T) {
	big := strings.Repeat("0123456789abcdé\n", 1<<16) // 1 MiB and more
	for name, doc := range map[string]func() io.Reader{
		"text":        func() io.Reader { return repeated("<a>", big, 8, "</a>") },
		"CDATA":       func() io.Reader { return repeated("<a><![CDATA[", big, 8, "]]></a>") },
		"a comment":   func() io.Reader { return repeated("<a><!--", big, 8, "--></a>") },
		"instruction": func() io.Reader { return repeated("<a><?p ", big, 8, "?></a>") },
		"white space": func() io.Reader { return repeated("<a/>", strings.Repeat(" \n", 1<<19), 8, "") },
		"references":  func() io.Reader { return repeated("<a>", strings.Repeat("&#x1F600;", 1<<17), 8, "</a>") },
		"brackets":    func() io.Reader { return repeated("<a>", strings.Repeat("]", 1<<20), 8, "</a>") },
		"elements":    func() io.Reader { return repeated("<a>", strings.Repeat("<b c='d'>e</b>", 1<<16), 8, "</a>") },
	} {
		var before, after runtime.MemStats
		r := NewReader(doc(), "", Limits{})
		runtime.ReadMemStats(&before)
		longest := 0
		for {
			k, err := r.Next()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if k == Text {
				longest = max(longest, len(r.Text()))
			}
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 512<<10 {
			t.Errorf("%s: %d KiB were allocated", name, grown>>10)
		}
		if longest > buffer {
			t.Errorf("%s: a piece of %d bytes", name, longest)
		}
	}
}

func TestTokensAllocateNothing(t *testing.T) {
	doc := bytes.NewReader([]byte(`<p:a xmlns:p="urn:p">` + strings.Repeat(`<p:b c="1&amp;" p:d='2'>x&lt;<e xmlns="urn:e" xmlns:f="urn:f" f:g=""/><![CDATA[y]]></p:b>`, 5000) + `</p:a>`))
	r := NewReader(doc, "", Limits{})
	for range 20000 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%g allocations a token", n)
	}
}

// TestNothingIsReadBeforeItIsNeeded sends a document in parts that end where a token
// does: each token of a part must come before the next is asked for.
func TestNothingIsReadBeforeItIsNeeded(t *testing.T) {
	parts := []string{"<?xml version='1.0'?><a b='c'>", "text<b/>", "<c>", "</c>", "<!-- x --><d>1</d>", "<![CDATA[y]]>", "</a>"}
	want := []int{1, 4, 5, 6, 9, 10, 11} // tokens with so many parts
	asked := 0
	r := NewReader(readerFunc(func(p []byte) (int, error) {
		if asked == len(parts) {
			return 0, io.EOF
		}
		asked++
		return copy(p, parts[asked-1]), nil
	}), "", Limits{})
	for tokens := 1; tokens <= want[len(want)-1]; tokens++ {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		for i, n := range want[:len(want)-1] {
			if tokens <= n && asked > i+1 {
				t.Fatalf("token %d was there with part %d, but %d were read", tokens, i+1, asked)
			}
		}
	}
	if k, err := r.Next(); err != io.EOF {
		t.Errorf("then %v %v", k, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestNoPieceSplitsACharacter(t *testing.T) {
	for shift := range 4 {
		doc := "<a>" + strings.Repeat("x", shift) + strings.Repeat("é中😀", 20000) + "</a>"
		for how, wrap := range readers {
			r := NewReader(wrap(strings.NewReader(doc)), "", Limits{})
			pieces := 0
			for {
				k, err := r.Next()
				if err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				if k != Text {
					continue
				}
				pieces++
				if n := uncut(r.Text()); n != len(r.Text()) || !strings.HasPrefix(doc[3:], string(r.Text()[:1])) && r.Text()[0]&0xC0 == 0x80 {
					t.Fatalf("%s: a piece of %d bytes splits a character", how, len(r.Text()))
				}
			}
			if pieces < 2 {
				t.Errorf("%s: %d pieces: nothing was tried", how, pieces)
			}
		}
	}
}

func TestPositionsCountOverBuffers(t *testing.T) {
	doc := "<a>\n" + strings.Repeat("<b/>\r\n", 50000) + "  <c/></a>"
	r := NewReader(strings.NewReader(doc), "", Limits{})
	for {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if string(r.Name().Local) == "c" {
			break
		}
	}
	if line, column := r.Position(); line != 50002 || column != 3 {
		t.Errorf("line %d, column %d", line, column)
	}
}
