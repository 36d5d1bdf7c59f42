package wsdl

import (
	"strings"

	"twohop/translate/document"
)

// addressing are the namespaces in which an Action stands at an input or output.
var addressing = []string{"http://www.w3.org/2007/05/addressing/metadata", "http://www.w3.org/2006/05/addressing/wsdl",
	"http://schemas.xmlsoap.org/ws/2004/08/addressing"}

// action returns the WS-Addressing action of a message: the one given, else the
// SOAPAction of an input, else the default pattern (Web Services Addressing 1.0
// Metadata, section 4.4).
func (b *binding) action(o *Operation, n *document.Node, direction string, oneWay bool) string {
	for _, space := range addressing {
		if a := n.AttrIn(space, "Action"); a != "" {
			return a
		}
	}
	if direction == "input" && o.Action != "" {
		return o.Action
	}
	name := n.Attr("name")
	if name == "" {
		name = o.Name
		switch {
		case direction == "output":
			name += "Response"
		case !oneWay: // WSDL 1.1, section 2.4.5
			name += "Request"
		}
	}
	sep, target := "/", b.portType.name.Space
	if strings.HasPrefix(target, "urn:") {
		sep = ":"
	}
	return strings.TrimSuffix(target, sep) + sep + b.portType.name.Local + sep + name
}
