package address

import (
	"bytes"
	"fmt"
	"io"
)

// Bounds of what a document may ask of the scanner.
const (
	maxDepth = 256
	maxAttrs = 256
)

// Malformed is something that XML 1.0, or Namespaces in XML 1.0, forbids, or a bound that
// is passed.
type Malformed struct {
	Line int
	What string
}

func (e *Malformed) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// scanner walks over a document and tells where its tags, values and texts stand: what is
// rewritten is a span of the bytes as they came, which decoded tokens no longer know. It
// is strict: tags match, prefixes are bound, attributes differ, and DOCTYPE is refused.
// Input that ends too early gives io.ErrUnexpectedEOF.
type scanner struct {
	data []byte
	at   int

	element        // the start tag at hand, or the one that the end tag at hand ends
	attrs   []attr // of the start tag
	empty   bool   // the start tag ends its element too; the next token is its end
	piece   span   // of the token at hand
	cdata   bool   // the text is a CDATA section, of which piece is the content
	open    []element
	bound   []binding
	root    bool // there was one
}

type kind uint8

const (
	startTag kind = iota
	endTag
	text
)

// span is a part of the data, without the byte at to.
type span struct{ from, to int }

type element struct {
	name, space, local []byte
	tag                span // its start tag
	bound              int  // bindings before it
}

type attr struct {
	prefix, local []byte
	value         span // within its quotes
}

type binding struct{ prefix, space []byte }

func (e *element) is(space, local string) bool {
	return string(e.local) == local && string(e.space) == space
}

// depth is the number of open elements, the one of the start tag at hand among them.
func (s *scanner) depth() int { return len(s.open) }

func (s *scanner) fail(format string, args ...any) error {
	return &Malformed{1 + bytes.Count(s.data[:min(s.at, len(s.data))], []byte{'\n'}), fmt.Sprintf(format, args...)}
}

// next goes to the next tag or text. It returns io.EOF after a whole document.
func (s *scanner) next() (kind, error) {
	if s.empty {
		s.empty = false
		s.piece = span{s.at, s.at}
		s.pop()
		return endTag, nil
	}
	for {
		rest := s.data[s.at:]
		switch {
		case len(rest) == 0 && s.root && len(s.open) == 0:
			return 0, io.EOF
		case len(rest) == 0:
			return 0, io.ErrUnexpectedEOF
		case rest[0] != '<':
			if err := s.readText(rest); err != nil {
				return 0, err
			}
			if len(s.open) > 0 {
				return text, nil
			}
		case len(rest) < 2:
			return 0, io.ErrUnexpectedEOF
		case rest[1] == '/':
			return endTag, s.readEnd()
		case rest[1] == '?':
			if err := s.skip("<?", "?>"); err != nil {
				return 0, err
			}
		case rest[1] == '!':
			if section, err := s.readSection(rest); err != nil || section {
				return text, err
			}
		default:
			return startTag, s.readStart()
		}
	}
}

func (s *scanner) readText(rest []byte) error {
	n := bytes.IndexByte(rest, '<')
	if n < 0 {
		n = len(rest)
	}
	s.piece, s.cdata = span{s.at, s.at + n}, false
	if len(s.open) == 0 && len(bytes.Trim(rest[:n], " \t\r\n")) > 0 {
		return s.fail("text stands outside the document's element")
	}
	s.at += n
	return nil
}

// readSection skips a comment, and reads a CDATA section.
func (s *scanner) readSection(rest []byte) (section bool, err error) {
	const comment, data = "<!--", "<![CDATA["
	head := rest[:min(len(rest), len(data))]
	switch {
	case bytes.HasPrefix(head, []byte(comment)):
		return false, s.skip(comment, "-->")
	case bytes.HasPrefix(head, []byte(data)) && len(s.open) > 0:
		from := s.at + len(data)
		if err := s.skip(data, "]]>"); err != nil {
			return false, err
		}
		s.piece, s.cdata = span{from, s.at - 3}, true
		return true, nil
	case bytes.HasPrefix([]byte(comment), head) || bytes.HasPrefix([]byte(data), head):
		return false, io.ErrUnexpectedEOF
	}
	return false, s.fail("there is a DOCTYPE, or another declaration that is not taken")
}

