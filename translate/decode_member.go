package translate

import (
	"slices"

	"twohop/translate/markup"
	"twohop/translate/shape"
)

// members writes the elements up to the end tag as members, and ends the object.
func (d *decoder) members() error {
	for {
		kind, err := d.child()
		if err != nil {
			return err
		}
		if kind == markup.End {
			break
		}
		if err := d.member(); err != nil {
			return err
		}
	}
	d.assemble(d.top())
	f := d.top()
	if f.open != nil {
		d.text("]")
	}
	if len(f.any) > 0 {
		d.comma()
		d.text(`"#any":[`)
		d.out = append(d.out, f.any...)
		d.text("]")
	}
	d.pop()
	d.text("}")
	return nil
}

// member writes the element at hand.
func (d *decoder) member() error {
	f := d.top()
	n := d.r.Name()
	x := f.open
	if x == nil || !named(x, n) {
		x = f.next(n)
	}
	if x == nil {
		return d.stray()
	}
	f.last = x.Index
	if f.apart {
		return d.memberApart(x)
	}
	switch word, bit := &f.seen[x.Index/64], uint64(1)<<(x.Index%64); {
	case x == f.open:
		d.text(",")
	case *word&bit != 0 && x.Array:
		return inside(&TooLarge{d.op.service.options.Cap, "elements of several names are mixed, so that they are held to be put together by name"}, x.Element.Name.Local)
	case *word&bit != 0:
		return &Broken{Path: "/" + x.Element.Name.Local, What: "the element is there more than once; the contract allows one"}
	default:
		*word |= bit
		if f.open != nil {
			d.text("]")
			f.open = nil
		}
		d.comma()
		d.text(x.Quoted)
		if x.Array {
			f.open = x
			d.text("[")
		}
	}
	if err := d.value(x.Element); err != nil {
		return inside(err, x.Element.Name.Local)
	}
	return d.room()
}

func named(x *shape.Field, n markup.Name) bool {
	return x.Element != nil && x.Element.Name.Local == string(n.Local) && x.Element.Name.Space == n.Space
}

// next finds the field of a name: most often the one after the last.
func (f *object) next(n markup.Name) *shape.Field {
	if i := f.last + 1; i < len(f.shape.Fields) && named(f.shape.Fields[i], n) {
		return f.shape.Fields[i]
	}
	return f.shape.At(n.Space, n.Local)
}

// memberApart writes the value at hand as a segment of its own.
func (d *decoder) memberApart(x *shape.Field) error {
	f, start := d.top(), d.pos()
	word, bit := &f.seen[x.Index/64], uint64(1)<<(x.Index%64)
	if *word&bit != 0 && !x.Array {
		return &Broken{Path: "/" + x.Element.Name.Local, What: "the element is there more than once; the contract allows one"}
	}
	*word |= bit
	if err := d.value(x.Element); err != nil {
		return inside(err, x.Element.Name.Local)
	}
	f = d.top()
	f.segs = append(f.segs, segment{orderOf(x), start, d.pos()})
	if int64(len(d.out)) > d.op.service.options.Cap && !slices.ContainsFunc(d.frames[:len(d.frames)-1], func(o object) bool { return o.apart }) {
		if err := d.commit(f); err != nil {
			return err
		}
	}
	return d.room()
}

// assemble puts the segments of an object together: each name once, in the order of the
// contract.
func (d *decoder) assemble(f *object) {
	if !f.apart {
		return
	}
	f.apart = false
	b := d.scratch[:0]
	var order []int
	for _, s := range f.segs {
		if !slices.Contains(order, s.order) {
			order = append(order, s.order)
		}
	}
	slices.Sort(order)
	for _, o := range order {
		x := f.shape.Fields[o/2]
		if f.open != nil {
			b = append(b, ']')
			f.open = nil
		}
		if !f.first {
			b = append(b, ',')
		}
		f.first = false
		b = append(b, x.Quoted...)
		if x.Array {
			b = append(b, '[')
			f.open = x
		}
		n := 0
		for _, s := range f.segs {
			if s.order != o {
				continue
			}
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = append(b, d.out[s.start-d.gone:s.end-d.gone]...)
		}
	}
	d.out = append(d.out[:f.begun-d.gone], b...)
	d.scratch = b
	f.segs = f.segs[:0]
}

// commit gives up holding the object that is open, whose elements come by name so far.
func (d *decoder) commit(f *object) error {
	for i := 1; i < len(f.segs); i++ {
		if f.segs[i].order < f.segs[i-1].order {
			return &TooLarge{d.op.service.options.Cap, "elements of several names are mixed, so that they are held to be put together by name"}
		}
	}
	d.assemble(f)
	return nil
}

// stray keeps an element that the contract does not name for #any.
func (d *decoder) stray() error {
	xml, err := d.r.AppendElement(d.lit[:0])
	if err != nil {
		return err
	}
	d.lit = xml
	f := d.top()
	if len(f.any) > 0 {
		f.any = append(f.any, ',')
	}
	if f.any = appendJSON(f.any, xml); int64(len(f.any)) > d.op.service.options.Cap {
		return &TooLarge{d.op.service.options.Cap, "elements that the contract does not name are held"}
	}
	return nil
}
