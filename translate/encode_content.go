package translate

import (
	"bytes"
	"io"

	"twohop/translate/markup"
	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// textMember reads #text.
func (e *encoder) textMember() error {
	f := e.top()
	if !f.note(hasText) {
		return twice()
	}
	order := 2 * len(f.shape.Fields)
	if f.typ.Content == xsd.Mixed || f.typ.Any() {
		order = -1 // before the elements
	}
	if err := e.begin(order); err != nil {
		return err
	}
	v := f.typ.Value
	if v == nil {
		v = anySimple
	}
	e.segment(order)
	err := e.value(v)
	e.endSegment()
	if err == nil {
		err = e.room()
	}
	return err
}

// anyMember reads #any: an array of elements as XML.
func (e *encoder) anyMember() error {
	f := e.top()
	if !f.note(hasAny) {
		return twice()
	}
	order := 2 * f.shape.AnyAt
	if err := e.begin(order); err != nil {
		return err
	}
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c != '[' {
		return e.wanted(f.shape, "an array of XML elements as strings", c)
	}
	return e.each(func() error {
		e.segment(order)
		err := e.xml()
		e.endSegment()
		if err == nil {
			err = e.room()
		}
		return err
	})
}

// xml writes an element that comes as XML in a string. It is read and written anew, so
// that it cannot be more or less than one element.
func (e *encoder) xml() error {
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c != '"' {
		return &Invalid{What: "this is no string", Expected: "an XML element as a string", Example: `"<a xmlns=\"urn:x\">1</a>"`}
	}
	text, err := e.gather()
	if err != nil {
		return err
	}
	r := markup.NewReader(bytes.NewReader(text), "utf-8", markup.Limits{})
	if _, err = r.Next(); err == nil {
		if e.out, err = r.AppendElement(e.out); err == nil {
			_, err = r.Next()
		}
		if err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		return &Invalid{What: "this is no XML element: " + err.Error(), Expected: "an XML element as a string", Example: `"<a xmlns=\"urn:x\">1</a>"`}
	}
	return nil
}

// contentMember reads #content: elements and texts in the order of the document.
func (e *encoder) contentMember() error {
	f := e.top()
	if !f.note(hasContent) {
		return twice()
	}
	if len(f.segs) > 0 || f.fixed {
		return &Invalid{What: "the object has elements beside #content, which holds all of them"}
	}
	if err := e.begin(2 * len(f.shape.Fields)); err != nil {
		return err
	}
	f.order = true
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c != '[' {
		return e.wanted(f.shape, `an array of {"name": value} and strings`, c)
	}
	mixed := f.typ.Content == xsd.Mixed
	return e.each(func() error {
		c, err := e.in.Value()
		switch {
		case err != nil:
			return err
		case c == '"' && mixed:
			err = e.value(anySimple)
		case c == '{':
			err = e.contentItem()
		default:
			return &Invalid{What: "this is no part of the content", Expected: `{"name": value}`}
		}
		if err == nil {
			err = e.room()
		}
		return err
	})
}

// contentItem reads an object of one element.
func (e *encoder) contentItem() error {
	if err := e.in.Open(); err != nil {
		return err
	}
	one := &Invalid{What: "an item of #content is an object with one member, an element's name", Expected: `{"name": value}`}
	more, err := e.in.Next('}', true)
	if err != nil {
		return err
	}
	if !more {
		return one
	}
	key, err := e.in.Key()
	if err != nil {
		return err
	}
	s := e.top().shape
	x := s.Member(string(key))
	name := string(key)
	switch {
	case name == shape.Any && s.Any:
		err = e.xml()
	case x == nil || x.Element == nil:
		err = e.unknown(name)
	default:
		err = e.element(x.Element)
	}
	if err != nil {
		return at(err, name)
	}
	if more, err = e.in.Next('}', false); err == nil && more {
		err = one
	}
	return err
}
