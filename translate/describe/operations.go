package describe

import (
	"fmt"
	"slices"
	"strings"

	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// offered lists the operations that callers may call as JSON, in the contract's order.
func (in *Input) offered() []*wsdl.Operation {
	var list []*wsdl.Operation
	for _, op := range in.Port.Operations {
		if op.Unusual == "" && (in.Operations == nil || slices.Contains(in.Operations, op.Name)) {
			list = append(list, op)
		}
	}
	return list
}

// operation returns the operation of a name, the first one for "".
func (in *Input) operation(name string) (*wsdl.Operation, error) {
	all := in.offered()
	if len(all) == 0 {
		return nil, fmt.Errorf("route %s: no operation of port %s can be called as JSON", in.Route, in.Port.Name)
	}
	var names []string
	for _, op := range all {
		if op.Name == name || name == "" {
			return op, nil
		}
		names = append(names, op.Name)
	}
	return nil, fmt.Errorf("route %s: no operation %q; it has %s", in.Route, name, strings.Join(names, ", "))
}

// bindings are the REST-shaped ways to call an operation.
func (in *Input) bindings(op *wsdl.Operation) []Binding {
	var list []Binding
	for _, b := range in.Bindings {
		if b.Operation == op.Name {
			list = append(list, b)
		}
	}
	return list
}

// bodyMember is a member of a message's JSON beside those of a body's type: the elements of
// a body with several, and SOAP headers.
type bodyMember struct {
	key      string
	element  *xsd.Element
	required bool
}

// bodyMembers are the elements of a body with several, or with none.
func bodyMembers(msg *wsdl.Message) []bodyMember {
	var list []bodyMember
	for _, e := range msg.Body {
		list = append(list, bodyMember{e.Name.Local, e, true})
	}
	return list
}

// headerMembers are the SOAP headers that a message's JSON holds.
func (m *maker) headerMembers(msg *wsdl.Message) []bodyMember {
	var list []bodyMember
	for _, h := range m.in.Headers {
		if h.JSON == "" {
			continue
		}
		if e, required := m.header(msg, h.Name); e != nil {
			list = append(list, bodyMember{h.JSON, e, required && h.HTTP == ""})
		}
	}
	return list
}

// header finds a SOAP header by the name of its element, or a part of one: CallContext.Company.
func (m *maker) header(msg *wsdl.Message, name string) (e *xsd.Element, required bool) {
	first, rest, _ := strings.Cut(name, ".")
	for _, h := range msg.Headers {
		if h.Element.Name.Local != first {
			continue
		}
		e, required = h.Element, h.Required
		for part := range strings.SplitSeq(rest, ".") {
			if part == "" {
				break
			}
			f := m.shapes.Of(e.Type).Member(part)
			if f == nil || f.Element == nil {
				return nil, false
			}
			e, required = f.Element, required && f.Required
		}
		return e, required
	}
	return nil, false
}

// message is the schema of a message's JSON: that of its one element, or an object with a
// member for each of several.
func (m *maker) message(msg *wsdl.Message) object {
	extra := m.headerMembers(msg)
	if len(msg.Body) == 1 && extra == nil {
		return m.typed(msg.Body[0].Type)
	}
	o := object{{"type", "object"}, {"additionalProperties", false}}
	if len(msg.Body) == 1 {
		o = m.object(m.shapes.Of(msg.Body[0].Type))
	} else {
		extra = append(bodyMembers(msg), extra...)
	}
	props, _ := o.get("properties").(object)
	required, _ := o.get("required").([]string)
	for _, e := range extra {
		props = append(props, member{e.key, m.element(e.element)})
		if e.required {
			required = append(required, e.key)
		}
	}
	if props != nil {
		o = o.with("properties", props)
	}
	if required != nil {
		o = o.with("required", required)
	}
	return o
}

// part is the schema of a member of a message, filter.site for one further in, and whether
// it must be there.
func (m *maker) part(msg *wsdl.Message, path string) (s object, required bool) {
	first, rest, deep := strings.Cut(path, ".")
	if len(msg.Body) != 1 {
		for _, e := range msg.Body {
			if e.Name.Local == first && deep {
				return m.within(e.Type, rest)
			} else if e.Name.Local == first {
				return m.element(e), true
			}
		}
		return object{{"type", "string"}}, false
	}
	return m.within(msg.Body[0].Type, path)
}

func (m *maker) within(t *xsd.Type, path string) (s object, required bool) {
	first, rest, deep := strings.Cut(path, ".")
	of := m.shapes.Of(t)
	f := of.Member(first)
	switch {
	case f == nil || deep && f.Element == nil:
		return object{{"type", "string"}}, false
	case deep:
		s, required = m.within(f.Element.Type, rest)
		return s, required && f.Required
	}
	return m.field(of, f), f.Required
}

// faults are the declared faults of an operation that say what their detail is.
func faults(op *wsdl.Operation) []*xsd.Element {
	var list []*xsd.Element
	for _, f := range op.Faults {
		if f.Element != nil && !slices.ContainsFunc(list, func(e *xsd.Element) bool { return e.Name == f.Element.Name }) {
			list = append(list, f.Element)
		}
	}
	return list
}

// summary is the first sentence of a documentation, in one line.
func summary(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if at := strings.Index(doc, ". "); at > 0 {
		doc = doc[:at]
	}
	if len(doc) > 120 {
		doc = strings.ToValidUTF8(doc[:117], "") + "..."
	}
	return strings.TrimSuffix(doc, ".")
}
