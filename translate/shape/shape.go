// Package shape says how the types of a schema look as JSON: the names of the members,
// which of them are arrays, and which are there always. The codec, the OpenAPI document
// and the samples read the same shapes, so that they cannot differ.
package shape

import (
	"sync"

	"twohop/translate/xsd"
)

// Names of members that stand for no element and no attribute.
const (
	Text    = "#text"     // text of a simple content that has attributes
	Any     = "#any"      // array of XML texts, for elements that the schema does not name
	Content = "#content"  // array of {"name": value} and texts in the document's order
	Type    = "@xsi:type" // {namespace}Name of a derived type, or Name where that is enough
	Nil     = "@xsi:nil"  // true for a nil element that has attributes
)

// Shape is the JSON form of one type. It is immutable and safe for concurrent use.
type Shape struct {
	Type   *xsd.Type
	Scalar bool     // a string, number or boolean (an array for a list) instead of an object
	Fields []*Field // attributes first, then elements in the order of the schema
	Text   bool     // has Text
	Any    bool     // has Any
	AnyAt  int      // how many of Fields come before the elements of Any
	Choice bool     // some fields exclude each other
	Plain  bool     // the order of Fields is that of every document
	Only   *Field   // the array that stands for the whole (Shapes.Collapse); nil for an object
	Free   bool     // elements may stand in any order: one repeated choice

	byKey  map[string]*Field
	byName map[xsd.Name]*Field
	attrs  map[xsd.Name]*Field
}

// Field is a member of a Shape's object.
type Field struct {
	Key      string // as in JSON: name, @name, or with {namespace} where local names collide
	Quoted   string // Key as JSON, with the colon
	Index    int    // in Fields
	Attr     *xsd.AttributeUse
	Element  *xsd.Element // exactly one of Attr and Element is set
	Array    bool         // from maxOccurs, never from the count seen
	Required bool         // whatever else is there
}

// Type returns the type of the value.
func (f *Field) Type() *xsd.Type {
	if f.Attr != nil {
		return f.Attr.Type
	}
	return f.Element.Type
}

// Fixed reports whether the contract has the value, so that it need not be given.
func (f *Field) Fixed() bool {
	return f.Attr != nil && f.Attr.Fixed != nil || f.Element != nil && f.Element.Fixed != nil && f.Element.Type.Content == xsd.Simple
}

// Shapes makes the Shape of each type once. The zero Shapes is ready and safe for
// concurrent use.
type Shapes struct {
	Collapse bool // a type that holds nothing but one array looks like the array
	known    sync.Map
}

// Of returns the shape of t.
func (s *Shapes) Of(t *xsd.Type) *Shape {
	if known, ok := s.known.Load(t); ok {
		return known.(*Shape)
	}
	made := build(t)
	if s.Collapse && len(made.Fields) == 1 && made.Fields[0].Array && !made.Any && t.AnyAttr == nil && t.Content == xsd.Elements && len(t.Derived) == 0 {
		made.Only = made.Fields[0]
	}
	first, _ := s.known.LoadOrStore(t, made)
	return first.(*Shape)
}

// Member returns the field of a JSON name, nil for none. Clark's notation is taken too.
func (s *Shape) Member(key string) *Field { return s.byKey[key] }

// Element returns the field of an element, nil for none.
func (s *Shape) Element(name xsd.Name) *Field { return s.byName[name] }

// At returns the field of an element, nil for none; it keeps nothing of local.
func (s *Shape) At(space string, local []byte) *Field {
	return s.byName[xsd.Name{Space: space, Local: string(local)}]
}

// AttributeAt returns the field of an attribute, nil for none; it keeps nothing of local.
func (s *Shape) AttributeAt(space string, local []byte) *Field {
	return s.attrs[xsd.Name{Space: space, Local: string(local)}]
}

// Open reports whether the type takes attributes that its schema does not name.
func (s *Shape) Open() bool { return s.Type.AnyAttr != nil }
