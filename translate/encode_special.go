package translate

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"twohop/translate/document"
	"twohop/translate/markup"
	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// attribute writes the member of an attribute.
func (e *encoder) attribute(x *shape.Field) error {
	text, err := e.scalar(x.Attr.Type.Value)
	if err != nil {
		return err
	}
	b := append(e.spare[:0], ' ')
	if p := e.op.service.known.of[x.Attr.Name.Space]; p != "" {
		b = append(append(b, p...), ':')
	}
	b = append(append(b, x.Attr.Name.Local...), '=', '"')
	return e.insertValue(b, text)
}

// insertValue puts an attribute into the start tag: what stands before its value, the
// value, and the closing quotes.
func (e *encoder) insertValue(b, value []byte) error {
	b, err := markup.AppendAttr(b, value)
	if err != nil {
		return &Invalid{What: err.Error(), Expected: "text that XML can hold"}
	}
	e.spare = append(b, '"')
	return e.insert(e.spare)
}

// mostOpen bounds the attributes of an element that no schema names: each moves what
// stands after it.
const mostOpen = 256

// openAttribute writes an attribute that the schema does not name: name or {space}name.
func (e *encoder) openAttribute(name string) error {
	text, err := e.scalar(anySimple)
	if err != nil {
		return err
	}
	n, ok := clark(name)
	f := e.top()
	switch {
	case !ok || n.Space == xsd.Instance || n.Space == xmlnsSpace || n.Local == "xmlns" && n.Space == "":
		return &Invalid{What: "this is no name of an attribute", Expected: "@name or @{namespace}name"}
	case f.shape.AttributeAt(n.Space, []byte(n.Local)) != nil:
		return &Invalid{What: "the contract names this attribute otherwise", Expected: f.shape.AttributeAt(n.Space, []byte(n.Local)).Key}
	case slices.Contains(f.attrs, n):
		return twice()
	case len(f.attrs) == mostOpen:
		return &Invalid{What: "the element has more than " + strconv.Itoa(mostOpen) + " attributes that the contract does not name"}
	}
	f.attrs = append(f.attrs, n)
	b := append(e.spare[:0], ' ')
	b = e.attributeName(b, n)
	return e.insertValue(append(b, '=', '"'), text)
}

// attributeName appends a name, with a declaration of its namespace where the envelope has none.
func (e *encoder) attributeName(b []byte, n xsd.Name) []byte {
	if n.Space == "" {
		return append(b, n.Local...)
	}
	prefix := e.op.service.known.of[n.Space]
	if prefix == "" || !e.op.declares(n.Space) {
		e.anon++
		prefix = "a" + strconv.Itoa(e.anon)
		b = append(b, "xmlns:"+prefix+`="`...)
		b = append(appendAttr(b, n.Space), '"', ' ')
	}
	return append(append(append(b, prefix...), ':'), n.Local...)
}

// declares reports whether the envelope declares a prefix for space.
func (o *Operation) declares(space string) bool {
	if space == xsd.Namespace || space == xsd.Instance || space == xmlSpace {
		return true
	}
	return bytes.Contains(o.opening(), appendAttr([]byte(`="`), space))
}

// clark reads {space}name or name.
func clark(s string) (xsd.Name, bool) {
	n := split(s)
	_, err := markup.AppendAttr(nil, n.Space)
	return n, err == nil && document.IsName(n.Local)
}

func split(s string) xsd.Name {
	if rest, ok := strings.CutPrefix(s, "{"); ok {
		space, local, _ := strings.Cut(rest, "}")
		return xsd.Name{Space: space, Local: local}
	}
	return xsd.Name{Local: s}
}

// retype reads @xsi:type.
func (e *encoder) retype() error {
	f := e.top()
	if !f.note(hasType) {
		return twice()
	}
	text, err := e.scalar(anySimple)
	if err != nil {
		return err
	}
	t := e.op.service.typeNamed(string(text), f.typ)
	switch {
	case t == nil:
		return &Invalid{What: "the contract has no such type here", Expected: e.op.service.derived(f.typ)}
	case t.Abstract:
		return &Invalid{What: "the type is abstract", Expected: e.op.service.derived(t)}
	}
	s := e.shape(t)
	for _, x := range f.shape.Fields {
		if f.seen[x.Index/64]&(1<<(x.Index%64)) != 0 && s.Member(x.Key) == nil {
			return &Invalid{What: "the type comes after members that it has not", Expected: shape.Type + " as the first member"}
		}
	}
	f.set(t, s)
	if e.msg.Encoded && f.opened {
		return &Invalid{What: "the type comes after elements", Expected: shape.Type + " as the first member"}
	}
	b := append(e.op.service.missing(e.op, t, e.spare[:0]), " xsi:type=\""...)
	e.spare = append(e.qname(b, t.Name), '"')
	return e.insert(e.spare)
}

// qname appends a name with its prefix; the envelope declares those of types.
func (e *encoder) qname(b []byte, n xsd.Name) []byte {
	if p := e.op.service.known.of[n.Space]; p != "" {
		b = append(append(b, p...), ':')
	}
	return append(b, n.Local...)
}

// setNil reads @xsi:nil, for a nil element that has attributes.
func (e *encoder) setNil() error {
	f := e.top()
	if !f.note(hasNil) {
		return twice()
	}
	text, err := e.scalar(boolean)
	if err != nil {
		return err
	}
	if string(text) != "true" {
		return nil
	}
	return e.insert([]byte(` xsi:nil="true"`))
}
