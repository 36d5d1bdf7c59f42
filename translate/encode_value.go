package translate

import (
	"bytes"
	"strconv"
	"strings"

	"twohop/translate/xsd"
)

// Types of values that no schema declares.
var (
	anySimple = &xsd.Value{Primitive: xsd.String, Builtin: "anySimpleType"}
	boolean   = &xsd.Value{Primitive: xsd.Boolean, Builtin: "boolean"}
)

// simple writes the rest of an element from a scalar, after its < and name.
func (e *encoder) simple(el *xsd.Element, v *xsd.Value) error {
	if v.Primitive == xsd.QName && v.List == nil {
		return e.qnameElement(el, v)
	}
	e.text(">")
	if err := e.value(v); err != nil {
		return err
	}
	e.end(el.Name)
	return nil
}

// value writes the text of a scalar.
func (e *encoder) value(v *xsd.Value) error {
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c == '"' && v.List == nil && v.Union == nil && v.Enum == nil && (v.Primitive == xsd.String || v.Primitive == xsd.Base64) {
		return e.in.Text(func(p []byte) error {
			if v.Primitive == xsd.Base64 && !isBase64(p) {
				return e.mistaken(v, p)
			}
			return e.escaped(p)
		})
	}
	text, err := e.scalar(v)
	if err != nil {
		return err
	}
	return e.escaped(text)
}

func (e *encoder) escaped(p []byte) error {
	var err error
	if e.out, err = appendText(e.out, p); err != nil {
		return &Invalid{What: err.Error(), Expected: "text that XML can hold"}
	}
	return e.room()
}

// scalar reads a scalar as the text of v. The text is valid until the next call.
func (e *encoder) scalar(v *xsd.Value) ([]byte, error) {
	c, err := e.in.Value()
	if err != nil {
		return nil, err
	}
	if c == '[' && v.List != nil {
		return e.list(v)
	}
	text, err := e.plain(c, v)
	if err != nil {
		return nil, err
	}
	if !fits(v, text) {
		return nil, e.mistaken(v, text)
	}
	return text, nil
}

func (e *encoder) list(v *xsd.Value) ([]byte, error) {
	var all []byte
	err := e.each(func() error {
		text, err := e.scalar(v.List.Value)
		if err != nil {
			return err
		}
		if bytes.ContainsAny(text, " \t\r\n") || len(text) == 0 {
			return &Invalid{What: "an item of a list cannot be empty or hold white space"}
		}
		if len(all) > 0 {
			all = append(all, ' ')
		}
		if all = append(all, text...); int64(len(all)) > e.op.service.options.Cap {
			return &TooLarge{e.op.service.options.Cap, "a list is held whole"}
		}
		return nil
	})
	return all, err
}

// plain reads a string, number, true or false.
func (e *encoder) plain(c byte, v *xsd.Value) ([]byte, error) {
	switch c {
	case '"':
		return e.gather()
	case 't', 'f':
		word, err := e.in.Literal()
		return []byte(word), err
	case 'n':
		return nil, &Invalid{What: "this is null", Expected: describeValue(v), Example: exampleValue(v)}
	case '{', '[':
		what := map[byte]string{'{': "an object", '[': "an array"}[c]
		return nil, &Invalid{What: "this is " + what, Expected: describeValue(v), Example: exampleValue(v)}
	}
	text, err := e.in.Number()
	if err == nil && common(v) == xsd.Decimal {
		text = expand(text)
	}
	return text, err
}

// gather reads a string whole.
func (e *encoder) gather() ([]byte, error) {
	e.lit = e.lit[:0]
	err := e.in.Text(func(p []byte) error {
		if e.lit = append(e.lit, p...); int64(len(e.lit)) > e.op.service.options.Cap {
			return &TooLarge{e.op.service.options.Cap, "a string that must be looked at is held whole"}
		}
		return nil
	})
	return e.lit, err
}

func (e *encoder) mistaken(v *xsd.Value, text []byte) error {
	if len(text) > 40 {
		text = append(bytes.ToValidUTF8(text[:40], nil), "..."...)
	}
	return &Invalid{What: strconv.Quote(string(text)) + " does not fit", Expected: describeValue(v), Example: exampleValue(v)}
}

// qnameElement writes an element whose text is a name: {namespace}local, or local alone.
func (e *encoder) qnameElement(el *xsd.Element, v *xsd.Value) error {
	text, err := e.scalar(v)
	if err != nil {
		return err
	}
	s := string(text)
	if prefix, local, ok := strings.Cut(s, ":"); ok && s[0] != '{' && (prefix == "xsd" || prefix == "xsi") {
		s = "{" + map[string]string{"xsd": xsd.Namespace, "xsi": xsd.Instance}[prefix] + "}" + local
	}
	n, ok := clark(s)
	if !ok {
		return e.mistaken(v, text)
	}
	b := append(e.spare[:0], ' ')
	b = e.attributeName(b, n)
	i := bytes.LastIndexByte(b, ' ')
	if i > 0 {
		e.out = append(e.out, b[:i]...)
	}
	e.out = append(e.out, '>')
	e.out = append(e.out, b[i+1:]...)
	e.spare = b
	e.end(el.Name)
	return nil
}

// anyValue writes the rest of an element of any type from a scalar: its text.
func (e *encoder) anyValue(name xsd.Name) error {
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c == '[' {
		return &Invalid{What: "this is an array", Expected: `a string, or an object with "@xsi:type"`, Example: `{"@xsi:type": "string", "#text": "a"}`}
	}
	if e.msg.Encoded {
		e.text(` xsi:type="xsd:` + map[bool]string{true: "string", false: "decimal"}[c == '"'] + `"`)
	}
	e.text(">")
	if err := e.value(anySimple); err != nil {
		return err
	}
	e.end(name)
	return nil
}
