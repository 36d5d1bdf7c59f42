package xsd

// builtins are the built-in simple types by base, bases first (XML Schema Part 2, section 3).
var builtins = []struct {
	name, base string
	primitive  Primitive
	white      string // "" is that of the base
}{
	{"string", "anySimpleType", String, "preserve"},
	{"boolean", "anySimpleType", Boolean, "collapse"},
	{"decimal", "anySimpleType", Decimal, "collapse"},
	{"float", "anySimpleType", Float, "collapse"},
	{"double", "anySimpleType", Float, "collapse"},
	{"duration", "anySimpleType", Temporal, "collapse"},
	{"dateTime", "anySimpleType", Temporal, "collapse"},
	{"time", "anySimpleType", Temporal, "collapse"},
	{"date", "anySimpleType", Temporal, "collapse"},
	{"gYearMonth", "anySimpleType", Temporal, "collapse"},
	{"gYear", "anySimpleType", Temporal, "collapse"},
	{"gMonthDay", "anySimpleType", Temporal, "collapse"},
	{"gDay", "anySimpleType", Temporal, "collapse"},
	{"gMonth", "anySimpleType", Temporal, "collapse"},
	{"hexBinary", "anySimpleType", Hex, "collapse"},
	{"base64Binary", "anySimpleType", Base64, "collapse"},
	{"anyURI", "anySimpleType", String, "collapse"},
	{"QName", "anySimpleType", QName, "collapse"},
	{"NOTATION", "anySimpleType", QName, "collapse"},
	{"normalizedString", "string", String, "replace"},
	{"token", "normalizedString", String, "collapse"},
	{"language", "token", String, ""},
	{"NMTOKEN", "token", String, ""},
	{"Name", "token", String, ""},
	{"NCName", "Name", String, ""},
	{"ID", "NCName", String, ""},
	{"IDREF", "NCName", String, ""},
	{"ENTITY", "NCName", String, ""},
	{"integer", "decimal", Decimal, ""},
	{"nonPositiveInteger", "integer", Decimal, ""},
	{"negativeInteger", "nonPositiveInteger", Decimal, ""},
	{"long", "integer", Decimal, ""},
	{"int", "long", Decimal, ""},
	{"short", "int", Decimal, ""},
	{"byte", "short", Decimal, ""},
	{"nonNegativeInteger", "integer", Decimal, ""},
	{"unsignedLong", "nonNegativeInteger", Decimal, ""},
	{"unsignedInt", "unsignedLong", Decimal, ""},
	{"unsignedShort", "unsignedInt", Decimal, ""},
	{"unsignedByte", "unsignedShort", Decimal, ""},
	{"positiveInteger", "nonNegativeInteger", Decimal, ""},
}

// ranges are the bounds of the built-in whole numbers; "" is no bound of its own.
var ranges = map[string][2]string{
	"nonPositiveInteger": {"", "0"}, "negativeInteger": {"", "-1"}, "nonNegativeInteger": {"0", ""}, "positiveInteger": {"1", ""},
	"long": {"-9223372036854775808", "9223372036854775807"}, "int": {"-2147483648", "2147483647"},
	"short": {"-32768", "32767"}, "byte": {"-128", "127"}, "unsignedLong": {"", "18446744073709551615"},
	"unsignedInt": {"", "4294967295"}, "unsignedShort": {"", "65535"}, "unsignedByte": {"", "255"},
}

// patterns are those of the built-in strings.
var patterns = map[string]string{"language": `[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*`, "NMTOKEN": `\c+`, "Name": `\i\c*`, "NCName": `[\i-[:]][\c-[:]]*`}

// builtin declares the built-in types anew: what derives from them differs by schema.
func builtin(s *Schema) {
	named := func(local string) Name { return Name{Namespace, local} }
	lax := &Wildcard{Namespaces: []string{"##any"}, Process: "lax"}
	anyType := &Type{Name: named("anyType"), Complex: true, Content: Mixed, AnyAttr: lax,
		Particle: &Particle{Kind: Sequence, Min: 1, Max: 1, Children: []*Particle{{Kind: Any, Max: Unbounded, Wildcard: lax}}}}
	s.Types[anyType.Name] = anyType
	anySimple := &Type{Name: named("anySimpleType"), Base: anyType, Value: &Value{Builtin: "anySimpleType", WhiteSpace: "preserve"}}
	s.Types[anySimple.Name] = anySimple
	for _, b := range builtins {
		base := s.Types[named(b.base)]
		v := *base.Value
		v.Primitive, v.Builtin = b.primitive, b.name
		if b.white != "" {
			v.WhiteSpace = b.white
		}
		if bounds, ok := ranges[b.name]; ok {
			if bounds[0] != "" {
				v.MinInclusive = &bounds[0]
			}
			if bounds[1] != "" {
				v.MaxInclusive = &bounds[1]
			}
		}
		if p, ok := patterns[b.name]; ok {
			v.Patterns = []string{p}
		}
		if b.name == "integer" {
			v.FractionDigits = new(int)
		}
		t := &Type{Name: named(b.name), Base: base, Value: &v}
		base.Derived = append(base.Derived, t)
		s.Types[t.Name] = t
	}
	one := 1
	for list, item := range map[string]string{"NMTOKENS": "NMTOKEN", "IDREFS": "IDREF", "ENTITIES": "ENTITY"} {
		s.Types[named(list)] = &Type{Name: named(list), Base: anySimple,
			Value: &Value{Builtin: list, WhiteSpace: "collapse", List: s.Types[named(item)], MinLength: &one}}
	}
	schema := &Element{Name: named("schema"), Type: anyType, Global: true}
	s.Elements[schema.Name] = schema // a .NET DataSet refers to it, to carry its own schema
}
