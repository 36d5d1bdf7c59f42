package translate

import (
	"io"
	"maps"
	"slices"

	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// Namespaces of envelopes: SOAP 1.1 (W3C Note, 2000) and 1.2 (W3C Recommendation, 2007).
const (
	ns11     = "http://schemas.xmlsoap.org/soap/envelope/"
	ns12     = "http://www.w3.org/2003/05/soap-envelope"
	encoding = "http://schemas.xmlsoap.org/soap/encoding/"
	xmlSpace = "http://www.w3.org/XML/1998/namespace"

	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
)

// HeaderValue is a header block of a request.
type HeaderValue struct {
	Part string // of the contract's soap:header
	JSON []byte
}

// Request translates the JSON of body, the content of the operation's element, into an
// envelope. An empty body stands for {}. Errors: *Invalid, *TooLarge, those of body.
func (o *Operation) Request(body io.Reader, headers []HeaderValue) *Stream {
	return newStream(o.service.options.Cap, func(yield func([]byte) bool) error {
		e := newEncoder(o, o.Input, yield)
		defer e.free()
		return e.envelope(body, headers)
	})
}

func (e *encoder) envelope(body io.Reader, headers []HeaderValue) error {
	e.out = append(e.out, e.op.opening()...)
	if len(headers) > 0 {
		e.text("<soap:Header>")
		for _, h := range headers {
			if err := e.header(h); err != nil {
				return err
			}
		}
		e.text("</soap:Header>")
	}
	e.text("<soap:Body>")
	if err := e.body(body); err != nil {
		return err
	}
	e.text("</soap:Body></soap:Envelope>")
	return e.flush()
}

// opening is the envelope up to its first child, with the namespaces that the message may use.
func (o *Operation) opening() []byte {
	o.once.Do(func() {
		soap := ns11
		if o.service.Port.Protocol == wsdl.SOAP12 {
			soap = ns12
		}
		b := append(o.head, `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="`+soap+`" xmlns:xsi="`+xsd.Instance+`" xmlns:xsd="`+xsd.Namespace+`"`...)
		for _, space := range o.spaces() {
			if prefix := o.service.known.of[space]; prefix != "" && prefix != "xsi" && prefix != "xsd" && prefix != "xml" {
				b = append(b, ` xmlns:`+prefix+`="`...)
				b = append(appendAttr(b, space), '"')
			}
		}
		o.head = append(b, '>')
	})
	return o.head
}

// spaces are the namespaces that a request of the operation may use.
func (o *Operation) spaces() []string {
	w := &spaces{found: map[string]bool{}, seen: map[*xsd.Type]bool{}}
	if o.Input.Encoded {
		w.found[encoding] = true
	}
	if o.RPC && len(o.Input.Body) == 1 {
		w.found[o.Input.Body[0].Name.Space] = true
	}
	for _, e := range o.Input.Body {
		w.element(e)
	}
	for _, h := range o.Input.Headers {
		w.element(h.Element)
	}
	var list []string
	for space := range w.found {
		list = append(list, space)
	}
	slices.Sort(list)
	return list
}

// missing appends declarations of the namespaces that a value of type t needs and the
// envelope of o does not declare: any type of the contract may stand where xs:anyType does.
func (s *Service) missing(o *Operation, t *xsd.Type, b []byte) []byte {
	if t.Name.Space == xsd.Namespace {
		return b
	}
	key := use{o, t}
	known, ok := s.declared.Load(key)
	if !ok {
		w := &spaces{found: map[string]bool{t.Name.Space: true}, seen: map[*xsd.Type]bool{}}
		w.typ(t)
		var add []byte
		for _, space := range slices.Sorted(maps.Keys(w.found)) {
			if prefix := s.known.of[space]; prefix != "" && !o.declares(space) {
				add = append(appendAttr(append(add, " xmlns:"+prefix+`="`...), space), '"')
			}
		}
		known, _ = s.declared.LoadOrStore(key, add)
	}
	return append(b, known.([]byte)...)
}

// use is a type in the place of another in a request.
type use struct {
	operation *Operation
	typ       *xsd.Type
}

type spaces struct {
	found map[string]bool
	seen  map[*xsd.Type]bool
}

func (w *spaces) element(e *xsd.Element) {
	if e == nil {
		return
	}
	w.found[e.Name.Space] = true
	w.typ(e.Type)
	for _, s := range e.Substitutes {
		w.found[s.Name.Space] = true
		w.typ(s.Type)
	}
}

func (w *spaces) typ(t *xsd.Type) {
	if t == nil || w.seen[t] || t.Name.Space == xsd.Namespace {
		return // every type derives from anyType
	}
	w.seen[t] = true
	if t.Base != nil || len(t.Derived) > 0 || t.Array != nil {
		w.found[t.Name.Space] = true // for xsi:type
	}
	for _, use := range t.Attributes {
		w.found[use.Name.Space] = true
	}
	for _, d := range t.Derived {
		w.typ(d)
	}
	if t.Array != nil {
		w.typ(t.Array.Item)
	}
	w.particle(t.Particle)
}

func (w *spaces) particle(p *xsd.Particle) {
	if p == nil {
		return
	}
	w.element(p.Element)
	for _, c := range p.Children {
		w.particle(c)
	}
}