func (s *scanner) skip(open, end string) error {
	n := bytes.Index(s.data[s.at+len(open):], []byte(end))
	if n < 0 {
		return io.ErrUnexpectedEOF
	}
	s.at += len(open) + n + len(end)
	return nil
}

func (s *scanner) readEnd() error {
	n := bytes.IndexByte(s.data[s.at:], '>')
	if n < 0 {
		return io.ErrUnexpectedEOF
	}
	name := bytes.TrimRight(s.data[s.at+2:s.at+n], " \t\r\n")
	if len(s.open) == 0 || !bytes.Equal(name, s.open[len(s.open)-1].name) {
		return s.fail("the end tag of %.40q matches no start tag", name)
	}
	s.piece = span{s.at, s.at + n + 1}
	s.at += n + 1
	s.pop()
	return nil
}

func (s *scanner) pop() {
	s.element = s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	s.bound = s.bound[:s.element.bound]
}

func (s *scanner) readStart() error {
	if s.root && len(s.open) == 0 {
		return s.fail("a second element stands beside the document's own")
	}
	if len(s.open) == maxDepth {
		return s.fail("elements are nested deeper than %d", maxDepth)
	}
	from := s.at
	p := from + 1
	e := element{bound: len(s.bound), name: s.readName(&p)}
	s.attrs = s.attrs[:0]
	for {
		before := p
		p = s.blanks(p)
		if p >= len(s.data) {
			return io.ErrUnexpectedEOF
		}
		if s.data[p] == '>' {
			p++
			break
		}
		if s.data[p] == '/' {
			if p+1 >= len(s.data) {
				return io.ErrUnexpectedEOF
			}
			if s.data[p+1] != '>' {
				return s.fail("a / stands in the tag %.40q", e.name)
			}
			s.empty = true
			p += 2
			break
		}
		if p == before {
			return s.fail("the tag %.40q cannot be read", e.name)
		}
		if err := s.readAttr(&p); err != nil {
			return err
		}
	}
	var err error
	if e.space, e.local, err = s.resolve(e.name); err != nil {
		return err
	}
	if err := s.distinct(); err != nil {
		return err
	}
	e.tag = span{from, p}
	s.element, s.piece, s.at, s.root = e, e.tag, p, true
	s.open = append(s.open, e)
	return nil
}

func (s *scanner) blanks(p int) int {
	for p < len(s.data) && (s.data[p] == ' ' || s.data[p] == '\t' || s.data[p] == '\r' || s.data[p] == '\n') {
		p++
	}
	return p
}

// readName reads up to what cannot be part of a name.
func (s *scanner) readName(p *int) []byte {
	from := *p
	for *p < len(s.data) && s.data[*p] > ' ' && bytes.IndexByte([]byte(`=/<>"'&`), s.data[*p]) < 0 {
		*p++
	}
	return s.data[from:*p]
}

func (s *scanner) readAttr(p *int) error {
	name := s.readName(p)
	*p = s.blanks(*p)
	if *p >= len(s.data) {
		return io.ErrUnexpectedEOF
	}
	if s.data[*p] != '=' {
		return s.fail("the attribute %.40q has no value", name)
	}
	*p = s.blanks(*p + 1)
	if *p >= len(s.data) {
		return io.ErrUnexpectedEOF
	}
	quote := s.data[*p]
	if quote != '"' && quote != '\'' {
		return s.fail("the value of the attribute %.40q has no quotes", name)
	}
	from := *p + 1
	n := bytes.IndexByte(s.data[from:], quote)
	if n < 0 {
		return io.ErrUnexpectedEOF
	}
	*p = from + n + 1
	value := span{from, from + n}
	if bytes.IndexByte(s.data[from:from+n], '<') >= 0 {
		return s.fail("the value of the attribute %.40q holds a <", name)
	}
	if len(s.attrs) == maxAttrs {
		return s.fail("an element has more than %d attributes", maxAttrs)
	}
	prefix, local, err := s.parts(name)
	if err != nil {
		return err
	}
	s.attrs = append(s.attrs, attr{prefix, local, value})
	if string(prefix) == "xmlns" || len(prefix) == 0 && string(local) == "xmlns" {
		return s.bind(prefix, local, value)
	}
	return nil
}

