package translate

import (
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

// Twice is what an Invalid says of a member that its object has already.
const Twice = "the member is there twice"

func twice() error { return &Invalid{What: Twice} }

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
