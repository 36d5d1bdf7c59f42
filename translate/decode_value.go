package translate

import (
	"bytes"
	"slices"

	"twohop/translate/markup"
	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// scalar writes the text of the element at hand, and reads to its end tag.
func (d *decoder) scalar(v *xsd.Value) error {
	if v.List == nil && v.Union == nil && (v.Primitive == xsd.String || v.Primitive == xsd.Base64 || v.Primitive == xsd.Temporal) {
		return d.stream()
	}
	text, err := d.gather()
	if err != nil {
		return err
	}
	return d.scalarText(v, text)
}

// stream writes a string as it comes.
func (d *decoder) stream() error {
	d.out = append(d.out, '"')
	for {
		kind, err := d.r.Next()
		switch {
		case err != nil:
			return err
		case kind == markup.Start:
			return d.unexpected()
		case kind == markup.End:
			d.out = append(d.out, '"')
			return nil
		}
		d.out = appendEscaped(d.out, d.r.Text())
		if err := d.room(); err != nil {
			return err
		}
	}
}

func (d *decoder) unexpected() error {
	return &Broken{What: "an element stands where the contract says text: " + d.named()}
}

// gather reads the text of the element at hand whole.
func (d *decoder) gather() ([]byte, error) {
	d.lit = d.lit[:0]
	for {
		kind, err := d.r.Next()
		switch {
		case err != nil:
			return nil, err
		case kind == markup.Start:
			return nil, d.unexpected()
		case kind == markup.End:
			return d.lit, nil
		}
		if d.lit = append(d.lit, d.r.Text()...); int64(len(d.lit)) > d.op.service.options.Cap {
			return nil, &TooLarge{d.op.service.options.Cap, "a value that must be looked at is held whole"}
		}
	}
}

// scalarText writes the text of a value of v.
func (d *decoder) scalarText(v *xsd.Value, text []byte) error {
	if v.List != nil {
		d.out = append(d.out, '[')
		n := 0
		for item := range bytes.FieldsSeq(text) {
			if n++; n > 1 {
				d.out = append(d.out, ',')
			}
			if err := d.scalarText(v.List.Value, item); err != nil {
				return err
			}
		}
		d.out = append(d.out, ']')
		return nil
	}
	primitive := common(v)
	if primitive == xsd.String || primitive == xsd.Temporal || primitive == xsd.Base64 || primitive == xsd.Hex {
		d.out = appendJSON(d.out, text)
		return nil
	}
	if primitive == xsd.Decimal && !d.op.service.options.Strings && onlyDigits(text) && len(text) > 0 && text[0] != '0' { // as most are
		d.out = append(d.out, text...)
		return nil
	}
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		d.text(`""`)
		return nil
	case primitive == xsd.Boolean && (string(text) == "true" || string(text) == "1"):
		d.text("true")
		return nil
	case primitive == xsd.Boolean && (string(text) == "false" || string(text) == "0"):
		d.text("false")
		return nil
	case primitive == xsd.QName:
		if n, ok := d.qname(text); ok {
			text = []byte(n.String())
		}
		d.out = appendJSON(d.out, text)
		return nil
	case primitive == xsd.Float && slices.Contains([]string{"INF", "-INF", "+INF", "NaN"}, string(text)):
		d.out = appendJSON(d.out, text)
		return nil
	case primitive == xsd.Decimal && isDecimal(text), primitive == xsd.Float && isFloat(text):
		if d.op.service.options.Strings {
			d.out = appendJSON(d.out, text)
			return nil
		}
		var ok bool
		if d.out, ok = appendNumber(d.out, text); ok {
			return nil
		}
	}
	return &Broken{What: "the value does not fit; the contract says " + describeValue(v)}
}

// common is what all values of v are in JSON: a string for a union of several kinds.
func common(v *xsd.Value) xsd.Primitive {
	if v.Union == nil {
		return v.Primitive
	}
	first := xsd.String
	for i, t := range v.Union {
		p := xsd.String
		if t.Value != nil && t.Value.List == nil {
			p = common(t.Value)
		}
		if i > 0 && p != first {
			return xsd.String
		}
		first = p
	}
	return first
}

// array writes a SOAP-encoded array: its items, whatever their names.
func (d *decoder) array(t *xsd.Type) error {
	item := &xsd.Element{Type: t.Array.Item, Nillable: true}
	return d.list(func() error { return d.value(item) })
}

// only writes the array that stands for a whole type.
func (d *decoder) only(s *shape.Shape) error {
	name := s.Only.Element.Name
	return d.list(func() error {
		if n := d.r.Name(); n.Space != name.Space || string(n.Local) != name.Local {
			return &Broken{What: "the array holds " + d.named() + "; the contract says " + name.String()}
		}
		return inside(d.value(s.Only.Element), name.Local)
	})
}

func (d *decoder) list(item func() error) error {
	d.out = append(d.out, '[')
	for n := 0; ; n++ {
		kind, err := d.child()
		if err != nil {
			return err
		}
		if kind == markup.End {
			d.out = append(d.out, ']')
			return nil
		}
		if n > 0 {
			d.out = append(d.out, ',')
		}
		if err := item(); err != nil {
			return err
		}
		if err := d.room(); err != nil {
			return err
		}
	}
}

// typeName is how @xsi:type names t: in Clark's notation, or short where that is enough.
func (s *Service) typeName(t *xsd.Type) string {
	if len(s.types[t.Name.Local]) == 1 {
		return t.Name.Local
	}
	return t.Name.String()
}
