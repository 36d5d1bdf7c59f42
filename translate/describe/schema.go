package describe

import (
	"cmp"
	"slices"
	"strings"

	"twohop/translate/shape"
	"twohop/translate/xsd"
)

// maker makes the schemas of the types that a description reaches.
type maker struct {
	in     *Input
	names  *naming
	shapes *shape.Shapes
	made   map[string]object // components by name
	nils   bool              // every element may be nil: SOAP's encoding (SOAP 1.1, section 5.1, rule 9)
	queue  []func()          // components that something refers to and that are not made yet
}

func newMaker(given *Input) *maker {
	in := new(*given)
	in.Headers = slices.Clone(in.Headers)
	m := &maker{in: in, names: nameTypes(in.Contract), shapes: &shape.Shapes{Collapse: in.Collapse}, made: map[string]object{}}
	slices.SortFunc(in.Headers, func(a, b Header) int { return cmp.Compare(a.Name, b.Name) })
	for _, op := range in.offered() {
		m.nils = m.nils || op.Input.Encoded || op.Output != nil && op.Output.Encoded
	}
	return m
}

const schemas = "#/components/schemas/"

// component returns a reference to a schema, which is made before finish returns.
func (m *maker) component(name string, schema func() object) object {
	if _, known := m.made[name]; !known {
		m.made[name] = nil
		m.queue = append(m.queue, func() { m.made[name] = schema() })
	}
	return object{{"$ref", schemas + name}}
}

