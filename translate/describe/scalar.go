package describe

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"twohop/translate/xsd"
)

// Lexical forms of XML Schema Part 2, for values that are strings in JSON.
const (
	zone        = `(Z|[+-][0-9]{2}:[0-9]{2})?`
	day         = `-?[0-9]{4,}-[0-9]{2}-[0-9]{2}`
	clock       = `[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?`
	integerText = `[-+]?[0-9]+`
	decimalText = `[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)`
	floatText   = decimalText + `([eE][-+]?[0-9]+)?|-?INF|NaN`
)

var temporal = map[string]string{
	"date": day + zone, "time": clock + zone, "dateTime": day + "T" + clock + zone,
	"duration":   `-?P([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?`,
	"gYear":      `-?[0-9]{4,}` + zone,
	"gYearMonth": `-?[0-9]{4,}-[0-9]{2}` + zone,
	"gMonth":     `--[0-9]{2}(--)?` + zone,
	"gMonthDay":  `--[0-9]{2}-[0-9]{2}` + zone,
	"gDay":       `---[0-9]{2}` + zone,
}

// limits are the bounds of the built-in integer types, "" for none.
var limits = map[string][2]string{
	"integer": {}, "nonNegativeInteger": {"0", ""}, "positiveInteger": {"1", ""}, "nonPositiveInteger": {"", "0"}, "negativeInteger": {"", "-1"},
	"long": {"-9223372036854775808", "9223372036854775807"}, "unsignedLong": {"0", "18446744073709551615"},
	"int": {"-2147483648", "2147483647"}, "unsignedInt": {"0", "4294967295"},
	"short": {"-32768", "32767"}, "unsignedShort": {"0", "65535"},
	"byte": {"-128", "127"}, "unsignedByte": {"0", "255"},
}

// scalar is the schema of a value. What JSON Schema cannot say stands in its description.
func (m *maker) scalar(v *xsd.Value) object {
	switch {
	case v == nil:
		return object{{"type", "string"}}
	case v.List != nil:
		return m.list(v)
	case v.Union != nil:
		var any []any
		for _, t := range v.Union {
			any = append(any, m.value(t))
		}
		return facets(object{{"anyOf", any}}, v)
	}
	var s object
	switch v.Primitive {
	case xsd.Boolean:
		return object{{"type", "boolean"}}
	case xsd.Decimal:
		s = m.number(v)
	case xsd.Float:
		s = object{{"type", m.numeric("number")}, {"pattern", "^(" + floatText + ")$"}}.bounded(v, [2]string{})
	case xsd.Base64:
		s = object{{"type", "string"}, {"contentEncoding", "base64"}}
	case xsd.Hex:
		s = object{{"type", "string"}, {"pattern", "^([0-9A-Fa-f]{2})*$"}}
	case xsd.Temporal:
		s = object{{"type", "string"}}
		if p := temporal[v.Builtin]; p != "" {
			s = append(s, member{"pattern", "^" + p + "$"})
		}
		s = s.note("xs:" + v.Builtin)
	case xsd.QName:
		s = object{{"type", "string"}}.note("a qualified name")
	default:
		s = object{{"type", "string"}}
	}
	return facets(s, v)
}

// numeric is the type of a number, whose digits JSON's readers may not keep: a string is
// taken too, and written where the route says so.
func (m *maker) numeric(kind string) []string {
	if m.in.Strings {
		return []string{"string", kind}
	}
	return []string{kind, "string"}
}

func (m *maker) number(v *xsd.Value) object {
	bounds, whole := limits[v.Builtin]
	if !whole {
		return object{{"type", m.numeric("number")}, {"pattern", "^" + decimalText + "$"}}.bounded(v, bounds)
	}
	s := object{{"type", m.numeric("integer")}, {"pattern", "^" + integerText + "$"}}
	switch v.Builtin {
	case "int":
		s = append(s, member{"format", "int32"})
	case "long":
		s = append(s, member{"format", "int64"})
	}
	return s.bounded(v, bounds)
}

