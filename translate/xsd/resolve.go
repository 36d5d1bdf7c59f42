package xsd

import (
	"fmt"

	"twohop/translate/document"
)

// Bounds that no schema made by people or tools comes near.
const (
	maxDerived = 500     // types, each the base of the next
	maxContent = 200_000 // particles of a type, with those of the groups in it
)

// Schema resolves everything that was added, and returns it. The Schema grows by what
// Element and Type find in the catalog afterwards.
func (r *Reader) Schema() (*Schema, error) {
	for _, a := range r.awaited {
		if r.spaces[a.space] || r.fromCatalog(a.space) || a.space == "" || a.space == Namespace || a.space == wsdlNamespace {
			continue
		}
		if a.err != nil {
			return nil, r.missing(a.in, a.node, a.node.Attr("schemaLocation"), a.err)
		}
		r.warn(a.in.file, a.node.Line, fmt.Sprintf("import of the namespace %s has no schemaLocation, and no other schema has the namespace", a.space))
	}
	for i := 0; i < len(r.order); i++ { // the catalog may add to it
		r.build(r.order[i])
	}
	r.drain()
	r.substitutes()
	r.derived()
	r.unions()
	r.bound()
	return &r.schema, r.failed
}

func (r *Reader) build(d *decl) {
	switch d.kind {
	case elements:
		e := r.globalElement(d)
		if r.schema.Elements[d.name] == nil {
			r.schema.Elements[d.name] = e
		}
	case attributes:
		r.schema.Attributes[d.name] = r.globalAttribute(d)
	case types:
		if r.tables[types][d.name] == d {
			r.schema.Types[d.name] = r.typeOf(d)
		}
	}
}

// drain reads the types that something refers to.
func (r *Reader) drain() {
	for len(r.pending) > 0 {
		d := r.pending[0]
		r.pending = r.pending[1:]
		r.complete(d)
	}
}

// derived fills Type.Derived in the order of the declarations.
func (r *Reader) derived() {
	for _, d := range r.order {
		if d.kind != types || d.typ == nil || d.typ.Base == nil || d.typ.Base.Any() {
			continue
		}
		d.typ.Base.Derived = append(d.typ.Base.Derived, d.typ)
	}
}

// bound refuses models that would take forever to walk: groups within groups double
// with each step.
func (r *Reader) bound() {
	for _, d := range r.order {
		if d.typ != nil && r.size(d.typ.Particle) > maxContent {
			r.fail(d.in, d.node, fmt.Sprintf("the content of %v has more than %d particles", d.name, maxContent))
		}
	}
}

func (r *Reader) size(p *Particle) int {
	if p == nil {
		return 0
	}
	if n, ok := r.sizes[p]; ok {
		return n
	}
	n := 1
	for _, c := range p.Children {
		n = min(n+r.size(c), maxContent+1)
	}
	r.sizes[p] = n
	return n
}

func (r *Reader) fail(in *source, n *document.Node, what string) {
	if r.failed == nil {
		r.failed = fmt.Errorf("%s:%d: %s", in.file, n.Line, what)
	}
}

// within is where a reference stands: in which document, and in which declaration, whose
// own name means the old one in a redefine.
type within struct {
	in   *source
	self *decl
}

func (w within) line(r *Reader, n *document.Node, format string, args ...any) {
	r.warn(w.in.file, n.Line, fmt.Sprintf(format, args...))
}

// name resolves a QName.
func (r *Reader) name(n *document.Node, qname string, w within) Name {
	found, ok := n.Resolve(qname)
	name := Name(found)
	if !ok {
		w.line(r, n, "the prefix of %s is not declared; taken as the namespace of the schema", qname)
		name.Space = w.in.target
	} else if name.Space == "" && w.in.chameleon {
		name.Space = w.in.target
	}
	return name
}

// find returns the declaration that n refers to, nil when there is none.
func (r *Reader) find(k kind, n *document.Node, name Name, w within) *decl {
	if w.self != nil && w.self.old != nil && w.self.kind == k && w.self.name == name {
		return w.self.old
	}
	d := r.lookup(k, name)
	if d != nil {
		r.visible(n, d, w)
		return d
	}
	for _, space := range []string{w.in.target, ""} {
		if d := r.tables[k][Name{space, name.Local}]; d != nil && space != name.Space {
			w.line(r, n, "%s %v is not declared; %v is taken instead", k, name, d.name)
			return d
		}
	}
	return nil
}

func (r *Reader) lookup(k kind, name Name) *decl {
	d := r.tables[k][name]
	if d == nil && !r.catalog[name.Space] && r.fromCatalog(name.Space) {
		d = r.tables[k][name]
	}
	return d
}

// visible warns of a namespace that is used without an import (XML Schema Part 1,
// section 4.2.3), which stricter readers refuse.
func (r *Reader) visible(n *document.Node, d *decl, w within) {
	space := d.name.Space
	if w.in.imports[space] || w.in.complainedFor[space] || r.catalog[space] {
		return
	}
	w.in.complainedFor[space] = true
	w.line(r, n, "the namespace %s is used, but not imported", space)
}

// Element returns a global element, nil for none.
func (r *Reader) Element(name Name) *Element {
	if d := r.lookup(elements, name); d != nil && r.schema.Elements[name] == nil {
		r.late(d.in)
	}
	return r.schema.Elements[name]
}

// Type returns a named type, nil for none.
func (r *Reader) Type(name Name) *Type {
	if d := r.lookup(types, name); d != nil && r.schema.Types[name] == nil {
		r.late(d.in)
	}
	return r.schema.Types[name]
}

// late takes in what the catalog has added after Schema.
func (r *Reader) late(in *source) {
	for _, d := range r.order {
		if d.in == in {
			r.build(d)
		}
	}
	r.drain()
}