// finish makes what is referred to, and returns all components by name.
func (m *maker) finish() object {
	for len(m.queue) > 0 {
		next := m.queue[0]
		m.queue = m.queue[1:]
		next()
	}
	var all object
	for name, s := range m.made {
		all = append(all, member{name, s})
	}
	slices.SortFunc(all, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	return all
}

// value is the schema of text of a type: a built-in type's own, a reference for one with a name.
func (m *maker) value(t *xsd.Type) object {
	if t.Name == (xsd.Name{}) || t.Name.Space == xsd.Namespace {
		return m.scalar(t.Value)
	}
	return m.component(m.names.of(t), func() object { return m.scalar(t.Value).note(t.Doc) })
}

// typed is the schema of an element or attribute of type t: what is derived from it, too.
func (m *maker) typed(t *xsd.Type) object {
	family := m.family(t)
	switch {
	case t.Any():
		return m.component(anyName, anyType)
	case t.Array != nil:
		return m.component(m.names.of(t), func() object {
			item := &xsd.Element{Type: t.Array.Item, Nillable: true}
			return object{{"type", "array"}, {"items", m.element(item)}}.note(t.Doc)
		})
	case m.shapes.Of(t).Only != nil:
		return m.component(m.names.of(t), func() object { return m.field(m.shapes.Of(t), m.shapes.Of(t).Only) })
	case len(family) > 0 && (t.Abstract || len(family) > 1):
		return m.component(m.names.any(t), func() object { return m.choiceOf(t, family) })
	}
	return m.exact(t)
}

// exact is the schema of t itself.
func (m *maker) exact(t *xsd.Type) object {
	s := m.shapes.Of(t)
	if s.Scalar {
		return m.value(t)
	}
	return m.component(m.names.of(t), func() object { return m.object(s) })
}

// anyName is the component for anyType.
const anyName = "anyType"

func anyType() object {
	return object{{"description", "Any content: a text; or an object of the type that @xsi:type names; or an object with attributes (@name), #text, and XML elements as texts in #any"}}
}

// family lists t and what is derived from it, without abstract and anonymous types.
func (m *maker) family(t *xsd.Type) []*xsd.Type {
	if !t.Complex || t.Any() {
		return nil
	}
	var all []*xsd.Type
	seen := map[*xsd.Type]bool{}
	var walk func(*xsd.Type)
	walk = func(t *xsd.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		if !t.Abstract && t.Name.Local != "" || len(seen) == 1 && !t.Abstract {
			all = append(all, t)
		}
		for _, d := range t.Derived {
			walk(d)
		}
	}
	walk(t)
	slices.SortStableFunc(all[min(1, len(all)):], func(a, b *xsd.Type) int { return cmp.Compare(m.names.of(a), m.names.of(b)) })
	return all
}

// choiceOf is the schema of a type that others are derived from: @xsi:type tells which.
func (m *maker) choiceOf(t *xsd.Type, family []*xsd.Type) object {
	var list []any
	var mapping object
	for _, d := range family {
		ref := m.exact(d)
		if d == t || m.shapes.Of(d).Scalar {
			list = append(list, ref)
			continue
		}
		list = append(list, append(slices.Clone(ref), member{"required", []string{shape.Type}}))
		for _, name := range m.typeNames(d) {
			mapping = append(mapping, member{name, ref[0].value})
		}
	}
	s := object{{"description", t.Name.Local + " or a type derived from it, which " + shape.Type + " names"}, {"oneOf", list}}
	if mapping != nil {
		s = append(s, member{"discriminator", object{{"propertyName", shape.Type}, {"mapping", mapping}}})
	}
	return s
}

// typeNames are the values of @xsi:type for t.
func (m *maker) typeNames(t *xsd.Type) []string {
	if t.Name.Space == "" {
		return []string{t.Name.Local}
	}
	if m.names.alone(t) {
		return []string{t.Name.Local, t.Name.String()}
	}
	return []string{t.Name.String()}
}

// derived reports whether @xsi:type may stand in an object of type t.
func derived(t *xsd.Type) bool {
	return t.Name.Local != "" && (len(t.Derived) > 0 || t.Base != nil && t.Base.Complex && !t.Base.Any())
}

// object is the schema of a complex type's object.
func (m *maker) object(s *shape.Shape) object {
	o := object{{"type", "object"}}.note(s.Type.Doc)
	var props object
	if derived(s.Type) {
		props = append(props, member{shape.Type, object{{"enum", m.typeNames(s.Type)}}})
	}
	var required []string
	for _, f := range s.Fields {
		props = append(props, member{f.Key, m.field(s, f)})
		if must(f) {
			required = append(required, f.Key)
		}
	}
	if s.Text {
		props, required = append(props, member{shape.Text, m.scalar(s.Type.Value)}), append(required, shape.Text)
	}
	if s.Any {
		props = append(props, member{shape.Any, object{{"type", "array"}, {"items", object{{"type", "string"}}}, {"description", "XML elements that the schema does not name, each as a text"}}})
	}
	mixed := s.Type.Content == xsd.Mixed
	ordered := mixed || !s.Plain
	if mixed {
		props = append(props, member{shape.Text, object{{"type", "string"}, {"description", "Text before all elements; answers have it in " + shape.Content}}})
	}
	if ordered {
		props = append(props, member{shape.Content, m.content(s)})
	}
	if len(props) > 0 {
		o = append(o, member{"properties", props})
	}
	if s.Open() {
		o = append(o, member{"patternProperties", object{{"^@", true}}})
	}
	o = append(o, member{"additionalProperties", false})
	return rules(o, s, required, ordered)
}

// must reports whether a member has to be there. A fixed value is filled in.
func must(f *shape.Field) bool {
	return f.Required && (f.Element == nil || f.Element.Fixed == nil || f.Element.Type.Content != xsd.Simple)
}

// content is the schema of #content: elements and text in the order of the document.
func (m *maker) content(s *shape.Shape) object {
	var props object
	for _, f := range s.Fields {
		if f.Element != nil {
			props = append(props, member{f.Key, m.element(f.Element)})
		}
	}
	var items []any
	if s.Any {
		props = append(props, member{shape.Any, object{{"type", "string"}}})
	}
	items = append(items, object{{"type", "object"}, {"properties", props}, {"minProperties", 1}, {"maxProperties", 1}, {"additionalProperties", false}})
	if s.Type.Content == xsd.Mixed {
		items = append(items, object{{"type", "string"}})
	}
	return object{{"type", "array"}, {"items", object{{"oneOf", items}}}, {"description", "The elements in their order, one member each, instead of the members by name"}}
}

// field is the schema of a member.
func (m *maker) field(s *shape.Shape, f *shape.Field) object {
	if f.Attr != nil {
		return annotate(m.value(f.Attr.Type), f.Attr.Doc, f.Attr.Fixed, f.Attr.Default, f.Attr.Type)
	}
	item := m.element(f.Element)
	if !f.Array {
		return annotate(item, f.Element.Doc, f.Element.Fixed, f.Element.Default, f.Element.Type)
	}
	array := object{{"type", "array"}, {"items", item}}
	if lo, hi, exact := occurs(s.Type.Particle, f.Element.Name); exact {
		if lo > 0 {
			array = append(array, member{"minItems", lo})
		}
		if hi != xsd.Unbounded {
			array = append(array, member{"maxItems", hi})
		}
	}
	return array.note(f.Element.Doc)
}

// annotate adds what a declaration says of the value.
func annotate(s object, doc string, fixed, preset *string, t *xsd.Type) object {
	s = slices.Clone(s).note(strings.TrimSpace(doc))
	switch {
	case fixed != nil && t.Value != nil && t.Value.Primitive == xsd.String && t.Value.List == nil && t.Value.Union == nil:
		s = append(s, member{"const", *fixed})
	case fixed != nil:
		s = s.note("always " + *fixed)
	case preset != nil:
		s = s.note("when absent or empty the service takes " + *preset)
	}
	return s
}

// element is the schema of one occurrence of an element.
func (m *maker) element(e *xsd.Element) object {
	s := m.typed(e.Type)
	if !e.Nillable && !m.nils || e.Type.Any() {
		return s
	}
	alternatives := []any{s, object{{"type", "null"}}}
	if nilled := m.shapes.Of(e.Type); !nilled.Scalar && (len(e.Type.Attributes) > 0 || nilled.Open()) {
		alternatives = append(alternatives, m.nilled(nilled))
	}
	if kind := s.get("type"); kind != nil && len(alternatives) == 2 && s.get("enum") == nil {
		return slices.Clone(s).with("type", append(kinds(kind), "null"))
	}
	return object{{"anyOf", alternatives}}
}

// nilled is the schema of a nil element with attributes.
func (m *maker) nilled(s *shape.Shape) object {
	props := object{{shape.Nil, object{{"const", true}}}}
	for _, f := range s.Fields {
		if f.Attr != nil {
			props = append(props, member{f.Key, m.field(s, f)})
		}
	}
	o := object{{"type", "object"}, {"properties", props}, {"required", []string{shape.Nil}}}
	if s.Open() {
		o = append(o, member{"patternProperties", object{{"^@", true}}})
	}
	return append(o, member{"additionalProperties", false})
}

func kinds(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	return slices.Clone(v.([]string))
}
