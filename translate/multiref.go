package translate

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"twohop/translate/markup"
)

// encodedBody reads an encoded body, whose first child is at hand: references to other
// elements (SOAP 1.1, section 5.4.1) are put in their places, for which the body is held.
func (d *decoder) encodedBody() error {
	var all []*node
	size := int64(0)
	kind := markup.Start
	for kind == markup.Start {
		n, err := d.tree(&size)
		if err != nil {
			return err
		}
		all = append(all, n)
		if kind, err = d.child(); err != nil {
			return err
		}
	}
	root := all[0]
	for _, n := range all {
		if n.root != "0" {
			root = n
			break
		}
	}
	x := &resolver{byID: map[string]*node{}, limit: 16 * d.op.service.options.Cap}
	for _, n := range all {
		x.collect(n)
	}
	if err := x.write(root, root); err != nil {
		return err
	}
	el := d.msg.Body[0]
	inner := &decoder{op: d.op, msg: d.msg, most: x.limit, r: markup.NewReader(bytes.NewReader(x.out), "utf-8", markup.Limits{})}
	if _, err := inner.r.Next(); err != nil {
		return err
	}
	if err := inner.value(el); err != nil {
		return inside(err, el.Name.Local)
	}
	d.out = append(d.out, inner.out...)
	return nil
}

// node is an element of an encoded body.
type node struct {
	space, local   string
	id, href, root string
	attrs          []byte // the others, as they are written
	spaces         int    // that attrs declares
	text           []byte
	children       []*node
}

// tree reads the element at hand.
func (d *decoder) tree(size *int64) (*node, error) {
	n := &node{space: d.r.Name().Space, local: string(d.r.Name().Local)}
	for _, a := range d.r.Attrs() {
		value := string(a.Value)
		switch {
		case a.Space == "" && string(a.Local) == "id":
			n.id = value
		case a.Space == "" && string(a.Local) == "href":
			n.href = value
		case a.Space == encoding && string(a.Local) == "root":
			n.root = value
		default:
			d.keepAttr(n, a)
		}
	}
	if *size += int64(len(n.local) + len(n.attrs) + 64); *size > d.op.service.options.Cap {
		return nil, tooLongEncoded(d.op.service.options.Cap)
	}
	for {
		kind, err := d.r.Next()
		switch {
		case err != nil:
			return nil, err
		case kind == markup.End:
			return n, nil
		case kind == markup.Text:
			if *size += int64(len(d.r.Text())); *size > d.op.service.options.Cap {
				return nil, tooLongEncoded(d.op.service.options.Cap)
			}
			n.text = append(n.text, d.r.Text()...)
			continue
		}
		child, err := d.tree(size)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
	}
}

func tooLongEncoded(most int64) error {
	return &TooLarge{most, "an encoded answer is held whole, to put its references in their places"}
}

// keepAttr writes an attribute so that it needs nothing from around it.
func (d *decoder) keepAttr(n *node, a markup.Attr) {
	declare := func(space string) string {
		n.spaces++
		prefix := "p" + strconv.Itoa(n.spaces)
		n.attrs = append(n.attrs, " xmlns:"+prefix+`="`...)
		n.attrs = append(appendAttr(n.attrs, space), '"')
		return prefix + ":"
	}
	name, value := string(a.Local), string(a.Value)
	if name == "type" || name == "arrayType" {
		if q, ok := d.qname(a.Value); ok && q.Space != "" {
			value = declare(q.Space) + q.Local
		}
	}
	if a.Space != "" {
		name = declare(a.Space) + name
	}
	n.attrs = append(append(append(n.attrs, ' '), name...), '=', '"')
	n.attrs = append(appendAttr(n.attrs, value), '"')
}

// resolver writes a tree with every reference in its place.
type resolver struct {
	byID  map[string]*node
	out   []byte
	limit int64 // bytes of out: references may multiply what was sent
	open  []*node
}

func (x *resolver) collect(n *node) {
	if n.id != "" {
		x.byID[n.id] = n
	}
	for _, c := range n.children {
		x.collect(c)
	}
}

// write writes what n holds under the name of as, which refers to it.
func (x *resolver) write(as, n *node) error {
	if n.href != "" {
		target := x.byID[strings.TrimPrefix(n.href, "#")]
		switch {
		case target == nil || target == n:
			return &Broken{Path: "/" + as.local, What: "the reference " + strconv.Quote(n.href) + " leads nowhere"}
		case slices.Contains(x.open, target):
			return &Broken{Path: "/" + as.local, What: "the references lead in a circle, which JSON cannot show"}
		}
		x.open = append(x.open, target)
		defer func() { x.open = x.open[:len(x.open)-1] }()
		return x.write(as, target)
	}
	x.out = append(append(x.out, "<n:"...), as.local...)
	if as.space == "" {
		x.out = append(x.out[:len(x.out)-len(as.local)-2], as.local...)
	} else {
		x.out = append(appendAttr(append(x.out, ` xmlns:n="`...), as.space), '"')
	}
	x.out = append(append(x.out, n.attrs...), '>')
	if len(n.children) == 0 {
		x.out, _ = appendText(x.out, n.text) // it was read from XML
	}
	for _, c := range n.children {
		if err := x.write(c, c); err != nil {
			return inside(err, as.local)
		}
	}
	if int64(len(x.out)) > x.limit {
		return &TooLarge{x.limit, "the references of an encoded answer are put in their places"}
	}
	x.out = append(x.out, "</"...)
	if as.space != "" {
		x.out = append(x.out, "n:"...)
	}
	x.out = append(append(x.out, as.local...), '>')
	return nil
}
