package describe

import (
	"encoding/base64"
	"math/big"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"twohop/translate/xsd"
)

// samples are texts of the built-in types.
var samples = map[string][]string{
	"date": {"2026-01-31"}, "time": {"13:45:00"}, "dateTime": {"2026-01-31T13:45:00Z"}, "duration": {"P1D", "PT30M"},
	"gYear": {"2026"}, "gYearMonth": {"2026-01"}, "gMonth": {"--01"}, "gMonthDay": {"--01-31"}, "gDay": {"---31"},
	"language": {"en"}, "anyURI": {"http://www.example.com/"}, "ID": {"id1"}, "IDREF": {"id1"},
}

// texts returns a text that is a valid value, and whether one was found: patterns of any
// kind cannot be turned into texts.
func text(v *xsd.Value) (string, bool) {
	for _, c := range candidates(v) {
		if allowed(v, c) {
			return c, true
		}
	}
	return "", false
}

// candidates are texts that may be values of v, the nicest first.
func candidates(v *xsd.Value) []string {
	if v.Enum != nil {
		return v.Enum
	}
	var list []string
	for _, p := range v.Patterns {
		if ecma, ok := ecma(p); ok {
			list = append(list, generate(ecma)...)
		}
	}
	for _, b := range []*string{v.MinInclusive, v.MaxInclusive} {
		if b != nil && v.Primitive != xsd.String {
			list = append(list, *b)
		}
	}
	switch v.Primitive {
	case xsd.Boolean:
		return []string{"true"}
	case xsd.Decimal:
		if _, whole := limits[v.Builtin]; whole {
			list = append([]string{"1", "10", "100", "0", "-1"}, list...)
		} else {
			list = append([]string{"12.5", "0.5", "1", "10", "100", "0", "-1"}, list...)
		}
		for _, b := range []*string{v.MinExclusive, v.MaxExclusive} {
			list = append(list, beside(b)...)
		}
	case xsd.Float:
		list = append([]string{"12.5", "0.5", "1", "100", "-1"}, list...)
	case xsd.Base64, xsd.Hex:
		n := 6
		if v.MinLength != nil {
			n = max(n, *v.MinLength)
		}
		if v.MaxLength != nil {
			n = min(n, *v.MaxLength)
		}
		if v.Length != nil {
			n = *v.Length
		}
		octets := []byte(strings.Repeat("twohop", n/6+1))[:n]
		if v.Primitive == xsd.Hex {
			return append(list, strings.Repeat("0A", n))
		}
		return append(list, base64.StdEncoding.EncodeToString(octets))
	default:
		list = append(list, samples[v.Builtin]...)
		list = append(list, stretched(v)...)
	}
	return list
}

// stretched are words of a length that v allows.
func stretched(v *xsd.Value) []string {
	word := "text"
	lo, hi := v.MinLength, v.MaxLength
	if v.Length != nil {
		lo, hi = v.Length, v.Length
	}
	if lo != nil && *lo > len(word) && *lo < 10_000 {
		word = strings.Repeat(word, *lo/len(word)+1)[:*lo]
	}
	if hi != nil && *hi < len(word) {
		word = word[:*hi]
	}
	return []string{word, strings.Repeat("1", len(word)), strings.Repeat("A", len(word))}
}

// beside are numbers next to an exclusive bound.
func beside(bound *string) []string {
	if bound == nil {
		return nil
	}
	n, ok := new(big.Rat).SetString(strings.TrimSpace(*bound))
	if !ok {
		return nil
	}
	var list []string
	for _, d := range []*big.Rat{big.NewRat(1, 1), big.NewRat(-1, 1), big.NewRat(1, 100), big.NewRat(-1, 100)} {
		x := new(big.Rat).Add(n, d)
		if x.IsInt() {
			list = append(list, x.Num().String())
		} else {
			list = append(list, x.FloatString(2))
		}
	}
	return list
}

// allowed reports whether text fits the facets of v, as far as they can be tried.
func allowed(v *xsd.Value, text string) bool {
	n := utf8.RuneCountInString(text)
	if v.Primitive == xsd.String && (v.Length != nil && n != *v.Length || v.MinLength != nil && n < *v.MinLength || v.MaxLength != nil && n > *v.MaxLength) {
		return false
	}
	if v.Primitive == xsd.Decimal || v.Primitive == xsd.Float {
		return measured(v, text) && matches(v, text)
	}
	return matches(v, text)
}

func matches(v *xsd.Value, text string) bool {
	for _, p := range v.Patterns {
		if e, ok := ecma(p); !ok || !regexp.MustCompile(e).MatchString(text) {
			return !ok && len(v.Enum) > 0
		}
	}
	return true
}

// measured reports whether a number fits its bounds.
func measured(v *xsd.Value, text string) bool {
	x, ok := new(big.Rat).SetString(strings.TrimSpace(text))
	if !ok {
		return false
	}
	bounds, whole := limits[v.Builtin]
	if whole && !x.IsInt() {
		return false
	}
	for _, b := range []struct {
		facet *string
		want  func(int) bool
	}{
		{v.MinInclusive, func(c int) bool { return c >= 0 }}, {v.MaxInclusive, func(c int) bool { return c <= 0 }},
		{v.MinExclusive, func(c int) bool { return c > 0 }}, {v.MaxExclusive, func(c int) bool { return c < 0 }},
		{&bounds[0], func(c int) bool { return c >= 0 }}, {&bounds[1], func(c int) bool { return c <= 0 }},
	} {
		if b.facet == nil {
			continue
		}
		if y, ok := new(big.Rat).SetString(strings.TrimSpace(*b.facet)); ok && !b.want(x.Cmp(y)) {
			return false
		}
	}
	whole1, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if v.FractionDigits != nil && len(strings.TrimRight(fraction, "0")) > *v.FractionDigits {
		return false
	}
	return v.TotalDigits == nil || len(strings.TrimLeft(whole1, "0"))+len(strings.TrimRight(fraction, "0")) <= *v.TotalDigits
}

// generate makes texts that match a regular expression: short ones, then longer ones for
// the sake of a minimal length.
func generate(pattern string) []string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	var list []string
	for repeats := range 40 {
		var b strings.Builder
		grow(&b, parsed, repeats)
		if b.Len() > 1000 {
			break
		}
		list = append(list, b.String())
	}
	if len(list) > 1 && list[0] == "" {
		list = append(list[1:], "")
	}
	return list
}

func grow(b *strings.Builder, r *syntax.Regexp, repeats int) {
	times := 1
	switch r.Op {
	case syntax.OpLiteral:
		b.WriteString(string(r.Rune))
	case syntax.OpCharClass:
		b.WriteRune(pick(r.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpAlternate:
		grow(b, r.Sub[0], repeats)
		return
	case syntax.OpStar:
		times = repeats
	case syntax.OpPlus:
		times = max(1, repeats)
	case syntax.OpQuest:
		times = min(1, repeats)
	case syntax.OpRepeat:
		times = r.Min + repeats
		if r.Max >= 0 {
			times = min(times, r.Max)
		}
	}
	for range times {
		for _, sub := range r.Sub {
			if b.Len() <= 1000 {
				grow(b, sub, repeats)
			}
		}
	}
}

// pick takes a character of a class, given as pairs, that reads well.
func pick(pairs []rune) rune {
	for _, nice := range "A1a_" {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] <= nice && nice <= pairs[i+1] {
				return nice
			}
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if lo := max(pairs[i], '!'); lo <= pairs[i+1] {
			return lo
		}
	}
	if len(pairs) == 0 {
		return 'a'
	}
	return pairs[0]
}
