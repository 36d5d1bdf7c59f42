package entry

import (
	"encoding/json"
	"strconv"
)

// scanner walks through one JSON value without building it. It takes what is valid JSON
// (RFC 8259) and does not look for every mistake in what is not; after the first that it
// finds it gives nothing more.
type scanner struct {
	b     []byte
	i     int
	depth int
	bad   bool
}

// deepest is how far objects and arrays may stand in each other; our lines need five.
const deepest = 64

func (s *scanner) fail() { s.bad, s.i = true, len(s.b) }

// next skips blanks and returns the byte there, 0 at the end.
func (s *scanner) next() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take steps over c, which must come next.
func (s *scanner) take(c byte) {
	if s.next() != c {
		s.fail()
		return
	}
	s.i++
}

// object calls member for each member, which must read or skip the value.
func (s *scanner) object(e *Entry, member func(e *Entry, s *scanner, name []byte)) {
	if s.next() != '{' {
		s.skip()
		return
	}
	if s.depth++; s.depth > deepest {
		s.fail()
	}
	s.i++
	for first := true; !s.bad; first = false {
		if s.next() == '}' && first {
			break
		}
		name := s.quoted()
		s.take(':')
		if s.bad {
			return
		}
		member(e, s, name)
		if s.next() != ',' {
			break
		}
		s.i++
	}
	s.take('}')
	s.depth--
}

// text returns a string's value, nil for a value of another kind. It is a part of the line
// unless the string has escapes.
func (s *scanner) text() []byte {
	if s.next() != '"' {
		s.skip()
		return nil
	}
	return s.quoted()
}

func (s *scanner) quoted() []byte {
	s.take('"')
	start, escaped := s.i, false
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			raw := s.b[start:s.i]
			s.i++
			if escaped {
				return s.unquote(s.b[start-1 : s.i])
			}
			return raw
		case c == '\\':
			escaped = true
			s.i++
		case c < ' ':
			s.fail()
			return nil
		}
	}
	s.fail()
	return nil
}

func (s *scanner) unquote(raw []byte) []byte {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		s.fail()
	}
	return []byte(text)
}

// number returns a whole number, 0 for any other value.
func (s *scanner) number() int64 {
	raw := s.literal()
	n, neg := int64(0), false
	if len(raw) > 0 && raw[0] == '-' {
		neg, raw = true, raw[1:]
	}
	if len(raw) == 0 || len(raw) > 18 {
		return 0
	}
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		return -n
	}
	return n
}

// decimal returns a number, 0 for any other value.
func (s *scanner) decimal() float64 {
	f, err := strconv.ParseFloat(string(s.literal()), 64)
	if err != nil {
		return 0
	}
	return f
}

// literal returns a number, true, false or null as it is written, nil for any other value.
func (s *scanner) literal() []byte {
	switch s.next() {
	case '"', '{', '[':
		s.skip()
		return nil
	}
	start := s.i
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r', ':', '"', '{', '[':
			if s.i == start {
				s.fail()
			}
			return s.b[start:s.i]
		}
	}
	s.fail() // a line ends with a bracket
	return nil
}

// skip steps over a value.
func (s *scanner) skip() {
	switch s.next() {
	case '"':
		s.i++
		s.past()
	case '{':
		s.object(nil, ignore)
	case '[':
		s.array(nil, ignored)
	default:
		s.literal()
	}
}

// past steps over the rest of a string.
func (s *scanner) past() {
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case '"':
			s.i++
			return
		case '\\':
			s.i++
		}
	}
	s.fail()
}

func ignore(_ *Entry, s *scanner, _ []byte) { s.skip() }
func ignored(_ *Entry, s *scanner)          { s.skip() }

// array calls element for each element, which must read or skip the value.
func (s *scanner) array(e *Entry, element func(e *Entry, s *scanner)) {
	if s.next() != '[' {
		s.skip()
		return
	}
	if s.depth++; s.depth > deepest {
		s.fail()
	}
	s.i++
	for first := true; !s.bad; first = false {
		if s.next() == ']' && first {
			break
		}
		element(e, s)
		if s.next() != ',' {
			break
		}
		s.i++
	}
	s.take(']')
	s.depth--
}
