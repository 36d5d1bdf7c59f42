package translate

import (
	"fmt"
	"slices"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// field writes the member of a field.
func (e *encoder) field(x *shape.Field) error {
	f := e.top()
	if !f.see(x) {
		return twice()
	}
	if x.Attr != nil {
		return e.attribute(x)
	}
	if f.has&hasContent != 0 {
		return &Invalid{What: "the object has #content, which holds all elements"}
	}
	if err := e.begin(orderOf(x)); err != nil {
		return err
	}
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	switch {
	case c == '[' && (x.Array || !isList(x.Element.Type) && x.Element.Type.Array == nil && e.shape(x.Element.Type).Only == nil):
		if !x.Array {
			return e.wanted(e.shape(x.Element.Type), e.describe(x.Element.Type)+", not an array: the element occurs at most once", c)
		}
		return e.fieldItems(x)
	}
	return e.item(x)
}

func isList(t *xsd.Type) bool {
	return t.Content == xsd.Simple && t.Value != nil && t.Value.List != nil
}

// fieldItems writes an array. Where the order of its items among others is to be found,
// each is a segment of its own.
func (e *encoder) fieldItems(x *shape.Field) error {
	apart := e.apart()
	if apart {
		return e.each(func() error { return e.item(x) })
	}
	e.segment(orderOf(x))
	err := e.items(x.Element)
	e.endSegment()
	return err
}

// apart reports whether items are segments of their own.
func (e *encoder) apart() bool {
	s := e.top().shape
	return !s.Plain && !s.Free
}

func (e *encoder) item(x *shape.Field) error {
	e.segment(orderOf(x))
	err := e.element(x.Element)
	e.endSegment()
	if err == nil {
		err = e.room()
	}
	return err
}

// items writes an array's items as elements.
func (e *encoder) items(el *xsd.Element) error {
	return e.each(func() error {
		if err := e.element(el); err != nil {
			return err
		}
		return e.room()
	})
}

// each calls do at every item of an array.
func (e *encoder) each(do func() error) error {
	if err := e.in.Open(); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := e.in.Next(']', i == 0)
		if err != nil || !more {
			return err
		}
		if err := do(); err != nil {
			return at(err, fmt.Sprint(i))
		}
	}
}

// begin makes way for a member's elements at order.
func (e *encoder) begin(order int) error {
	f := e.top()
	if f.fixed && order < f.last {
		return &TooLarge{e.op.service.options.Cap, "a member stands after those that follow it in the contract"}
	}
	if order < f.last {
		f.sorted = false
	}
	f.last = max(f.last, order)
	if f.tag >= 0 && (f.unsure() || e.apart()) {
		f.keep(f.tag)
	} else if f.mayComeBefore(order) && !f.fixed || e.apart() {
		f.keep(e.pos())
	}
	e.open(f)
	return nil
}

// unsure reports whether attributes may still come.
func (f *frame) unsure() bool {
	if f.fixed {
		return false
	}
	next := f.low < len(f.shape.Fields) && f.shape.Fields[f.low].Attr != nil
	return next || f.typ.AnyAttr != nil || len(f.typ.Derived) > 0 && f.has&hasType == 0
}

func (e *encoder) open(f *frame) {
	if f.opened {
		return
	}
	f.opened = true
	if e.msg.Encoded && f.has&hasType == 0 {
		e.encodedType(f.typ)
	}
	e.text(">")
}

func (e *encoder) segment(order int) {
	f := e.top()
	f.segs = append(f.segs, segment{order, e.pos(), -1})
}

func (e *encoder) endSegment() {
	f := e.top()
	if n := len(f.segs); n > 0 { // else it was given away
		f.segs[n-1].end = e.pos()
	}
}

// insert puts text into the start tag.
func (e *encoder) insert(text []byte) error {
	f := e.top()
	if f.tag < 0 {
		return &Invalid{What: "there is no element that could have attributes"}
	}
	if f.tag < e.gone || f.fixed {
		return &TooLarge{e.op.service.options.Cap, "an attribute stands after the elements"}
	}
	i, n := int(f.tag-e.gone), int64(len(text))
	e.out = slices.Insert(e.out, i, text...)
	f.tag += n
	if f.hold >= f.tag-n {
		f.hold += n
	}
	for j := range f.segs {
		f.segs[j].start += n
		if f.segs[j].end >= 0 {
			f.segs[j].end += n
		}
	}
	return nil
}
