package translate

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twohop/translate/jsonin"
	"twohop/translate/xsd"
)

// fits reports whether text is in the lexical space of v, as far as a caller's mistake
// would show: digits, ranges of the built-in types, dates and enumerations. Other facets
// are for the validation that a route may ask for.
func fits(v *xsd.Value, text []byte) bool {
	switch {
	case v.List != nil:
		for item := range bytes.FieldsSeq(text) {
			if !fits(v.List.Value, item) {
				return false
			}
		}
		return true
	case v.Union != nil:
		return slices.ContainsFunc(v.Union, func(t *xsd.Type) bool { return fits(t.Value, text) })
	case v.Enum != nil:
		return slices.Contains(v.Enum, string(text)) || v.WhiteSpace != "preserve" && slices.Contains(v.Enum, strings.Join(strings.Fields(string(text)), " "))
	}
	switch v.Primitive {
	case xsd.Boolean:
		return slices.Contains([]string{"true", "false", "1", "0"}, string(text))
	case xsd.Decimal:
		return isDecimal(text) && inRange(v.Builtin, string(text))
	case xsd.Float:
		return isFloat(text)
	case xsd.Base64:
		return isBase64(text)
	case xsd.Hex:
		return len(text)%2 == 0 && !bytes.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) })
	case xsd.Temporal:
		form := temporal[v.Builtin]
		return form == nil || form.Match(text)
	}
	return true
}

const zone = `(Z|[+-]\d\d:\d\d)?$`

var temporal = map[string]*regexp.Regexp{
	"dateTime": regexp.MustCompile(`^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?` + zone),
	"date":     regexp.MustCompile(`^-?\d{4,}-\d\d-\d\d` + zone),
	"time":     regexp.MustCompile(`^\d\d:\d\d:\d\d(\.\d+)?` + zone),
	"duration": regexp.MustCompile(`^-?P(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$`),
}

func isDecimal(text []byte) bool {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	whole, fraction, dot := bytes.Cut(text, []byte("."))
	return len(whole)+len(fraction) > 0 && onlyDigits(whole) && (!dot || onlyDigits(fraction))
}

func onlyDigits(p []byte) bool {
	for _, c := range p {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// sizes are the bits of the built-in integers that have a bound.
var sizes = map[string]int{"long": 64, "int": 32, "short": 16, "byte": 8,
	"unsignedLong": -64, "unsignedInt": -32, "unsignedShort": -16, "unsignedByte": -8}

// integral are the built-in types of whole numbers without such a bound.
var integral = []string{"integer", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger"}

func inRange(builtin, text string) bool {
	var err error
	switch bits := sizes[builtin]; {
	case bits > 0:
		_, err = strconv.ParseInt(text, 10, bits)
	case bits < 0:
		_, err = strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, -bits)
		if strings.TrimLeft(text, "-0") == "" {
			err = nil
		}
	case slices.Contains(integral, builtin):
		if strings.Contains(text, ".") {
			return false
		}
		zero, negative := strings.TrimLeft(text, "+-0") == "", text[0] == '-'
		switch builtin {
		case "nonNegativeInteger":
			return zero || !negative
		case "positiveInteger":
			return !zero && !negative
		case "nonPositiveInteger":
			return zero || negative
		case "negativeInteger":
			return !zero && negative
		}
	}
	return err == nil
}

func isFloat(text []byte) bool {
	switch string(text) {
	case "INF", "-INF", "+INF", "NaN":
		return true
	}
	mantissa, exponent, has := bytes.Cut(bytes.ToLower(text), []byte("e"))
	if has {
		digits := bytes.TrimPrefix(bytes.TrimPrefix(exponent, []byte("-")), []byte("+"))
		if len(digits) == 0 || len(exponent)-len(digits) > 1 || !onlyDigits(digits) {
			return false
		}
	}
	return isDecimal(mantissa)
}

func isBase64(p []byte) bool {
	for _, c := range p {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '=', c == ' ', c == '\n', c == '\r', c == '\t':
		default:
			return false
		}
	}
	return true
}

// mostDigits bounds what an exponent may stand for.
const mostDigits = 1000

// expand writes a JSON number without its exponent, which xs:decimal does not know, with
// the same value. It returns text as it is when there is none, or when that would be too long.
func expand(text []byte) []byte {
	i := bytes.IndexAny(text, "eE")
	if i < 0 {
		return text
	}
	exponent, err := strconv.Atoi(string(text[i+1:]))
	if err != nil || max(exponent, -exponent) > mostDigits {
		return text
	}
	var out []byte
	digits := text[:i]
	if digits[0] == '-' {
		out, digits = append(out, '-'), digits[1:]
	}
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	digits = slices.Concat(whole, fraction)
	point := len(whole) + exponent
	if point > len(digits) {
		digits = append(digits, bytes.Repeat([]byte("0"), point-len(digits))...)
	}
	if point < 1 {
		digits, point = append(bytes.Repeat([]byte("0"), 1-point), digits...), 1
	}
	for point > 1 && digits[0] == '0' {
		digits, point = digits[1:], point-1
	}
	out = append(out, digits[:point]...)
	if rest := bytes.TrimRight(digits[point:], "0"); len(rest) > 0 {
		out = append(append(out, '.'), rest...)
	}
	return out
}

// appendNumber appends the text of a number as JSON, with the same digits, and reports
// false when it is none.
func appendNumber(dst, text []byte) ([]byte, bool) {
	if jsonin.IsNumber(text) {
		return append(dst, text...), true
	}
	if !isFloat(text) || bytes.ContainsAny(text, "IN") {
		return dst, false
	}
	if text[0] == '-' {
		dst, text = append(dst, '-'), text[1:]
	} else if text[0] == '+' {
		text = text[1:]
	}
	text = bytes.TrimLeft(text, "0")
	if len(text) == 0 || text[0] < '0' || text[0] > '9' {
		dst = append(dst, '0')
	}
	i := bytes.IndexByte(text, '.')
	if i >= 0 && (i+1 == len(text) || text[i+1] < '0' || text[i+1] > '9') { // 5. or 5.e3
		return append(append(dst, text[:i]...), text[i+1:]...), true
	}
	return append(dst, text...), true
}
