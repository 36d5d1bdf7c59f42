package markup

import (
	"fmt"
	"unicode/utf8"
)

// What stands in place of a byte (section 2.4). A carriage return would come back as
// a line feed, and > is escaped for the sake of ]]>.
var textEscape = escapes("&<>\r")

// White space in a value would come back as spaces (section 3.3.3).
var valueEscape = escapes("&<>\r\n\t\"")

func escapes(these string) (t [256]string) {
	for c := range 0x20 {
		if c != '\t' && c != '\n' && c != '\r' {
			t[c] = refused
		}
	}
	for c := utf8.RuneSelf; c < len(t); c++ {
		t[c] = refused // until looked at
	}
	for _, c := range these {
		t[c] = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\r': "&#13;", '\n': "&#10;", '\t': "&#9;", '"': "&#34;"}[c]
	}
	return t
}

// refused marks a byte that may not stand in XML.
const refused = "?"

// AppendText appends s as the text of an element. An error names a character that XML 1.0
// cannot hold, escaped or not; nothing has been appended then.
func AppendText[S []byte | string](dst []byte, s S) ([]byte, error) {
	return appendEscaped(dst, s, &textEscape)
}

// AppendAttr appends s as an attribute's value, to stand in double quotes. Errors are those
// of AppendText.
func AppendAttr[S []byte | string](dst []byte, s S) ([]byte, error) {
	return appendEscaped(dst, s, &valueEscape)
}

func appendEscaped[S []byte | string](dst []byte, s S, escape *[256]string) ([]byte, error) {
	begin := len(dst)
	done := 0
	for i := 0; i < len(s); {
		e := escape[s[i]]
		switch {
		case e == "":
			i++
			continue
		case e != refused:
			dst = append(append(dst, s[done:i]...), e...)
			i++
			done = i
			continue
		}
		c, size := decodeRune(s[i:])
		if c == utf8.RuneError && size == 1 {
			return dst[:begin], fmt.Errorf("the byte 0x%02X is not UTF-8", s[i])
		}
		if !isChar(c) {
			return dst[:begin], fmt.Errorf("XML 1.0 cannot hold the character U+%04X", c)
		}
		i += size
	}
	return append(dst, s[done:]...), nil
}

func decodeRune[S []byte | string](s S) (rune, int) {
	return utf8.DecodeRuneInString(string(s[:min(len(s), utf8.UTFMax)]))
}

// appendKnown is AppendText for what a Reader has returned.
func appendKnown(dst, s []byte) []byte {
	dst, _ = appendEscaped(dst, s, &textEscape)
	return dst
}

func appendKnownValue(dst, s []byte) []byte {
	dst, _ = appendEscaped(dst, s, &valueEscape)
	return dst
}
