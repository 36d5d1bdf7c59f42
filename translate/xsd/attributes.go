package xsd

import (
	"slices"

	"twohop/translate/document"
)

// globalAttribute returns the attribute of a declaration.
func (r *Reader) globalAttribute(d *decl) *Attribute {
	if d.attribute == nil {
		d.attribute = &Attribute{Name: d.name, Doc: doc(d.node)}
		d.attribute.Type = r.attributeType(d.node, within{d.in, d})
		d.fixed, d.preset = d.node.Given("fixed"), d.node.Given("default")
	}
	return d.attribute
}

func (r *Reader) attributeType(n *document.Node, w within) *Type {
	if inside := n.Child(Namespace, "simpleType"); inside != nil {
		return r.typeOf(&decl{kind: types, node: inside, in: w.in})
	}
	qname := n.Attr("type")
	if qname == "" {
		return r.anySimple()
	}
	t, d := r.refTo(n, qname, w)
	switch {
	case d != nil && d.node.Name.Local == "complexType":
		w.line(r, n, "%v is no simple type; any text is taken", t.Name)
		return r.anySimple()
	case t.Any():
		return r.anySimple()
	}
	return t
}

// attributes reads the attributes of a type or of an attribute group. A prohibited one
// has no Attribute.Type.
func (r *Reader) attributes(n *document.Node, w within) (uses []*AttributeUse, wild *Wildcard) {
	var inherited *Wildcard
	for _, c := range n.Children {
		if c.Name.Space != Namespace {
			continue
		}
		switch c.Name.Local {
		case "attribute":
			if use := r.use(c, w); use != nil {
				uses = append(uses, use)
			}
		case "attributeGroup":
			more, its := r.attributeGroup(c, w)
			uses = append(uses, more...)
			if inherited == nil {
				inherited = its
			}
		case "anyAttribute":
			wild = wildcard(c, w)
		}
	}
	if wild == nil {
		wild = inherited
	}
	return merge(nil, uses), wild
}

func (r *Reader) use(n *document.Node, w within) *AttributeUse {
	use := &AttributeUse{Required: n.Attr("use") == "required", Fixed: n.Given("fixed"), Default: n.Given("default")}
	prohibited := n.Attr("use") == "prohibited"
	if ref := n.Attr("ref"); ref != "" {
		name := r.name(n, ref, w)
		d := r.find(attributes, n, name, w)
		switch {
		case prohibited:
			use.Attribute = &Attribute{Name: name}
		case d == nil:
			if n.AttrIn(wsdlNamespace, "arrayType") == "" {
				w.line(r, n, "attribute %v is not declared; any text is taken", name)
			}
			use.Attribute = &Attribute{Name: name, Type: r.anySimple()}
		default:
			use.Attribute = r.globalAttribute(d)
			if use.Fixed == nil && use.Default == nil {
				use.Fixed, use.Default = d.fixed, d.preset
			}
		}
		return use
	}
	name := Name{Local: n.Attr("name")}
	if name.Local == "" {
		w.line(r, n, "an attribute has neither a name nor a ref; left out")
		return nil
	}
	if !document.IsName(name.Local) {
		w.line(r, n, "attribute %q is no name; left out", name.Local)
		return nil
	}
	if form := n.Attr("form"); form == "qualified" || form == "" && w.in.attributes {
		name.Space = w.in.target
	}
	use.Attribute = &Attribute{Name: name, Doc: doc(n)}
	if !prohibited {
		use.Type = r.attributeType(n, w)
	}
	return use
}

func (r *Reader) attributeGroup(n *document.Node, w within) ([]*AttributeUse, *Wildcard) {
	d := r.find(attributeGroups, n, r.name(n, n.Attr("ref"), w), w)
	if d == nil {
		w.line(r, n, "attributeGroup %s is not declared; left out", n.Attr("ref"))
		return nil, nil
	}
	switch d.state {
	case reading:
		w.line(r, n, "attributeGroup %v contains itself; left out", d.name)
		return nil, nil
	case unread:
		if r.building >= maxDerived {
			r.fail(d.in, d.node, "attribute groups contain each other more than 500 deep")
			return nil, nil
		}
		d.state = reading
		r.building++
		d.uses, d.any = r.attributes(d.node, within{d.in, d})
		r.building--
		d.state = read
	}
	return d.uses, d.any
}

// merge returns the uses of a and b; one of b replaces one of a of the same name.
func merge(a, b []*AttributeUse) []*AttributeUse {
	if len(b) == 0 {
		return a
	}
	out := make([]*AttributeUse, 0, len(a)+len(b))
	at := make(map[Name]int, len(a)+len(b))
	for _, uses := range [][]*AttributeUse{a, b} {
		for _, use := range uses {
			if i, known := at[use.Name]; known {
				out[i] = use
				continue
			}
			at[use.Name] = len(out)
			out = append(out, use)
		}
	}
	return out
}

// settle leaves out the prohibited attributes, once they have had their effect.
func settle(uses []*AttributeUse) []*AttributeUse {
	if !slices.ContainsFunc(uses, prohibited) {
		return uses
	}
	return slices.DeleteFunc(slices.Clone(uses), prohibited)
}

func prohibited(u *AttributeUse) bool { return u.Type == nil }
