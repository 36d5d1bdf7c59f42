package xsd

import (
	"strings"

	"twohop/translate/document"
)

const (
	wsdlNamespace = "http://schemas.xmlsoap.org/wsdl/"
	soapEncoding  = "http://schemas.xmlsoap.org/soap/encoding/"
)

func (r *Reader) anyType() *Type   { return r.schema.Types[Name{Namespace, "anyType"}] }
func (r *Reader) anySimple() *Type { return r.schema.Types[Name{Namespace, "anySimpleType"}] }

// typeOf returns the type of a declaration. It is read later: types refer to each other.
func (r *Reader) typeOf(d *decl) *Type {
	if d.typ == nil {
		d.typ = &Type{Name: d.name}
		r.pending = append(r.pending, d)
	}
	return d.typ
}

// complete reads a type that another one is made from. It is false for a type that is made
// from itself.
func (r *Reader) complete(d *decl) bool {
	t := r.typeOf(d)
	switch {
	case d.state == read:
		return true
	case d.state == reading:
		return false
	case r.building >= maxDerived:
		r.fail(d.in, d.node, "types derive from each other more than 500 deep")
		return false
	}
	d.state = reading
	r.building++
	w := within{d.in, d}
	t.Doc = doc(d.node)
	if d.node.Name.Local == "simpleType" {
		r.simpleType(t, d.node, w)
	} else {
		r.complexType(t, d.node, w)
	}
	r.building--
	d.state = read
	return true
}

func doc(n *document.Node) string {
	if a := n.Child(Namespace, "annotation"); a != nil {
		if d := a.Child(Namespace, "documentation"); d != nil {
			return d.Text
		}
	}
	return ""
}

// ref returns the type that a QName names: anyType, with a warning, for none.
func (r *Reader) ref(n *document.Node, qname string, w within) *Type {
	t, _ := r.refTo(n, qname, w)
	return t
}

func (r *Reader) refTo(n *document.Node, qname string, w within) (*Type, *decl) {
	name := r.name(n, qname, w)
	if name.Space == Namespace {
		if t := r.schema.Types[name]; t != nil {
			return t, nil
		}
	}
	if d := r.find(types, n, name, w); d != nil {
		return r.typeOf(d), d
	}
	w.line(r, n, "type %v is not declared; anyType is taken instead", name)
	return r.anyType(), nil
}

// base returns the type that n derives from, read already.
func (r *Reader) base(n *document.Node, qname string, w within) *Type {
	t, d := r.refTo(n, qname, w)
	if d != nil && !r.complete(d) {
		w.line(r, n, "type %v derives from itself; anyType is taken instead", d.name)
		return r.anyType()
	}
	return t
}

// anonymous returns the type inside an element or attribute, nil for none.
func (r *Reader) anonymous(n *document.Node, w within) *Type {
	for _, c := range n.Children {
		if c.Is(Namespace, "simpleType") || c.Is(Namespace, "complexType") {
			return r.typeOf(&decl{kind: types, node: c, in: w.in})
		}
	}
	return nil
}

func truth(s string) bool { return s == "true" || s == "1" }

func (r *Reader) complexType(t *Type, n *document.Node, w within) {
	t.Complex, t.Abstract, t.Base = true, truth(n.Attr("abstract")), r.anyType()
	mixed := truth(n.Attr("mixed"))
	for _, c := range n.Children {
		if c.Name.Space != Namespace || c.Name.Local != "simpleContent" && c.Name.Local != "complexContent" {
			continue
		}
		simple := c.Name.Local == "simpleContent"
		for _, d := range c.Children {
			switch {
			case d.Name.Space != Namespace || d.Name.Local != "extension" && d.Name.Local != "restriction":
			case simple:
				r.simpleContent(t, d, w)
				return
			default:
				if m := c.Attr("mixed"); m != "" {
					mixed = truth(m)
				}
				r.complexContent(t, d, mixed, w)
				return
			}
		}
	}
	t.Particle = r.content(n, w)
	t.Attributes, t.AnyAttr = r.attributes(n, w)
	t.Attributes = settle(t.Attributes)
	t.Content = contentOf(t.Particle, mixed)
}

