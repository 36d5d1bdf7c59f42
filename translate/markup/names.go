package markup

import "unicode/utf8"

// What a byte may be. Bytes of longer characters count as parts of names, until checked.
const (
	nameStart = 1 << iota // of a name without a colon
	nameChar              // in one
	space                 // section 2.3, after line ends are normalised
	textStop              // what text has to look at
	valueStop             // what a value has to look at
)

var class = func() (t [256]uint8) {
	for c := range t {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
		if letter {
			t[c] |= nameStart
		}
		if letter || '0' <= c && c <= '9' || c == '-' || c == '.' {
			t[c] |= nameChar
		}
	}
	for _, c := range " \t\n" {
		t[c] |= space
	}
	for _, c := range "<&>" {
		t[c] |= textStop
	}
	for _, c := range "<&\"'\t\n" {
		t[c] |= valueStop
	}
	return t
}()

// starts are the characters beyond ASCII that begin a name, joins those that can stand
// in one besides (XML 1.0, section 2.3).
var (
	starts = [][2]rune{{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D}, {0x37F, 0x1FFF}, {0x200C, 0x200D}, {0x2070, 0x218F},
		{0x2C00, 0x2FEF}, {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF}}
	joins = [][2]rune{{0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}}
)

func in(ranges [][2]rune, c rune) bool {
	for _, r := range ranges {
		if r[0] <= c && c <= r[1] {
			return true
		}
	}
	return false
}

// scanName returns where the name that starts at i ends (i for none; len(b) when it may
// go on), and how many bytes its prefix has, -1 for none. Only ASCII has been checked.
func scanName(b []byte, i int) (end, prefix int) {
	start := i
	prefix = -1
	if i >= len(b) || class[b[i]]&nameStart == 0 {
		return i, prefix
	}
	for i < len(b) && class[b[i]]&nameChar != 0 {
		i++
	}
	if i+1 < len(b) && b[i] == ':' && class[b[i+1]]&nameStart != 0 {
		prefix = i - start
		i += 2
		for i < len(b) && class[b[i]]&nameChar != 0 {
			i++
		}
	}
	return i, prefix
}

// unfinished says whether a name that ends at i may go on after b.
func unfinished(b []byte, i int) bool {
	return i >= len(b) || b[i] == ':' && i+1 == len(b)
}

// spelled says whether the characters of a name, or of its two halves, are those of names.
func spelled(name []byte) bool {
	first := true
	for i := 0; i < len(name); {
		if c := name[i]; c < utf8.RuneSelf { // scanName has looked at it
			first = c == ':'
			i++
			continue
		}
		c, size := utf8.DecodeRune(name[i:])
		if !in(starts, c) && (first || !in(joins, c)) {
			return false
		}
		first = false
		i += size
	}
	return true
}