// parts splits a name at its colon.
func (s *scanner) parts(name []byte) (prefix, local []byte, err error) {
	prefix, local, prefixed := bytes.Cut(name, []byte{':'})
	if !prefixed {
		prefix, local = nil, name
	}
	if len(local) == 0 || prefixed && len(prefix) == 0 || bytes.IndexByte(local, ':') >= 0 || bytes.IndexByte([]byte("-.0123456789!?"), name[0]) >= 0 {
		return nil, nil, s.fail("%.40q is not a name", name)
	}
	return prefix, local, nil
}

func (s *scanner) bind(prefix, local []byte, value span) error {
	space := s.data[value.from:value.to]
	if bytes.IndexByte(space, '&') >= 0 {
		decoded, err := decode(space)
		if err != nil {
			return s.fail("%v", err)
		}
		space = []byte(decoded)
	}
	if len(prefix) == 0 {
		local = nil
	} else if len(space) == 0 {
		return s.fail("the prefix %.40q is bound to nothing", local)
	}
	s.bound = append(s.bound, binding{local, space})
	return nil
}

// resolve returns the namespace of an element's name and the name without its prefix.
func (s *scanner) resolve(name []byte) (space, local []byte, err error) {
	if len(name) == 0 {
		return nil, nil, s.fail("a < begins no tag")
	}
	prefix, local, err := s.parts(name)
	if err != nil {
		return nil, nil, err
	}
	space, ok := s.lookup(prefix)
	if !ok {
		return nil, nil, s.fail("the prefix %.40q is not bound", prefix)
	}
	return space, local, nil
}

const nsXML = "http://www.w3.org/XML/1998/namespace"

// lookup returns what a prefix is bound to, at the start tag at hand.
func (s *scanner) lookup(prefix []byte) (space []byte, ok bool) {
	for i := len(s.bound) - 1; i >= 0; i-- {
		if bytes.Equal(s.bound[i].prefix, prefix) {
			return s.bound[i].space, true
		}
	}
	if string(prefix) == "xml" {
		return []byte(nsXML), true
	}
	return nil, len(prefix) == 0
}

// distinct reports attributes that are the same, and prefixes that are not bound.
func (s *scanner) distinct() error {
	for i, a := range s.attrs {
		if _, ok := s.attrSpace(a); !ok {
			return s.fail("the prefix %.40q is not bound", a.prefix)
		}
		for _, b := range s.attrs[:i] {
			if !bytes.Equal(a.local, b.local) {
				continue
			}
			x, _ := s.attrSpace(a)
			y, _ := s.attrSpace(b)
			if bytes.Equal(x, y) {
				return s.fail("the attribute %.40q is there twice", a.local)
			}
		}
	}
	return nil
}

const nsXMLNS = "http://www.w3.org/2000/xmlns/"

func (s *scanner) attrSpace(a attr) (space []byte, ok bool) {
	switch string(a.prefix) {
	case "":
		if string(a.local) == "xmlns" {
			return []byte(nsXMLNS), true
		}
		return nil, true
	case "xmlns":
		return []byte(nsXMLNS), true
	}
	return s.lookup(a.prefix)
}

// attr returns an attribute of the start tag at hand.
func (s *scanner) attr(space, local string) (attr, bool) {
	for _, a := range s.attrs {
		if string(a.local) == local {
			if found, _ := s.attrSpace(a); string(found) == space {
				return a, true
			}
		}
	}
	return attr{}, false
}

// value returns the decoded value of an attribute, "" for one that is not there.
func (s *scanner) value(space, local string) (string, error) {
	a, ok := s.attr(space, local)
	if !ok {
		return "", nil
	}
	v, err := decode(s.data[a.value.from:a.value.to])
	if err != nil {
		return "", s.fail("%v", err)
	}
	return v, nil
}
