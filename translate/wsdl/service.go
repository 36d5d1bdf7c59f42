package wsdl

import (
	"slices"

	"twohop/translate/document"
)

// services lists the services, and the bindings of which no service speaks.
func (l *loader) services() {
	l.used = map[*item]bool{}
	for _, i := range l.order {
		if i.kind == services {
			l.contract.Services = append(l.contract.Services, l.service(i))
		}
	}
	rest := &Service{}
	for _, i := range l.order {
		if i.kind != bindings || l.used[i] {
			continue
		}
		if p := l.port(i, i); p != nil {
			p.Name = i.name.Local
			rest.Ports = append(rest.Ports, p)
			i.warn(l, i.node, "no service has a port with the binding %s; it is listed without an address", i.name.Local)
		}
	}
	if len(rest.Ports) > 0 {
		l.contract.Services = append(l.contract.Services, rest)
	}
}

func (l *loader) service(i *item) *Service {
	s := &Service{Name: i.name.Local, Doc: document.Doc(i.node)}
	for _, n := range i.node.Children {
		if !n.Is(space, "port") {
			continue
		}
		b := l.find(bindings, i, n, n.Attr("binding"))
		if b == nil {
			continue
		}
		p := l.port(i, b)
		if p == nil {
			continue
		}
		p.Name = n.Attr("name")
		for _, c := range n.Children {
			if c.Name.Local == "address" && slices.Contains([]string{soap11, soap12, httpBinding}, c.Name.Space) {
				p.Address = c.Attr("location")
			}
		}
		s.Ports = append(s.Ports, p)
	}
	return s
}