// bounded adds the bounds of a number, those of its built-in type where it has none.
func (o object) bounded(v *xsd.Value, of [2]string) object {
	for _, b := range []struct {
		key   string
		facet *string
		other *string
		of    string
	}{
		{"minimum", v.MinInclusive, v.MinExclusive, of[0]}, {"exclusiveMinimum", v.MinExclusive, nil, ""},
		{"maximum", v.MaxInclusive, v.MaxExclusive, of[1]}, {"exclusiveMaximum", v.MaxExclusive, nil, ""},
	} {
		text := b.of
		if b.facet != nil {
			text = *b.facet
		} else if b.other != nil {
			text = ""
		}
		if n, ok := digits(text); ok {
			o = append(o, member{b.key, n})
		}
	}
	return o
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// digits turns a number as XML Schema writes it into JSON's form: no plus sign, no leading
// zeros, a digit on both sides of the point.
func digits(text string) (literal, bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "+")
	sign := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = "-", rest
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(text), "e")
	if whole, fraction, point := strings.Cut(mantissa, "."); point {
		mantissa = whole
		if fraction != "" {
			mantissa = whole + "." + fraction
		}
	}
	for len(mantissa) > 1 && mantissa[0] == '0' && mantissa[1] != '.' {
		mantissa = mantissa[1:]
	}
	if strings.HasPrefix(mantissa, ".") {
		mantissa = "0" + mantissa
	}
	if hasExponent {
		mantissa += "e" + exponent
	}
	text = sign + mantissa
	return literal(text), jsonNumber.MatchString(text)
}

func (m *maker) list(v *xsd.Value) object {
	s := object{{"type", "array"}, {"items", m.value(v.List)}}
	minimum, maximum := v.MinLength, v.MaxLength
	if v.Length != nil {
		minimum, maximum = v.Length, v.Length
	}
	s = s.bound("minItems", minimum).bound("maxItems", maximum)
	if v.Enum != nil {
		s = s.note("one of the lists " + strings.Join(v.Enum, " | "))
	}
	return s
}

func (o object) bound(key string, n *int) object {
	if n == nil {
		return o
	}
	return append(o, member{key, *n})
}

// facets adds what restricts a value beyond its primitive type.
func facets(s object, v *xsd.Value) object {
	if v.Enum != nil {
		s = enumerated(s, v)
	}
	textual := v.Primitive == xsd.String && v.Union == nil
	switch {
	case textual && v.Length != nil:
		s = s.bound("minLength", v.Length).bound("maxLength", v.Length)
	case textual:
		s = s.bound("minLength", v.MinLength).bound("maxLength", v.MaxLength)
	default:
		for _, f := range []struct {
			n    *int
			text string
		}{{v.Length, "exactly %d octets"}, {v.MinLength, "at least %d octets"}, {v.MaxLength, "at most %d octets"}} {
			if f.n != nil {
				s = s.note(strings.Replace(f.text, "%d", strconv.Itoa(*f.n), 1))
			}
		}
	}
	if v.TotalDigits != nil {
		s = s.note("at most " + strconv.Itoa(*v.TotalDigits) + " digits")
	}
	if v.FractionDigits != nil && v.Primitive == xsd.Decimal && limits[v.Builtin] == [2]string{} && v.Builtin != "integer" {
		s = s.note("at most " + strconv.Itoa(*v.FractionDigits) + " digits after the point")
	}
	if v.Primitive == xsd.Temporal {
		for _, f := range []struct {
			value *string
			text  string
		}{{v.MinInclusive, "not before "}, {v.MinExclusive, "after "}, {v.MaxInclusive, "not after "}, {v.MaxExclusive, "before "}} {
			if f.value != nil {
				s = s.note(f.text + *f.value)
			}
		}
	}
	return patterns(s, v)
}

// patterns adds the patterns that JSON Schema can say, and describes the others.
func patterns(s object, v *xsd.Value) object {
	var all []any
	for _, p := range v.Patterns {
		text, ok := ecma(p)
		switch {
		case !ok || v.Union != nil || v.Primitive == xsd.Boolean:
			s = s.note("XML Schema pattern " + p)
		case s.get("pattern") == nil:
			s = append(s, member{"pattern", text})
		default:
			all = append(all, object{{"pattern", text}})
		}
	}
	if all != nil {
		s = append(s, member{"allOf", all})
	}
	return s
}

// enumerated adds the values of an enumeration; numbers in both forms.
func enumerated(s object, v *xsd.Value) object {
	var list []any
	seen := map[string]bool{}
	add := func(x any, key string) {
		if !seen[key] {
			seen[key] = true
			list = append(list, x)
		}
	}
	for _, e := range v.Enum {
		n, ok := digits(e)
		if ok && (v.Primitive == xsd.Decimal || v.Primitive == xsd.Float || v.Union != nil) {
			value, _ := new(big.Rat).SetString(string(n))
			add(n, "#"+value.RatString())
		}
		add(e, e)
	}
	return append(s, member{"enum", list})
}

// note adds a sentence to the description.
func (o object) note(text string) object {
	if text == "" {
		return o
	}
	if known, _ := o.get("description").(string); known != "" {
		return o.with("description", strings.TrimRight(known, ".;")+"; "+text)
	}
	return o.with("description", text)
}
