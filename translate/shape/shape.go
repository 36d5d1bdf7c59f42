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
	Plain  bool     // every element has one place in the order of Fields, at most once as a group

	byKey  map[string]*Field
	byName map[xsd.Name]*Field
	attrs  map[xsd.Name]*Field
}

// Field is a member of a Shape's object.
type Field struct {
	Key      string // as in JSON: name, @name, or with {namespace} where local names collide
	Index    int    // in Fields
	Attr     *xsd.AttributeUse
	Element  *xsd.Element // exactly one of Attr and Element is set
	Array    bool         // from maxOccurs, never from the count seen
	Required bool         // whatever else is there
}

// Shapes makes the Shape of each type once. The zero Shapes is ready and safe for
// concurrent use.
type Shapes struct{ known sync.Map }

// Of returns the shape of t.
func (s *Shapes) Of(t *xsd.Type) *Shape {
	if known, ok := s.known.Load(t); ok {
		return known.(*Shape)
	}
	made, _ := s.known.LoadOrStore(t, build(t))
	return made.(*Shape)
}

// Member returns the field of a JSON name, nil for none. Clark's notation is taken too.
func (s *Shape) Member(key string) *Field { return s.byKey[key] }

// Element returns the field of an element, nil for none.
func (s *Shape) Element(name xsd.Name) *Field { return s.byName[name] }

// Attribute returns the field of an attribute, nil for none.
func (s *Shape) Attribute(name xsd.Name) *Field { return s.attrs[name] }

// Open reports whether the type takes attributes that its schema does not name.
func (s *Shape) Open() bool { return s.Type.AnyAttr != nil }
