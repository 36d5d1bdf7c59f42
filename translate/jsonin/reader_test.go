package jsonin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// read reads a value whole and writes it anew, without white space.
func read(d *Reader, out *bytes.Buffer) error {
	c, err := d.Value()
	if err != nil {
		return err
	}
	switch c {
	case '{', '[':
		end := c + 2
		out.WriteByte(c)
		if err := d.Open(); err != nil {
			return err
		}
		for first := true; ; first = false {
			more, err := d.Next(end, first)
			if err != nil {
				return err
			}
			if !more {
				out.WriteByte(end)
				return nil
			}
			if !first {
				out.WriteByte(',')
			}
			if c == '{' {
				key, err := d.Key()
				if err != nil {
					return err
				}
				quoted, _ := json.Marshal(string(key))
				out.Write(append(quoted, ':'))
			}
			if err := read(d, out); err != nil {
				return err
			}
		}
	case '"':
		var text []byte
		if err := d.Text(func(p []byte) error { text = append(text, p...); return nil }); err != nil {
			return err
		}
		quoted, _ := json.Marshal(string(text))
		out.Write(quoted)
	case 't', 'f', 'n':
		word, err := d.Literal()
		if err != nil {
			return err
		}
		out.WriteString(word)
	default:
		digits, err := d.Number()
		if err != nil {
			return err
		}
		out.Write(digits)
	}
	return nil
}

func again(src io.Reader) (string, error) {
	var out bytes.Buffer
	d := NewReader(src)
	if err := read(d, &out); err != nil {
		return "", err
	}
	return out.String(), d.End()
}

func TestWhatIsNotJSON(t *testing.T) {
	for _, text := range []string{`{"a":1,}`, `[1,]`, `{a:1}`, `{'a':1}`, `[1 2]`, `{"a" 1}`, `01`, `+1`, `1.`, `.5`, `1e`, `-`, `truth`, `nul1`, "\"\x01\"", "\"\xff\"", `"\x"`, `"\u12g4"`, `"\ud800"`, `"\ud800\u0041"`,
		`[}`, `{]`, `1 1`, `NaN`, strings.Repeat("[", MaxDepth+1), strings.Repeat("1", MaxNumber+1), `{"` + strings.Repeat("a", MaxKey+1) + `":1}`, "/*a*/1"} {
		_, err := again(strings.NewReader(text))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40q: got %v", text, err)
		}
	}
	for _, text := range []string{``, ` `, `{`, `["a`, `"\u12`, `"\ud800`, `{"a":`, `tr`} {
		if _, err := again(strings.NewReader(text)); err != ErrShort {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestErrorsOfTheSourcePass(t *testing.T) {
	if _, err := again(io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(io.ErrUnexpectedEOF))); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v", err)
	}
}

func TestLongTextComesInPieces(t *testing.T) {
	text := strings.Repeat("é\\n\\ud83d\\ude00x", 100_000)
	d := NewReader(strings.NewReader(`"` + text + `"`))
	d.Value()
	n := 0
	if err := d.Text(func(p []byte) error {
		if n += len(p); len(p) > largeBuffer {
			t.Fatalf("a piece of %d bytes", len(p))
		}
		return nil
	}); err != nil || n != 100_000*len("é\n😀x") {
		t.Errorf("%d bytes, error %v", n, err)
	}
}

// FuzzReader compares with encoding/json, which takes texts that are not UTF-8 and lone
// surrogates, and has other bounds.
func FuzzReader(f *testing.F) {
	for _, text := range []string{`{"a":[1,-2.5e+3,true,null,"é\n\ud83d\ude00"]}`, ` [ ] `, `"\ud800"`, `{"a":1,"a":2}`, "\ufeff1", `1e5`, `-0`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := again(strings.NewReader(text))
		slowly, failed := again(iotest.OneByteReader(strings.NewReader(text)))
		if (err == nil) != (failed == nil) || got != slowly {
			t.Fatalf("a byte at a time: %q, %v; at once: %q, %v", slowly, failed, got, err)
		}
		text = strings.TrimPrefix(text, "\ufeff")
		if err != nil {
			var syntax *SyntaxError
			lenient := errors.As(err, &syntax) && (strings.Contains(syntax.What, "UTF-8") || strings.Contains(syntax.What, "surrogate") || strings.Contains(syntax.What, "more than") || strings.Contains(syntax.What, "longer"))
			if json.Valid([]byte(text)) && !lenient {
				t.Fatalf("%q is refused: %v", text, err)
			}
			return
		}
		var want, have bytes.Buffer
		if err := json.Compact(&want, []byte(text)); err != nil {
			t.Fatalf("%q is taken: %v", text, err)
		}
		json.Compact(&have, []byte(got))
		var a, b any
		x, y := json.NewDecoder(&want), json.NewDecoder(&have)
		x.UseNumber()
		y.UseNumber()
		if x.Decode(&a) != nil || y.Decode(&b) != nil {
			t.Fatalf("%q became %q", text, got)
		}
		p, _ := json.Marshal(a)
		q, _ := json.Marshal(b)
		if !bytes.Equal(p, q) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
