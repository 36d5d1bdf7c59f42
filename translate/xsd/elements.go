package xsd

import (
	"fmt"
	"strings"

	"twohop/translate/document"
)

// globalElement returns the element of a declaration.
func (r *Reader) globalElement(d *decl) *Element {
	if d.element == nil {
		d.element = &Element{Name: d.name, Global: true, Abstract: truth(d.node.Attr("abstract"))}
		r.describe(d.element, d.node, within{d.in, d})
	}
	return d.element
}

func (r *Reader) describe(e *Element, n *document.Node, w within) {
	e.Nillable, e.Fixed, e.Default, e.Doc = truth(n.Attr("nillable")), n.Given("fixed"), n.Given("default"), doc(n)
	if inside := r.anonymous(n, w); inside != nil {
		e.Type = inside
		return
	}
	if qname := n.Attr("type"); qname != "" {
		e.Type = r.ref(n, qname, w)
		return
	}
	e.Type = r.anyType()
	if head := n.Attr("substitutionGroup"); head != "" {
		e.Type = r.headType(n, w)
	}
}

// headType is the type of the nearest head that has one (XML Schema Part 1, section 3.3.2).
func (r *Reader) headType(n *document.Node, w within) *Type {
	for seen := map[*decl]bool{}; ; {
		head := n.Attr("substitutionGroup")
		if head == "" {
			return r.anyType()
		}
		d := r.find(elements, n, r.name(n, head, w), w)
		if d == nil || seen[d] {
			return r.anyType()
		}
		seen[d], n, w = true, d.node, within{d.in, d}
		if n.Attr("type") != "" || n.Child(Namespace, "complexType") != nil || n.Child(Namespace, "simpleType") != nil {
			return r.globalElement(d).Type
		}
	}
}

func (r *Reader) localElement(n *document.Node, w within) *Element {
	if ref := n.Attr("ref"); ref != "" {
		name := r.name(n, ref, w)
		if d := r.find(elements, n, name, w); d != nil {
			return r.globalElement(d)
		}
		// A .NET DataSet carries its schema: <xs:element ref="xs:schema"/>.
		if name != (Name{Namespace, "schema"}) {
			w.line(r, n, "element %v is not declared; anyType is taken instead", name)
		}
		return &Element{Name: name, Type: r.anyType(), Global: true}
	}
	e := &Element{Name: Name{Local: n.Attr("name")}}
	if e.Name.Local == "" {
		w.line(r, n, "an element has neither a name nor a ref")
	} else if !document.IsName(e.Name.Local) {
		r.fail(w.in, n, fmt.Sprintf("the element %q has a name that no message can hold", e.Name.Local))
	}
	if form := n.Attr("form"); form == "qualified" || form == "" && w.in.elements {
		e.Name.Space = w.in.target
	}
	r.describe(e, n, w)
	return e
}

// substitutes fills Element.Substitutes (XML Schema Part 1, section 3.3.6).
func (r *Reader) substitutes() {
	members := map[*decl][]*decl{} // of a head, direct ones
	for _, d := range r.order {
		if d.kind != elements {
			continue
		}
		if qname := d.node.Attr("substitutionGroup"); qname != "" {
			w := within{d.in, d}
			head := r.find(elements, d.node, r.name(d.node, qname, w), w)
			if head == nil {
				w.line(r, d.node, "the head %s of a substitution group is not declared", qname)
				continue
			}
			members[head] = append(members[head], d)
		}
	}
	for head := range members {
		if block := head.node.Attr("block"); strings.Contains(block, "substitution") || block == "#all" {
			continue
		}
		seen := map[*decl]bool{head: true}
		r.reach(head.element, head, members, seen)
	}
}

func (r *Reader) reach(head *Element, at *decl, members map[*decl][]*decl, seen map[*decl]bool) {
	for _, d := range members[at] {
		if seen[d] {
			continue
		}
		seen[d] = true
		if !d.element.Abstract {
			head.Substitutes = append(head.Substitutes, d.element)
		}
		r.reach(head, d, members, seen)
	}
}
