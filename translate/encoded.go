package translate

import (
	"strconv"

	"twohop/translate/xsd"
)

// encodedType writes the type of an element, which SOAP 1.1's encoding asks for
// (section 5.1), where the contract has a name for it.
func (e *encoder) encodedType(t *xsd.Type) {
	if t.Name.Local == "" || t.Any() {
		return
	}
	e.text(` xsi:type="`)
	e.out = append(e.qname(e.out, t.Name), '"')
}

// array writes the rest of an element that is a SOAP-encoded array (SOAP 1.1, section
// 5.4.2), after its < and name. It is held until its size is known.
func (e *encoder) array(name xsd.Name, t *xsd.Type) error {
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c != '[' {
		return e.wanted(e.shape(t), "an array", c)
	}
	item := &xsd.Element{Name: xsd.Name{Local: "item"}, Type: t.Array.Item, Nillable: true}
	if !e.msg.Encoded {
		e.text(">")
		if err := e.items(item); err != nil {
			return err
		}
		e.end(name)
		return nil
	}
	e.text(` xsi:type="soapenc:Array" soapenc:arrayType="`)
	e.out = e.qname(e.out, t.Array.Item.Name)
	e.text("[")
	f := e.push(t)
	f.tag = e.pos()
	f.keep(f.tag)
	e.text(`]">`)
	n := 0
	err = e.each(func() error {
		n++
		if err := e.element(item); err != nil {
			return err
		}
		return e.room()
	})
	if err == nil {
		err = e.insert(strconv.AppendInt(nil, int64(n), 10))
	}
	if err != nil {
		return err
	}
	e.pop()
	e.end(name)
	return nil
}
