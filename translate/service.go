// Package translate is the codec between JSON and the SOAP messages of a contract. It
// works token by token: what it holds does not grow with a message, except where the
// order of the one form cannot be had from the other without waiting, and then it has a
// bound.
package translate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// DefaultCap is the Options.Cap of a message, in bytes.
const DefaultCap = 1 << 20

// Options say how the operations of a port look to callers.
type Options struct {
	Port     string // "Service/Port" or "Port"; "" for the first one that speaks SOAP
	Strings  bool   // numbers of answers as JSON strings
	Collapse bool   // a type that is nothing but one array becomes the array
	Partial  bool   // requests may lack members that the contract requires
	Ordered  bool   // repeated choices of answers in the document's order, under #content
	Cap      int64  // most bytes of a message that are held; 0 means DefaultCap
}

// Service translates for one port of a contract. It is immutable and safe for concurrent
// use.
type Service struct {
	Port     *wsdl.Port
	Contract *wsdl.Contract
	Shapes   *shape.Shapes

	options    Options
	operations []*Operation
	byName     map[string]*Operation
	known      *prefixes
	types      map[string][]*xsd.Type // by local name
	declared   sync.Map               // declarations of namespaces that a type needs beside the envelope's, by use
	arrays     sync.Map               // types of SOAP-encoded arrays that answers name, by the type of their items
	sides      sync.Map               // what bodies of several parts look like, by *wsdl.Message
}

// Operation is one operation of a Service.
type Operation struct {
	*wsdl.Operation
	service *Service

	once sync.Once
	head []byte // of the envelope, up to its header
}

// New returns the Service of a port. An error names what the contract has instead.
func New(c *wsdl.Contract, o Options) (*Service, error) {
	o.Cap = cmp.Or(o.Cap, DefaultCap)
	port, err := pick(c, o.Port)
	if err != nil {
		return nil, err
	}
	s := &Service{Port: port, Contract: c, Shapes: &shape.Shapes{Collapse: o.Collapse}, options: o, byName: map[string]*Operation{}, known: newPrefixes(c.Schema, port), types: map[string][]*xsd.Type{}}
	for name, t := range c.Schema.Types {
		s.types[name.Local] = append(s.types[name.Local], t)
	}
	for _, op := range port.Operations {
		if op.Unusual != "" || s.byName[op.Name] != nil {
			continue
		}
		x := &Operation{Operation: op, service: s}
		s.operations, s.byName[op.Name] = append(s.operations, x), x
	}
	if len(s.operations) == 0 {
		return nil, fmt.Errorf("port %s has no operation that can be called", port.Name)
	}
	return s, nil
}

func pick(c *wsdl.Contract, name string) (*wsdl.Port, error) {
	var names []string
	for _, service := range c.Services {
		for _, port := range service.Ports {
			if port.Protocol != wsdl.SOAP11 && port.Protocol != wsdl.SOAP12 {
				continue
			}
			full := service.Name + "/" + port.Name
			if name == "" || name == port.Name || name == full {
				return port, nil
			}
			names = append(names, full)
		}
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("the contract has no port that speaks SOAP")
	case len(names) > 20:
		names = append(names[:20], fmt.Sprintf("and %d more", len(names)-20))
	}
	return nil, fmt.Errorf("the contract has no SOAP port %q; it has %s", name, strings.Join(names, ", "))
}

// Operations returns the operations in the order of the contract.
func (s *Service) Operations() []*Operation { return s.operations }

// Operation returns an operation by name, nil for none.
func (s *Service) Operation(name string) *Operation { return s.byName[name] }

// side returns the type of a body of several parts: an object of them by name. It is made
// once, as its shape is.
func (s *Service) side(m *wsdl.Message) *xsd.Type {
	if known, ok := s.sides.Load(m); ok {
		return known.(*xsd.Type)
	}
	t := &xsd.Type{Complex: true, Content: xsd.Elements, Particle: &xsd.Particle{Kind: xsd.Sequence, Min: 1, Max: 1}}
	for _, el := range m.Body {
		t.Particle.Children = append(t.Particle.Children, &xsd.Particle{Kind: xsd.One, Min: 1, Max: 1, Element: el})
	}
	first, _ := s.sides.LoadOrStore(m, t)
	return first.(*xsd.Type)
}

// arrayOf returns the type of a SOAP-encoded array of items.
func (s *Service) arrayOf(item *xsd.Type) *xsd.Type {
	if known, ok := s.arrays.Load(item); ok {
		return known.(*xsd.Type)
	}
	first, _ := s.arrays.LoadOrStore(item, &xsd.Type{Complex: true, Array: &xsd.Array{Item: item}})
	return first.(*xsd.Type)
}

// RequestHeader returns the header fields of a request: SOAPAction quoted as SOAP 1.1
// asks for (section 6.1.1), and for SOAP 1.2, which has it in the type (RFC 3902), "".
func (o *Operation) RequestHeader() (contentType, soapAction string) {
	if o.service.Port.Protocol == wsdl.SOAP11 {
		return "text/xml; charset=utf-8", `"` + o.Action + `"`
	}
	contentType = "application/soap+xml; charset=utf-8"
	if o.Action != "" {
		contentType += `; action="` + o.Action + `"`
	}
	return contentType, ""
}

// prefixes are the namespace prefixes that requests use.
type prefixes struct{ of map[string]string }

func newPrefixes(s *xsd.Schema, port *wsdl.Port) *prefixes {
	seen := map[string]bool{}
	for _, op := range port.Operations { // an rpc wrapper and a header part have namespaces of their own
		for _, m := range []*wsdl.Message{op.Input, op.Output} {
			if m == nil {
				continue
			}
			for _, e := range m.Body {
				seen[e.Name.Space] = true
			}
			for _, h := range m.Headers {
				if h.Element != nil {
					seen[h.Element.Name.Space] = true
				}
			}
		}
	}
	for name := range s.Elements {
		seen[name.Space] = true
	}
	for name := range s.Types {
		seen[name.Space] = true
	}
	for name := range s.Attributes {
		seen[name.Space] = true
	}
	p := &prefixes{map[string]string{"": "", xsd.Namespace: "xsd", xsd.Instance: "xsi", xmlSpace: "xml", encoding: "soapenc"}}
	var list []string
	for space := range seen {
		if _, fixed := p.of[space]; !fixed {
			list = append(list, space)
		}
	}
	slices.Sort(list)
	for i, space := range list {
		p.of[space] = "n" + strconv.Itoa(i)
	}
	return p
}
