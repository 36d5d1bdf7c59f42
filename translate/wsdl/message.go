package wsdl

import (
	"slices"
	"strings"

	"twohop/translate/document"
	"twohop/translate/xsd"
)

// bound is a message as its binding describes it.
type bound struct {
	body        *document.Node
	headers     []*document.Node
	attachments []string // parts
	multipart   bool
}

// read takes in the children of a binding's input or output, or of a mime:part in it.
func (x *bound) read(n *document.Node, soap string) {
	for _, c := range n.Children {
		switch {
		case soap != "" && c.Is(soap, "body"):
			x.body = c
		case soap != "" && c.Is(soap, "header"):
			x.headers = append(x.headers, c)
		case c.Is(mime, "multipartRelated"):
			x.multipart = true
			x.read(c, soap)
		case c.Is(mime, "part"):
			x.read(c, soap)
		case c.Is(mime, "content") && x.multipart:
			if part := c.Attr("part"); part != "" && !slices.Contains(x.attachments, part) {
				x.attachments = append(x.attachments, part)
			}
		}
	}
}

// message puts the input or output of an operation together: n is the operation in the
// binding, abstract that in the portType.
func (b *binding) message(o *Operation, n, abstract *document.Node, direction string) *Message {
	m := &Message{}
	given := abstract.Child(space, direction)
	m.Action = b.action(o, given, direction, abstract.Child(space, "output") == nil)
	of := b.find(messages, b.portType, given, given.Attr("message"))
	if of == nil {
		return m
	}
	m.Name = of.name
	x := &bound{}
	if bound := n.Child(space, direction); bound != nil {
		x.read(bound, b.soap)
	}
	m.Multipart, m.Attachments = x.multipart, x.attachments
	for _, h := range x.headers {
		if header := b.header(h, of); header != nil {
			m.Headers = append(m.Headers, header)
		}
	}
	if x.body != nil {
		m.Encoded, m.Namespace = x.body.Attr("use") == "encoded", x.body.Attr("namespace")
	} else if b.soap != "" {
		b.warn(n, "%s of operation %s has no soap:body", direction, o.Name)
	}
	parts := b.parts(of, x)
	if o.RPC {
		name := o.Name
		if direction == "output" {
			name += "Response"
		}
		m.Body = []*xsd.Element{b.wrapper(xsd.Name{Space: m.Namespace, Local: name}, parts, of, m.Encoded)}
		return m
	}
	for _, p := range parts {
		m.Body = append(m.Body, b.part(p, of, ""))
	}
	if len(parts) > 1 && b.soap != "" {
		b.warn(n, "%s of operation %s has %d parts in its body; WS-I allows one", direction, o.Name, len(parts))
	}
	return m
}

// parts returns those that are in the body.
func (b *binding) parts(of *item, x *bound) []*document.Node {
	var named []string
	all := true
	if x.body != nil && x.body.Given("parts") != nil {
		all, named = false, strings.Fields(x.body.Attr("parts"))
	}
	var out []*document.Node
	for _, p := range of.node.Children {
		if !p.Is(space, "part") {
			continue
		}
		name := p.Attr("name")
		elsewhere := slices.Contains(x.attachments, name) || slices.ContainsFunc(x.headers, func(h *document.Node) bool {
			found, _ := h.Resolve(h.Attr("message"))
			return xsd.Name(found) == of.name && h.Attr("part") == name
		})
		if all && !elsewhere || slices.Contains(named, name) {
			named = slices.DeleteFunc(named, func(n string) bool { return n == name })
			out = append(out, p)
		}
	}
	for _, name := range named {
		b.warn(x.body, "soap:body names the part %s, which message %s does not have", name, of.name.Local)
	}
	return out
}

