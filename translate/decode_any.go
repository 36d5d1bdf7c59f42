package translate

import (
	"twohop/translate/markup"
	"twohop/translate/xsd"
)

// anything writes an element of any type that has no attributes: a string when it holds
// text alone, else an object with #any.
func (d *decoder) anything() error {
	d.lit = d.lit[:0]
	for {
		kind, err := d.r.Next()
		switch {
		case err != nil:
			return err
		case kind == markup.End:
			d.out = appendJSON(d.out, d.lit)
			return nil
		case kind == markup.Start:
			text := append([]byte(nil), d.lit...)
			d.push(d.shape(anyType))
			d.text("{")
			return d.anyContent(&text)
		}
		if d.lit = append(d.lit, d.r.Text()...); int64(len(d.lit)) > d.op.service.options.Cap {
			return &TooLarge{d.op.service.options.Cap, "a value of any type is held whole"}
		}
	}
}

var anyType = &xsd.Type{Name: xsd.Name{Space: xsd.Namespace, Local: "anyType"}, Complex: true, Content: xsd.Mixed, AnyAttr: &xsd.Wildcard{}}

// anyContent writes the rest of an object of any type: its texts under #text, its elements
// under #any. With before the start tag of the first element is at hand, and before is the
// text in front of it.
func (d *decoder) anyContent(before *[]byte) error {
	var text []byte
	kind := markup.Text
	var err error
	if before != nil {
		text, kind = *before, markup.Start
	} else if kind, err = d.r.Next(); err != nil {
		return err
	}
	for ; kind != markup.End; kind, err = d.r.Next() {
		if err != nil {
			return err
		}
		if kind == markup.Start {
			if err := d.stray(); err != nil {
				return err
			}
			continue
		}
		if text = append(text, d.r.Text()...); int64(len(text)) > d.op.service.options.Cap {
			return &TooLarge{d.op.service.options.Cap, "a value of any type is held whole"}
		}
	}
	if f := d.top(); !blank(text) || len(f.any) == 0 && len(text) > 0 {
		d.comma()
		d.text(`"#text":`)
		d.out = appendJSON(d.out, text)
	}
	if f := d.top(); len(f.any) > 0 {
		d.comma()
		d.text(`"#any":[`)
		d.out = append(d.out, f.any...)
		d.text("]")
	}
	d.pop()
	d.text("}")
	return nil
}

// ordered writes elements and texts in their order under #content, and ends the object.
func (d *decoder) ordered(mixed bool) error {
	d.comma()
	d.text(`"#content":`)
	d.text("[")
	for n := 0; ; {
		kind, err := d.r.Next()
		if err != nil {
			return err
		}
		if kind == markup.End {
			break
		}
		if kind == markup.Text && !mixed {
			if !blank(d.r.Text()) {
				return &Broken{What: "there is text between elements"}
			}
			continue
		}
		if n++; n > 1 {
			d.text(",")
		}
		if kind == markup.Text {
			d.out = appendJSON(d.out, d.r.Text())
		} else if err := d.orderedItem(); err != nil {
			return err
		}
		if err := d.room(); err != nil {
			return err
		}
	}
	d.text("]}")
	d.pop()
	return nil
}

func (d *decoder) orderedItem() error {
	n := d.r.Name()
	x := d.top().shape.At(n.Space, n.Local)
	if x == nil {
		d.text(`{"#any":`)
		xml, err := d.r.AppendElement(d.lit[:0])
		if err != nil {
			return err
		}
		d.lit = xml
		d.out = appendJSON(d.out, xml)
	} else {
		d.text("{" + x.Quoted)
		if err := d.value(x.Element); err != nil {
			return inside(err, x.Element.Name.Local)
		}
	}
	d.text("}")
	return nil
}
