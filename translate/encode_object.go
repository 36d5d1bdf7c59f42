package translate

import (
	"fmt"
	"slices"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// element writes an element from the next JSON value.
func (e *encoder) element(el *xsd.Element) error {
	e.name(el.Name)
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	t := el.Type
	if c == 'n' {
		return e.null(el)
	}
	s := e.shape(t)
	switch {
	case t.Array != nil:
		return e.array(el.Name, t)
	case c == '{':
		return e.object(t, el.Name)
	case s.Only != nil && c == '[':
		e.text(">")
		if err := e.items(s.Only.Element); err != nil {
			return err
		}
		e.end(el.Name)
		return nil
	case t.Content == xsd.Simple:
		if e.msg.Encoded {
			e.encodedType(t)
		}
		return e.simple(el, t.Value)
	case t.Any():
		return e.anyValue(el.Name)
	}
	return e.wanted(s, "an object", c)
}

// null writes a nil element.
func (e *encoder) null(el *xsd.Element) error {
	if _, err := e.in.Literal(); err != nil {
		return err
	}
	if !el.Nillable && !el.Type.Any() && !e.msg.Encoded {
		return &Invalid{What: "null stands for xsi:nil, which the contract does not allow here; leave the member out", Expected: e.describe(el.Type), Example: e.example(el.Type)}
	}
	e.text(` xsi:nil="true"/>`)
	return nil
}

func (e *encoder) wanted(s *shape.Shape, what string, c byte) error {
	got := map[byte]string{'"': "a string", '[': "an array", '{': "an object", 't': "true", 'f': "false", 'n': "null"}[c]
	if got == "" {
		got = "a number"
	}
	return &Invalid{What: "this is " + got, Expected: what, Example: e.example(s.Type)}
}

// object writes the rest of an element from a JSON object, after its < and name; without
// a name only the children.
func (e *encoder) object(t *xsd.Type, name xsd.Name) error {
	if err := e.in.Open(); err != nil {
		return err
	}
	f := e.push(t)
	if name.Local != "" {
		f.tag = e.pos()
	} else {
		f.opened = true
	}
	for first := true; ; first = false {
		more, err := e.in.Next('}', first)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		key, err := e.in.Key()
		if err != nil {
			return err
		}
		if name, err := e.member(key); err != nil {
			return at(err, name)
		}
	}
	return e.finish(name)
}

// member writes one member, and returns its name.
func (e *encoder) member(key []byte) (string, error) {
	f := e.top()
	if x := f.shape.Member(string(key)); x != nil {
		return x.Key, e.field(x)
	}
	switch string(key) {
	case shape.Type:
		return shape.Type, e.retype()
	case shape.Nil:
		return shape.Nil, e.setNil()
	case shape.Text:
		if f.shape.Scalar || f.shape.Text || f.typ.Any() || f.typ.Content == xsd.Mixed {
			return shape.Text, e.textMember()
		}
	case shape.Any:
		if f.shape.Any {
			return shape.Any, e.anyMember()
		}
	case shape.Content:
		if f.typ.Content == xsd.Elements || f.typ.Content == xsd.Mixed {
			return shape.Content, e.contentMember()
		}
	case "":
	default:
		if key[0] == '@' && (f.shape.Open() || f.typ.Any()) {
			name := string(key)
			return name, e.openAttribute(name[1:])
		}
	}
	name := string(key)
	return name, e.unknown(name)
}

func twice() error { return &Invalid{What: "the member is there twice"} }

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

// finish ends the object that is open.
func (e *encoder) finish(name xsd.Name) error {
	if err := e.fill(); err != nil {
		return err
	}
	f := e.top()
	if err := e.complete(f); err != nil {
		return err
	}
	if err := e.arrange(f); err != nil {
		return err
	}
	opened := f.opened
	if !opened && e.msg.Encoded && f.has&hasType == 0 {
		e.encodedType(f.typ)
	}
	e.pop()
	switch {
	case name.Local == "":
	case opened:
		e.end(name)
	default:
		e.text("/>")
	}
	return nil
}

// complete reports a member that the contract requires and that is not there. An encoded
// message may leave out what has no value (SOAP 1.1, section 5.1).
func (e *encoder) complete(f *frame) error {
	if e.op.service.options.Partial || e.msg.Encoded || f.order || f.has&hasNil != 0 {
		return nil
	}
	for _, x := range f.shape.Fields[f.low:] {
		if !x.Required || f.seen[x.Index/64]&(1<<(x.Index%64)) != 0 || x.Fixed() {
			continue
		}
		t := x.Type()
		missing := &Invalid{What: "the member is missing; the contract requires it", Expected: e.describe(t), Example: e.example(t)}
		if x.Element != nil && x.Element.Nillable {
			missing.Expected += ", or null"
		}
		return at(missing, x.Key)
	}
	return nil
}

// fill writes the values that the contract fixes and that must be there.
func (e *encoder) fill() error {
	f := e.top()
	if f.order || f.fixed || f.has&hasNil != 0 {
		return nil
	}
	for _, x := range f.shape.Fields {
		if f.seen[x.Index/64]&(1<<(x.Index%64)) != 0 {
			continue
		}
		switch {
		case x.Attr != nil && x.Attr.Required && x.Attr.Fixed != nil:
			b := append(e.spare[:0], ' ')
			e.spare = append(appendAttr(append(e.attributeName(b, x.Attr.Name), '=', '"'), *x.Attr.Fixed), '"')
			if err := e.insert(e.spare); err != nil {
				return err
			}
		case x.Element != nil && x.Required && x.Element.Fixed != nil && x.Element.Type.Content == xsd.Simple:
			if err := e.begin(orderOf(x)); err != nil {
				return err
			}
			e.segment(orderOf(x))
			e.name(x.Element.Name)
			e.text(">")
			if err := e.escaped([]byte(*x.Element.Fixed)); err != nil {
				return err
			}
			e.end(x.Element.Name)
			e.endSegment()
		}
	}
	return nil
}
