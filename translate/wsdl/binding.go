package wsdl

import (
	"slices"
	"strings"

	"twohop/translate/document"
	"twohop/translate/xsd"
)

// binding is what is the same for all operations of a binding.
type binding struct {
	*loader
	*item
	protocol Protocol
	soap     string // namespace of its SOAP extensions, "" for HTTP
	rpc      bool
	portType *item
}

// port returns a port of a binding, nil for one of which no protocol is known.
func (l *loader) port(from, at *item) *Port {
	l.used[at] = true
	b := &binding{loader: l, item: at}
	if !b.speaks() {
		at.warn(l, at.node, "binding %s is neither SOAP nor HTTP; left out", at.name.Local)
		return nil
	}
	p := &Port{Binding: at.name, Protocol: b.protocol}
	if b.portType = l.find(portTypes, at, at.node, at.node.Attr("type")); b.portType == nil {
		return p
	}
	taken := map[*document.Node]bool{}
	for _, n := range at.node.Children {
		if !n.Is(space, "operation") {
			continue
		}
		abstract := b.abstract(n, taken)
		if abstract == nil {
			at.warn(l, n, "operation %s is not in portType %s; left out", n.Attr("name"), b.portType.name.Local)
			continue
		}
		taken[abstract] = true
		for _, other := range p.Operations {
			if other.Name == n.Attr("name") {
				at.warn(l, n, "operation %s is overloaded; only one of them can be called by its name", other.Name)
				break
			}
		}
		p.Operations = append(p.Operations, b.operation(n, abstract))
	}
	return p
}

func (b *binding) speaks() bool {
	for _, n := range b.node.Children {
		if n.Name.Local != "binding" {
			continue
		}
		switch n.Name.Space {
		case soap11, soap12:
			b.soap, b.rpc = n.Name.Space, b.isRPC(n, false)
			if n.Name.Space == soap12 {
				b.protocol = SOAP12
			}
			if t := n.Attr("transport"); t != "" && !strings.Contains(strings.ToLower(t), "http") {
				b.warn(n, "transport %s is not HTTP", t)
			}
			return true
		case httpBinding:
			b.protocol = HTTPGet
			if strings.EqualFold(n.Attr("verb"), "POST") {
				b.protocol = HTTPPost
			}
			return true
		}
	}
	return false
}

// isRPC reads the style of a binding or operation.
func (b *binding) isRPC(n *document.Node, otherwise bool) bool {
	switch style := n.Attr("style"); style {
	case "":
		return otherwise
	case "rpc":
		return true
	case "document":
	default:
		b.warn(n, "style %s is neither document nor rpc; taken as document", style)
	}
	return false
}

// abstract returns the operation of the portType that n binds: of the same name, and
// where there are several (WSDL 1.1, section 2.5) with the same names of input and output.
func (b *binding) abstract(n *document.Node, taken map[*document.Node]bool) *document.Node {
	var first *document.Node
	for _, o := range b.portType.node.Children {
		if !o.Is(space, "operation") || o.Attr("name") != n.Attr("name") || taken[o] {
			continue
		}
		if sameName(n, o, "input") && sameName(n, o, "output") {
			return o
		}
		if first == nil {
			first = o
		}
	}
	return first
}

func sameName(a, b *document.Node, local string) bool {
	name := func(n *document.Node) string {
		if c := n.Child(space, local); c != nil {
			return c.Attr("name")
		}
		return ""
	}
	return name(a) == name(b)
}

func (b *binding) operation(n, abstract *document.Node) *Operation {
	o := &Operation{Name: n.Attr("name"), Doc: document.Doc(abstract), RPC: b.rpc}
	if s := n.Child(b.soap, "operation"); s != nil && b.soap != "" {
		o.Action = s.Attr("soapAction")
		o.RPC = b.isRPC(s, b.rpc)
	}
	in, out := abstract.Child(space, "input"), abstract.Child(space, "output")
	switch {
	case b.soap == "":
		o.Unusual = "its binding is HTTP without SOAP"
	case in == nil:
		o.Unusual = "it is a notification: the service calls"
	case out != nil && before(abstract, out, in):
		o.Unusual = "it is a solicit-response: the service calls"
	}
	if in != nil {
		o.Input = b.message(o, n, abstract, "input")
	}
	if out != nil {
		o.Output = b.message(o, n, abstract, "output")
	}
	if o.Unusual == "" {
		o.Unusual = unspeakable(o)
	}
	for _, f := range abstract.Children {
		if f.Is(space, "fault") {
			o.Faults = append(o.Faults, b.fault(n, f))
		}
	}
	return o
}

// unspeakable says what of an operation no request can hold, "" for nothing.
func unspeakable(o *Operation) string {
	if !document.IsName(o.Name) {
		return "its name is no name in XML"
	}
	if strings.ContainsFunc(o.Action, func(c rune) bool { return c < ' ' || c == '"' || c == 0x7f }) {
		return "its action holds what no header field can"
	}
	for _, m := range []*Message{o.Input, o.Output} {
		if m != nil && slices.ContainsFunc(m.Body, func(e *xsd.Element) bool { return badPart(e, o.RPC) }) {
			return "a part of its messages has no name in XML"
		}
	}
	return ""
}

// badPart reports whether a part, or one in the wrapper of an rpc message, has no name.
func badPart(e *xsd.Element, wrapper bool) bool {
	if !wrapper || e.Type == nil || e.Type.Particle == nil {
		return !document.IsName(e.Name.Local)
	}
	return slices.ContainsFunc(e.Type.Particle.Children, func(p *xsd.Particle) bool { return p.Element != nil && !document.IsName(p.Element.Name.Local) })
}

func before(n, a, b *document.Node) bool {
	for _, c := range n.Children {
		if c == a || c == b {
			return c == a
		}
	}
	return false
}

func (b *binding) warn(n *document.Node, format string, args ...any) {
	b.item.warn(b.loader, n, format, args...)
}
