package translate

import (
	"bytes"

	"twohop/translate/markup"
	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// object is a JSON object that is being written.
type object struct {
	shape *shape.Shape
	open  *shape.Field // the array that is open, nil for none
	any   []byte       // what goes under #any
	seen  []uint64     // fields, by index
	apart bool         // values are segments, put together at the end: their order may be mixed
	begun int64        // where the first of them starts
	segs  []segment
	first bool // no member yet
	last  int  // index of the field of the last element
}

func (d *decoder) push(s *shape.Shape) {
	n := len(d.frames)
	if n < cap(d.frames) {
		d.frames = d.frames[:n+1]
	} else {
		d.frames = append(d.frames, object{})
	}
	f := &d.frames[n]
	*f = object{shape: s, any: f.any[:0], segs: f.segs[:0], seen: f.seen[:0], first: true, last: len(s.Type.Attributes) - 1}
	for range (len(s.Fields) + 63) / 64 {
		f.seen = append(f.seen, 0)
	}
}

func (d *decoder) top() *object { return &d.frames[len(d.frames)-1] }

func (d *decoder) pop() { d.frames = d.frames[:len(d.frames)-1] }

// comma separates members.
func (d *decoder) comma() {
	if f := d.top(); f.first {
		f.first = false
	} else {
		d.out = append(d.out, ',')
	}
}

// value writes the element whose start tag is at hand, and reads to its end tag.
func (d *decoder) value(el *xsd.Element) error {
	t, typed, null, plain := el.Type, false, false, true
	for _, a := range d.r.Attrs() {
		switch {
		case a.Space == xsd.Instance && string(a.Local) == "nil":
			null = string(a.Value) == "true" || string(a.Value) == "1"
		case a.Space == xsd.Instance && string(a.Local) == "type":
			if x := d.typeOf(a.Value, t); x != nil && x != t && !d.same(x, t) {
				t, typed = x, true
			}
		case a.Space == encoding && string(a.Local) == "arrayType" && (t.Array == nil || t.Array.Item.Any()):
			t = d.arrayOf(a.Value, t)
		case a.Space == xsd.Instance:
		case !d.dropped(a):
			plain = false
		}
	}
	if !t.Complex && !typed && !null && t.Content == xsd.Simple {
		return d.scalar(t.Value)
	}
	s := d.shape(t)
	switch {
	case null && plain:
		d.text("null")
		return d.nothing()
	case null:
	case t.Array != nil:
		return d.array(t)
	case s.Only != nil:
		return d.only(s)
	case s.Scalar && !typed:
		return d.scalar(t.Value)
	case t.Any() && plain:
		return d.anything()
	}
	d.push(s)
	d.text("{")
	if typed {
		d.comma()
		d.text(`"@xsi:type":`)
		d.out = appendJSON(d.out, []byte(d.op.service.typeName(t)))
	}
	if null {
		d.comma()
		d.text(`"@xsi:nil":true`)
	}
	if err := d.attributes(); err != nil {
		return err
	}
	return d.content(t, s, null)
}

// content writes the rest of an object, after its attributes.
func (d *decoder) content(t *xsd.Type, s *shape.Shape, null bool) error {
	switch {
	case null:
		if err := d.nothing(); err != nil {
			return err
		}
		d.pop()
		d.text("}")
		return nil
	case t.Any():
		return d.anyContent(nil)
	case t.Content == xsd.Simple:
		d.comma()
		d.text(`"#text":`)
		if err := d.scalar(t.Value); err != nil {
			return err
		}
		d.pop()
		d.text("}")
		return nil
	case t.Content == xsd.Mixed || !s.Plain && d.op.service.options.Ordered:
		return d.ordered(t.Content == xsd.Mixed)
	}
	f := d.top()
	f.apart, f.begun = !s.Plain, d.pos()
	return d.members()
}

// nothing reads to the end tag of an element that has no content.
func (d *decoder) nothing() error {
	kind, err := d.child()
	if err == nil && kind != markup.End {
		err = &Broken{What: "an element that is nil has the child " + d.named()}
	}
	return err
}

// typeOf returns the type that xsi:type names, nil for one that the contract does not know.
func (d *decoder) typeOf(text []byte, base *xsd.Type) *xsd.Type {
	n, ok := d.qname(text)
	if !ok {
		return nil
	}
	t := d.op.service.Contract.Schema.Types[n]
	if t == nil || !derives(t, base) && !(t.Content == xsd.Simple && base.Content == xsd.Simple) {
		return nil
	}
	return t
}

// same reports whether telling the type would tell nothing: an encoded message names
// the type of each value.
func (d *decoder) same(t, declared *xsd.Type) bool {
	return d.msg != nil && d.msg.Encoded && t.Content == xsd.Simple && declared.Content == xsd.Simple || t.Content == xsd.Simple && declared.Content == xsd.Simple && !derives(t, declared)
}

// arrayOf returns an array of what soapenc:arrayType names, where the contract says less.
func (d *decoder) arrayOf(text []byte, declared *xsd.Type) *xsd.Type {
	text, _, _ = bytes.Cut(text, []byte("["))
	n, _ := d.qname(text)
	if item := d.op.service.Contract.Schema.Types[n]; item != nil {
		return d.op.service.arrayOf(item)
	}
	return declared
}

// qname resolves a name by the declarations in scope.
func (d *decoder) qname(text []byte) (xsd.Name, bool) {
	text = bytes.TrimSpace(text)
	prefix, local, ok := bytes.Cut(text, []byte(":"))
	if !ok {
		prefix, local = nil, text
	}
	space, bound := d.r.Lookup(prefix)
	return xsd.Name{Space: space, Local: string(local)}, bound || len(prefix) == 0
}

// dropped reports whether an attribute belongs to the encoding, not to the data.
func (d *decoder) dropped(a markup.Attr) bool {
	return a.Space == encoding || a.Space == ns11 || a.Space == ns12 ||
		d.msg != nil && d.msg.Encoded && a.Space == "" && (string(a.Local) == "id" || string(a.Local) == "href")
}

func (d *decoder) attributes() error {
	for _, a := range d.r.Attrs() {
		if a.Space == xsd.Instance || d.dropped(a) {
			continue
		}
		d.comma()
		x := d.top().shape.AttributeAt(a.Space, a.Local)
		if x == nil {
			name := xsd.Name{Space: a.Space, Local: string(a.Local)}
			d.out = appendJSON(d.out, []byte("@"+name.String()))
			d.text(":")
			d.out = appendJSON(d.out, a.Value)
			continue
		}
		d.text(x.Quoted)
		if err := d.scalarText(x.Attr.Type.Value, a.Value); err != nil {
			return inside(err, x.Key)
		}
	}
	return nil
}
