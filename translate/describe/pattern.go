package describe

import (
	"regexp"
	"strings"
)

// ecma turns a regular expression of XML Schema (Part 2, appendix F) into one for JSON
// Schema (ECMA-262 with the flag u, and RE2): anchored, with XML's meaning of the classes.
// It returns false for what has no equal there: names of blocks, \i and \c, a class less
// another.
func ecma(pattern string) (string, bool) {
	c := converter{in: []rune(pattern)}
	c.out.WriteString("^(?:")
	for c.ok = true; c.ok && c.at < len(c.in); {
		c.next()
	}
	c.out.WriteString(")$")
	text := c.out.String()
	if !c.ok {
		return "", false
	}
	_, err := regexp.Compile(text)
	return text, err == nil
}

// XML's classes of characters, without their brackets.
const (
	classSpace  = `\t\n\r `
	classNoWord = `\p{P}\p{Z}\p{C}`
)

type converter struct {
	in  []rune
	at  int
	out strings.Builder
	ok  bool
}

func (c *converter) peek(n int) rune {
	if c.at+n < len(c.in) {
		return c.in[c.at+n]
	}
	return 0
}

func (c *converter) next() {
	r := c.in[c.at]
	c.at++
	switch r {
	case '\\':
		c.escape(false)
	case '[':
		c.class()
	case '.':
		c.out.WriteString(`[^\n\r]`)
	case '^', '$': // characters like others
		c.out.WriteString(`\` + string(r))
	case '(':
		c.out.WriteString("(?:")
	case '{':
		c.quantity()
	case ']', '}': // must be escaped with the flag u
		c.out.WriteString(`\` + string(r))
	default:
		c.out.WriteRune(r)
	}
}

// quantity copies {n,m} when it is one.
func (c *converter) quantity() {
	end := c.at
	for end < len(c.in) && strings.ContainsRune("0123456789,", c.in[end]) {
		end++
	}
	if end == c.at || end == len(c.in) || c.in[end] != '}' || c.in[c.at] == ',' {
		c.ok = false
		return
	}
	c.out.WriteString("{" + string(c.in[c.at:end+1]))
	c.at = end + 1
}

// escape writes what follows a backslash.
func (c *converter) escape(inClass bool) {
	r := c.peek(0)
	c.at++
	switch r {
	case 'd':
		c.out.WriteString(`\p{Nd}`)
	case 'D':
		c.out.WriteString(`\P{Nd}`)
	case 's':
		c.set("", classSpace, inClass)
	case 'S':
		c.set("^", classSpace, inClass)
	case 'w':
		c.set("^", classNoWord, inClass)
	case 'W':
		c.set("", classNoWord, inClass)
	case 'p', 'P':
		c.category(r)
	case 'n', 'r', 't':
		c.out.WriteString(`\` + string(r))
	case '\\', '|', '.', '?', '*', '+', '(', ')', '{', '}', '[', ']', '^', '$':
		c.out.WriteString(`\` + string(r))
	case '-':
		c.out.WriteString(map[bool]string{true: `\-`, false: `-`}[inClass])
	default:
		c.ok = false
	}
}

// set writes a class. Within another a negated one has no place.
func (c *converter) set(not, class string, inClass bool) {
	switch {
	case !inClass:
		c.out.WriteString("[" + not + class + "]")
	case not == "":
		c.out.WriteString(class)
	default:
		c.ok = false
	}
}

// category copies \p{Lu}; blocks (\p{IsLatin}) have no equal.
func (c *converter) category(r rune) {
	end := c.at
	for end < len(c.in) && c.in[end] != '}' {
		end++
	}
	name := string(c.in[c.at:min(end+1, len(c.in))])
	if !strings.HasPrefix(name, "{") || strings.HasPrefix(name, "{Is") || len(name) > 4 {
		c.ok = false
		return
	}
	c.out.WriteString(`\` + string(r) + name)
	c.at = end + 1
}

// class copies [...].
func (c *converter) class() {
	c.out.WriteByte('[')
	if c.peek(0) == '^' {
		c.out.WriteByte('^')
		c.at++
	}
	for first := true; c.ok; first = false {
		r := c.peek(0)
		c.at++
		switch {
		case r == 0 || r == '[': // no end, or what a subtraction takes away
			c.ok = false
		case r == ']' && !first:
			c.out.WriteByte(']')
			return
		case r == '\\':
			c.escape(true)
		case r == '-' && (first || c.peek(0) == ']'):
			c.out.WriteString(`\-`)
		case r == '-' && c.peek(0) == '[':
			c.ok = false
		case strings.ContainsRune(`^$.|?*+(){}/`, r):
			c.out.WriteString(`\` + string(r))
		default:
			c.out.WriteRune(r)
		}
	}
}