// part returns the element of a part: the one that it names, or one of its own name, in
// a namespace, with the type that it names.
func (b *binding) part(p *document.Node, of *item, namespace string) *xsd.Element {
	e := &xsd.Element{Name: xsd.Name{Space: namespace, Local: p.Attr("name")}, Doc: document.Doc(p)}
	if qname := p.Attr("element"); qname != "" {
		return b.element(p, of, qname)
	}
	qname := p.Attr("type")
	name, ok := p.Resolve(qname)
	switch {
	case qname == "":
		of.warn(b.loader, p, "part %s has neither an element nor a type; anyType is taken", e.Name.Local)
	case ok:
		e.Type = b.schema.Type(xsd.Name(name))
	}
	if e.Type == nil {
		if qname != "" {
			of.warn(b.loader, p, "type %v is not declared; anyType is taken instead", xsd.Name(name))
		}
		e.Type = b.schema.Type(xsd.Name{Space: xsd.Namespace, Local: "anyType"})
	}
	return e
}

// element returns a global element, of another namespace with a warning, or else one of
// anyType.
func (b *binding) element(n *document.Node, of *item, qname string) *xsd.Element {
	found, _ := n.Resolve(qname)
	name := xsd.Name(found)
	if e := b.schema.Element(name); e != nil {
		return e
	}
	for _, space := range []string{of.name.Space, ""} {
		if e := b.schema.Element(xsd.Name{Space: space, Local: name.Local}); e != nil {
			of.warn(b.loader, n, "element %v is not declared; %v is taken instead", name, e.Name)
			return e
		}
	}
	of.warn(b.loader, n, "element %v is not declared; anyType is taken instead", name)
	return &xsd.Element{Name: name, Global: true, Type: b.schema.Type(xsd.Name{Space: xsd.Namespace, Local: "anyType"})}
}

// wrapper makes the element that stands for an operation in the body of an rpc message:
// its parts are unqualified elements in it (WSDL 1.1, section 3.5).
func (b *binding) wrapper(name xsd.Name, parts []*document.Node, of *item, encoded bool) *xsd.Element {
	t := &xsd.Type{Complex: true, Content: xsd.Empty, Base: b.schema.Type(xsd.Name{Space: xsd.Namespace, Local: "anyType"})}
	var children []*xsd.Particle
	for _, p := range parts {
		if p.Attr("element") != "" {
			of.warn(b.loader, p, "part %s of an rpc message names an element, not a type", p.Attr("name"))
		}
		e := b.part(p, of, "")
		if encoded && !e.Global {
			e.Nillable = true // SOAP 1.1, section 5.1: any accessor may be nil
		}
		children = append(children, &xsd.Particle{Kind: xsd.One, Min: 1, Max: 1, Element: e})
	}
	if len(children) > 0 {
		t.Content, t.Particle = xsd.Elements, &xsd.Particle{Kind: xsd.Sequence, Min: 1, Max: 1, Children: children}
	}
	return &xsd.Element{Name: name, Type: t}
}

func (b *binding) header(n *document.Node, own *item) *Header {
	h := &Header{Part: n.Attr("part"), Encoded: n.Attr("use") == "encoded"}
	for _, a := range n.Attrs {
		h.Required = h.Required || a.Name == document.Name{Space: space, Local: "required"} && (a.Value == "true" || a.Value == "1")
	}
	of := own
	if qname := n.Attr("message"); qname != "" {
		of = b.find(messages, b.item, n, qname)
	}
	if of == nil {
		return nil
	}
	for _, p := range of.node.Children {
		if p.Is(space, "part") && (p.Attr("name") == h.Part || h.Part == "") {
			h.Part = p.Attr("name")
			h.Element = b.part(p, of, n.Attr("namespace"))
			return h
		}
	}
	b.warn(n, "soap:header names the part %s, which message %s does not have; left out", h.Part, of.name.Local)
	return nil
}

func (b *binding) fault(n, f *document.Node) *Fault {
	out := &Fault{Name: f.Attr("name")}
	of := b.find(messages, b.portType, f, f.Attr("message"))
	if of == nil {
		return out
	}
	namespace := ""
	for _, c := range n.Children {
		if c.Is(space, "fault") && c.Attr("name") == out.Name && b.soap != "" {
			if s := c.Child(b.soap, "fault"); s != nil {
				namespace = s.Attr("namespace")
			}
		}
	}
	for _, p := range of.node.Children {
		if p.Is(space, "part") {
			out.Element = b.part(p, of, namespace)
			return out
		}
	}
	return out
}