func contentOf(p *Particle, mixed bool) Content {
	switch {
	case mixed:
		return Mixed
	case p == nil:
		return Empty
	}
	return Elements
}

func (r *Reader) complexContent(t *Type, n *document.Node, mixed bool, w within) {
	base := r.base(n, n.Attr("base"), w)
	own := r.content(n, w)
	uses, wild := r.attributes(n, w)
	t.Base, t.Array = base, base.Array
	if n.Name.Local == "restriction" {
		t.Particle, t.AnyAttr = own, wild
		t.Attributes = settle(merge(base.Attributes, uses))
		if base.Array != nil {
			r.array(t, n, w)
		}
		t.Content = contentOf(t.Particle, mixed)
		return
	}
	t.Derivation = Extension
	t.Attributes, t.AnyAttr = settle(merge(base.Attributes, uses)), union(base.AnyAttr, wild)
	t.Particle = own
	if base.Particle != nil {
		t.Particle = base.Particle
		if own != nil {
			t.Particle = &Particle{Kind: Sequence, Min: 1, Max: 1, Children: []*Particle{base.Particle, own}}
		}
	}
	if base.Content == Simple {
		w.line(r, n, "complexContent extends %v, which has simple content; taken as simpleContent", base.Name)
		t.Content, t.Value, t.Particle = Simple, base.Value, nil
		return
	}
	// By section 3.4.2 an extension is mixed as its base is.
	t.Content = contentOf(t.Particle, mixed || base.Content == Mixed && base.Particle != nil)
}

// array reads what a SOAP-encoded array holds: from wsdl:arrayType (WSDL 1.1, section
// 2.2), else from its only element.
func (r *Reader) array(t *Type, n *document.Node, w within) {
	t.Array = &Array{Item: t.Base.Array.Item, Dims: "[]"}
	if qname, dims := arrayType(n); qname != "" {
		t.Array = r.arrayOf(r.ref(n, qname, w), dims, n, w)
	} else if e := only(t.Particle); e != nil {
		t.Array.Item = e.Type
	}
	if only(t.Particle) == nil {
		t.Particle = items(t.Array.Item)
	}
}

// arrayOf takes T[][] as an array of T[]: dims are the innermost first.
func (r *Reader) arrayOf(item *Type, dims string, n *document.Node, w within) *Array {
	for {
		first, rest, more := strings.Cut(dims, "]")
		if !more || rest == "" {
			break
		}
		of := &Array{Item: item, Dims: first + "]"}
		item = &Type{Name: Name{item.Name.Space, item.Name.Local + of.Dims}, Complex: true, Base: r.anyType(), Content: Elements,
			Array: of, Particle: items(item)}
		dims = rest
	}
	if strings.Contains(dims, ",") {
		w.line(r, n, "an array of several dimensions is taken as one of one dimension")
	}
	return &Array{Item: item, Dims: dims}
}

// items is the content of an array that does not say how its items are called.
func items(t *Type) *Particle {
	item := &Element{Name: Name{Local: "item"}, Type: t, Nillable: true}
	return &Particle{Kind: Sequence, Min: 1, Max: 1, Children: []*Particle{{Kind: One, Max: Unbounded, Element: item}}}
}

func arrayType(n *document.Node) (qname, dims string) {
	for _, a := range n.Children {
		if !a.Is(Namespace, "attribute") {
			continue
		}
		if value := a.AttrIn(wsdlNamespace, "arrayType"); value != "" {
			if at := strings.IndexByte(value, '['); at >= 0 {
				return strings.TrimSpace(value[:at]), value[at:]
			}
			return value, "[]"
		}
	}
	return "", ""
}

// only returns the element of a particle that has one element and nothing else.
func only(p *Particle) *Element {
	for p != nil && p.Kind != One && len(p.Children) == 1 {
		p = p.Children[0]
	}
	if p == nil || p.Kind != One {
		return nil
	}
	return p.Element
}
