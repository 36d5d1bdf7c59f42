package markup

import (
	"bytes"
	"errors"
)

// errPart says that a tag has not been read to its end.
var errPart = errors.New("the tag goes on")

// startTag reads a start tag, first from what has been read. It is parsed once more when
// it turns out to be longer; how little comes at a time makes no difference.
func (r *Reader) startTag() (Kind, error) {
	if r.state == epilog {
		return 0, r.wrong(r.pos, "a second root element")
	}
	end, empty, err := r.parseTag()
	if err == errPart {
		if err := r.wholeTag(); err != nil {
			return 0, err
		}
		end, empty, err = r.parseTag()
	}
	if err != nil {
		return 0, err
	}
	r.tok, r.pos = r.pos, end
	r.state = content
	if empty {
		r.state = emptyTag
	}
	return Start, nil
}

// wholeTag reads on until the tag at pos is there to its > or to what cannot be in one.
func (r *Reader) wholeTag() error {
	var quote byte
	for i := 1; ; i++ {
		if i > r.limits.Tag {
			return r.wrong(r.pos, "a tag of more than %d bytes", r.limits.Tag)
		}
		if err := r.need(i + 1); err != nil {
			return err
		}
		switch c := r.buf[r.pos+i]; {
		case c == '<', c == '>' && quote == 0:
			return nil
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
}

// parseTag takes the start tag at pos apart and puts its element on the stack. end is
// where it ends, empty says that it is one of <a/>.
func (r *Reader) parseTag() (end int, empty bool, err error) {
	b := r.buf[:r.end]
	start := r.pos + 1
	i, prefix := scanName(b, start)
	if unfinished(b, i) {
		return 0, false, errPart
	}
	name := b[start:i]
	if len(name) == 0 || class[b[i]]&space == 0 && b[i] != '>' && b[i] != '/' {
		return 0, false, r.badName(start, i, "an element")
	}
	if err := r.checkName(name, start); err != nil {
		return 0, false, err
	}
	r.attrs, r.xmlns, r.scratch = r.attrs[:0], r.xmlns[:0], r.scratch[:0]
	for {
		at := i
		for i < len(b) && class[b[i]]&space != 0 {
			i++
		}
		if i >= len(b) {
			return 0, false, errPart
		}
		if b[i] == '>' {
			i++
			break
		}
		if b[i] == '/' {
			if i+1 >= len(b) {
				return 0, false, errPart
			}
			if b[i+1] != '>' {
				return 0, false, r.wrong(i, "a / in a tag that > does not follow")
			}
			i, empty = i+2, true
			break
		}
		if i == at {
			return 0, false, r.wrong(i, "no white space before an attribute")
		}
		if i, err = r.attribute(b, i); err != nil {
			return 0, false, err
		}
	}
	return i, empty, r.enter(name, prefix)
}

// attribute reads name="value" at i and returns where it ends.
func (r *Reader) attribute(b []byte, i int) (int, error) {
	start := i
	i, prefix := scanName(b, i)
	if unfinished(b, i) {
		return 0, errPart
	}
	name := b[start:i]
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	if i >= len(b) {
		return 0, errPart
	}
	if b[i] != '=' || len(name) == 0 {
		if len(name) == 0 || b[i] == ':' {
			return 0, r.badName(start, i, "an attribute")
		}
		return 0, r.wrong(i, "the attribute %s has no value", brief(name))
	}
	if err := r.checkName(name, start); err != nil {
		return 0, err
	}
	i++
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	if i >= len(b) {
		return 0, errPart
	}
	value, i, err := r.value(b, i, name)
	if err != nil {
		return 0, err
	}
	a := Attr{Value: value}
	a.Local = name
	if prefix >= 0 {
		a.Prefix, a.Local = name[:prefix], name[prefix+1:]
	}
	if prefix < 0 && string(name) == "xmlns" || string(a.Prefix) == "xmlns" {
		r.xmlns = append(r.xmlns, a)
		if len(r.xmlns) > r.limits.Namespaces {
			return 0, r.wrong(start, "more than %d declarations of namespaces are in scope", r.limits.Namespaces)
		}
		return i, nil
	}
	if len(r.attrs) >= r.limits.Attributes {
		return 0, r.wrong(start, "an element with more than %d attributes", r.limits.Attributes)
	}
	r.attrs = append(r.attrs, a)
	return i, nil
}

// value reads a quoted value at i.
func (r *Reader) value(b []byte, i int, name []byte) (value []byte, end int, err error) {
	quote := b[i]
	if quote != '"' && quote != '\'' {
		return nil, 0, r.wrong(i, "the value of the attribute %s is not in quotes", brief(name))
	}
	i++
	start := i
	plain := true
	for ; ; i++ {
		for i < len(b) && class[b[i]]&valueStop == 0 {
			i++
		}
		if i-start > r.limits.Value {
			return nil, 0, r.wrong(start, "the value of the attribute %s has more than %d bytes", brief(name), r.limits.Value)
		}
		if i >= len(b) {
			return nil, 0, errPart
		}
		switch c := b[i]; {
		case c == quote:
			value = b[start:i:i]
			if !plain {
				value, err = r.decode(value, start, true)
			}
			return value, i + 1, err
		case c == '<':
			return nil, 0, r.wrong(i, "a < in the value of the attribute %s", brief(name))
		case c != '"' && c != '\'':
			plain = false
		}
	}
}

// enter puts the element of the tag at hand on the stack.
func (r *Reader) enter(name []byte, prefix int) error {
	if len(r.open) >= r.limits.Depth {
		return r.wrong(r.pos, "more than %d elements inside each other", r.limits.Depth)
	}
	o := open{name: len(r.names), scope: len(r.scope)}
	if len(r.xmlns) > 0 {
		if err := r.declare(); err != nil {
			return err
		}
	}
	ok := true
	if prefix >= 0 {
		o.prefix = prefix
		if o.space, ok = r.Lookup(name[:prefix]); !ok {
			return r.unbound(name[:prefix])
		}
	} else {
		o.space, _ = r.Lookup(nil)
	}
	if len(r.attrs) > 0 {
		if err := r.resolve(); err != nil {
			return err
		}
	}
	r.names = append(r.names, name...)
	r.open = append(r.open, o)
	return nil
}

// endTag reads the end tag at pos, which must be that of the innermost element.
func (r *Reader) endTag() (Kind, error) {
	if len(r.open) == 0 {
		return 0, r.wrong(r.pos, "an end tag without a start tag")
	}
	name := r.names[r.open[len(r.open)-1].name:]
	i := 2 + len(name)
	for r.end-r.pos <= i && bytes.HasPrefix(name, r.buf[min(r.pos+2, r.end):r.end]) {
		if err := r.more(); err != nil {
			return 0, err
		}
	}
	b := r.buf[r.pos:r.end]
	if len(b) <= i || string(b[2:i]) != string(name) || b[i] != '>' && class[b[i]]&space == 0 {
		return 0, r.mismatch(name)
	}
	for b[i] != '>' {
		if class[b[i]]&space == 0 {
			return 0, r.wrong(r.pos+i, "the end tag </%s> holds more than its name", brief(name))
		}
		if i++; i > r.limits.Tag {
			return 0, r.wrong(r.pos, "a tag of more than %d bytes", r.limits.Tag)
		}
		if err := r.need(i + 1); err != nil {
			return 0, err
		}
		b = r.buf[r.pos:r.end]
	}
	r.tok = r.pos
	r.pos += i + 1
	r.state = ended
	return End, nil
}

func (r *Reader) mismatch(name []byte) error {
	_ = r.wholeTag() // for the message: what is there is wrong already
	start := r.pos + 2
	end, _ := scanName(r.buf[:r.end], start)
	if end == start {
		return r.wrong(start, "</ without a name")
	}
	return r.wrong(r.pos, "the end tag </%s> where </%s> should be", brief(r.buf[start:end]), brief(name))
}

// checkName says what is wrong with a name that scanName has found.
func (r *Reader) checkName(name []byte, at int) error {
	if len(name) > r.limits.Name {
		return r.wrong(at, "a name of more than %d bytes", r.limits.Name)
	}
	for _, c := range name {
		if c >= 0x80 {
			if !spelled(name) {
				return r.wrong(at, "%q is no name in XML", brief(name))
			}
			break
		}
	}
	return nil
}

// badName says why there is no name, where scanName ended.
func (r *Reader) badName(start, end int, of string) error {
	b := r.buf[:r.end]
	switch {
	case end == start:
		return r.wrong(start, "%q cannot start the name of %s", brief(b[start:start+charSize(b[start:])]), of)
	case b[end] == ':':
		return r.wrong(end, "%q is no name with a prefix: each half must be a name without colons", brief(b[start:end+1]))
	}
	return r.wrong(end, "%q cannot stand in the name of %s", brief(b[end:end+charSize(b[end:])]), of)
}
