package markup

import (
	"bytes"
	"unicode/utf8"
)

// Skip reads to the End of the element that has just started.
func (r *Reader) Skip() error {
	for depth := len(r.open); ; {
		k, err := r.Next()
		if err != nil {
			return err
		}
		if k == End && len(r.open) == depth {
			return nil
		}
	}
}

// AppendElement appends the element that has just started to dst as XML that stands alone,
// and reads to its End. It has the attributes, text and prefixes of the original; comments
// and processing instructions are left out. Declarations from outside are repeated where
// the element, or a value in it that could be a qualified name, uses the prefix.
func (r *Reader) AppendElement(dst []byte) ([]byte, error) {
	begin := len(dst)
	depth := len(r.open)
	outer := r.open[depth-1].scope
	dst = r.appendStart(dst)
	name := begin + 1 + len(r.names) - r.open[depth-1].name
	own := len(r.scope)
	hollow := true // the last start tag has no > yet
	for {
		k, err := r.Next()
		if err != nil {
			return nil, err
		}
		if k != End && hollow {
			dst = append(dst, '>')
		}
		switch k {
		case Start:
			dst = r.appendStart(dst)
			hollow = true
		case Text:
			dst = appendKnown(dst, r.text)
			hollow = false
		case End:
			if hollow {
				dst = append(dst, "/>"...)
			} else {
				dst = r.AppendToken(dst, End)
			}
			hollow = false
			if len(r.open) == depth {
				return r.insertScope(dst, begin, name, outer, own), nil
			}
		}
		if len(dst)-begin > r.limits.Element {
			r.err = r.wrong(r.tok, "an element of more than %d bytes that has to be held", r.limits.Element)
			return nil, r.err
		}
	}
}

// AppendToken appends the token at hand, of this kind, as XML. All tokens of a document
// make the same document again, without comments and processing instructions.
func (r *Reader) AppendToken(dst []byte, k Kind) []byte {
	switch k {
	case Start:
		return append(r.appendStart(dst), '>')
	case Text:
		return appendKnown(dst, r.text)
	}
	dst = append(dst, "</"...)
	dst = append(dst, r.names[r.open[len(r.open)-1].name:]...)
	return append(dst, '>')
}

// appendStart appends the start tag at hand without its >.
func (r *Reader) appendStart(dst []byte) []byte {
	o := &r.open[len(r.open)-1]
	dst = append(dst, '<')
	dst = append(dst, r.names[o.name:]...)
	for _, b := range r.scope[o.scope:] {
		dst = appendDeclaration(dst, b)
	}
	for i := range r.attrs {
		a := &r.attrs[i]
		dst = append(dst, ' ')
		if len(a.Prefix) > 0 {
			dst = append(dst, a.Prefix...)
			dst = append(dst, ':')
		}
		dst = append(dst, a.Local...)
		dst = append(dst, `="`...)
		dst = appendKnownValue(dst, a.Value)
		dst = append(dst, '"')
	}
	return dst
}

func appendDeclaration(dst []byte, b binding) []byte {
	dst = append(dst, " xmlns"...)
	if b.prefix != "" {
		dst = append(dst, ':')
		dst = append(dst, b.prefix...)
	}
	dst = append(dst, `="`...)
	dst = appendKnownValue(dst, []byte(b.space))
	return append(dst, '"')
}

// insertScope puts the declarations that the element at dst[begin:] needs from outside
// after its name, which ends at name. Of r.scope those before outer are from outside, those
// up to own its own.
func (r *Reader) insertScope(dst []byte, begin, name, outer, own int) []byte {
	scope := r.scope[:own]
	var add []byte
	for i := outer - 1; i > 0; i-- { // the first is the prefix xml
		b := scope[i]
		if hidden(scope[i+1:], b.prefix) || b.prefix == "" && b.space == "" {
			continue
		}
		if b.prefix == "" || used(dst[begin:], b.prefix) {
			add = appendDeclaration(add, b)
		}
	}
	if len(add) == 0 {
		return dst
	}
	dst = append(dst, add...)
	copy(dst[name+len(add):], dst[name:])
	copy(dst[name:], add)
	return dst
}

func hidden(by []binding, prefix string) bool {
	for _, b := range by {
		if b.prefix == prefix {
			return true
		}
	}
	return false
}

// used reports whether text may use a prefix, as a name or in a value.
func used(text []byte, prefix string) bool {
	with := append([]byte(prefix), ':')
	for {
		i := bytes.Index(text, with)
		if i < 0 {
			return false
		}
		if i == 0 || text[i-1] < utf8.RuneSelf && class[text[i-1]]&nameChar == 0 {
			return true
		}
		text = text[i+1:]
	}
}
