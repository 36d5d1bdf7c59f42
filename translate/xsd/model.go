// Package xsd holds XML Schema 1.0 documents as one compact model: what an element may
// contain, with every reference resolved. It is read once, when a contract is loaded, and
// is immutable and safe for concurrent use afterwards.
package xsd

// Namespaces that schemas refer to.
const (
	Namespace = "http://www.w3.org/2001/XMLSchema"
	Instance  = "http://www.w3.org/2001/XMLSchema-instance"
)

// Name is an expanded name (Namespaces in XML 1.0). An empty Space is no namespace.
type Name struct{ Space, Local string }

// String is Clark's notation: {space}local, or local alone.
func (n Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// Schema is everything that a set of documents declares, by name.
type Schema struct {
	Elements   map[Name]*Element
	Attributes map[Name]*Attribute
	Types      map[Name]*Type // named types, the built-in ones among them
}

// Element is the declaration of an element, global or local.
type Element struct {
	Name        Name // as it stands in a message: Space is empty for an unqualified local element
	Type        *Type
	Nillable    bool
	Abstract    bool
	Global      bool
	Fixed       *string
	Default     *string
	Substitutes []*Element // what may stand in its place, itself not among them; abstract ones neither
	Doc         string
}

// Attribute is the declaration of an attribute.
type Attribute struct {
	Name Name
	Type *Type
	Doc  string
}

// AttributeUse is an attribute of a type.
type AttributeUse struct {
	*Attribute
	Required bool
	Fixed    *string
	Default  *string
}

// Content says what stands between an element's tags.
type Content uint8

// The kinds of content (XML Schema Part 1, section 3.4.2).
const (
	Simple   Content = iota // text of the type Value
	Empty                   // nothing
	Elements                // elements, white space between them
	Mixed                   // elements and text
)

// Derivation says how a type comes from its base.
type Derivation uint8

// The ways to derive a type.
const (
	Restriction Derivation = iota
	Extension
)

// Type is a simple or a complex type. What it inherits is part of it: Particle and
// Attributes are those of the base too.
type Type struct {
	Name       Name // zero for an anonymous type
	Complex    bool
	Abstract   bool
	Base       *Type // nil for anyType
	Derivation Derivation
	Derived    []*Type // named types whose base this is, directly; none for anyType, from which all derive
	Content    Content
	Value      *Value    // Content Simple: what the text is
	Particle   *Particle // Content Elements or Mixed; nil for none
	Attributes []*AttributeUse
	AnyAttr    *Wildcard // nil when only Attributes may be there
	Array      *Array    // a SOAP-encoded array (SOAP 1.1, section 5.4.2); nil for others
	Doc        string
}

// Any reports whether t is anyType: any attributes, elements and text.
func (t *Type) Any() bool { return t.Name == Name{Namespace, "anyType"} }

// Array says what a SOAP-encoded array holds. The Item of an array of arrays is an array,
// whose Name is written as in wsdl:arrayType: string[].
type Array struct {
	Item *Type
	Dims string // as in wsdl:arrayType after the item's name: [], or [,] for two dimensions
}

// Unbounded is the Max of a particle without a bound.
const Unbounded = -1

// Kind tells particles apart.
type Kind uint8

// The kinds of particles.
const (
	One      Kind = iota // an element
	Sequence             // Children in order
	Choice               // one of Children
	All                  // Children in any order
	Any                  // an element that Wildcard allows
)

// Particle is a part of a content model. Named groups are resolved: a reference is a
// particle of its own, with the group's children.
type Particle struct {
	Kind     Kind
	Min, Max int
	Element  *Element
	Wildcard *Wildcard
	Children []*Particle
}

// Wildcard is xsd:any or xsd:anyAttribute.
type Wildcard struct {
	Namespaces []string // as allowed: ##any and ##other as written, with Target; else URIs, "" for ##local
	Target     string   // the namespace that ##other excludes
	Process    string   // strict, lax or skip
}

// Primitive is what the text of a value means, as far as JSON and facets care.
type Primitive uint8

// The primitive types, by what they become in JSON.
const (
	String   Primitive = iota // and its derived types, anyURI, anySimpleType, NOTATION
	Boolean                   //
	Decimal                   // decimal and its derived types: the literal digits count
	Float                     // float and double, with INF, -INF and NaN
	Base64                    //
	Hex                       //
	Temporal                  // dateTime, date, time, duration and g...: kept as written
	QName                     // a name whose prefix must be bound
)

// Value is a simple type resolved down to its facets.
type Value struct {
	Primitive                                              Primitive
	Builtin                                                string   // local name of the nearest built-in ancestor: int, token, dateTime
	List                                                   *Type    // items of a list; nil otherwise
	Union                                                  []*Type  // members of a union; nil otherwise
	Enum                                                   []string // in the order of the schema; nil for none
	Patterns                                               []string // XML Schema's own regular expressions; each must match
	WhiteSpace                                             string   // preserve, replace or collapse
	Length, MinLength, MaxLength                           *int
	MinInclusive, MaxInclusive, MinExclusive, MaxExclusive *string
	TotalDigits, FractionDigits                            *int
}
