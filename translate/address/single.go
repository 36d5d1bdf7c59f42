package address

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Source is a document, and the name that its imports are resolved against.
type Source struct {
	Name    string
	Data    []byte
	Charset string // of the Content-Type, "" for none
}

// mostSources bounds what a contract may import.
const mostSources = 500

// Single returns one WSDL document, in UTF-8, with all that main imports in it, as svcutil
// and others want it. open reads what a location in the document named from stands for; a
// Source without a name leaves an import of a schema to the reader. WSDL documents of other
// namespaces become part of main's, which messages do not show. An error says what cannot
// be in one file: xs:redefine, or things of one name in two namespaces.
func Single(main Source, open func(from, location string) (Source, error)) ([]byte, error) {
	m := &merger{open: open, seen: map[string]bool{main.Name: true}, owners: map[string]string{}, root: map[string]string{}}
	plain, err := utf8Of(main)
	if err != nil {
		return nil, err
	}
	s := &scanner{data: plain}
	if k, err := s.next(); err != nil || k != startTag || !s.is(nsWSDL, "definitions") {
		return nil, errors.New("it is not a WSDL 1.1 document")
	}
	root := s.element
	for _, b := range s.bound {
		m.root[string(b.prefix)] = string(b.space)
	}
	if m.space, err = s.value("", "targetNamespace"); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n")
	b.Write(plain[root.tag.from : root.tag.to-1])
	fmt.Fprintf(&b, ` xmlns:%s="%s">`, mergedPrefix, escape(m.space))
	if s.empty {
		return nil, errors.New("it is an empty WSDL document")
	}
	if err := m.definitions(main.Name, m.space, s); err != nil {
		return nil, err
	}
	if len(m.schemas) > 0 {
		b.WriteString("\n<types xmlns=\"" + nsWSDL + "\">\n" + strings.Join(m.schemas, "\n") + "\n</types>")
	}
	b.WriteString("\n" + strings.Join(m.parts, "\n") + "\n</" + string(root.name) + ">\n")
	return []byte(b.String()), nil
}

// mergedPrefix stands for the one namespace of the WSDL. No name of a person's choosing is
// like it.
const mergedPrefix = "single.file"

// merger puts documents together.
type merger struct {
	open    func(from, location string) (Source, error)
	space   string            // of the WSDL that comes out
	root    map[string]string // namespaces that its element declares, by prefix
	seen    map[string]bool   // documents, those without a namespace for each that they take on
	owners  map[string]string // namespaces of the parts by kind and name
	schemas []string
	parts   []string
}

// definitions reads what stands in a WSDL document, of which s has read the first tag.
func (m *merger) definitions(file, space string, s *scanner) error {
	for {
		k, err := s.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return broken(s, err)
		case k != startTag:
			continue
		case s.is(nsWSDL, "import"):
			err = m.importWSDL(file, s)
		case s.is(nsWSDL, "types"):
			err = m.types(file, s)
		default:
			err = m.part(space, s)
		}
		if err != nil {
			return broken(s, err)
		}
	}
}

func broken(s *scanner, err error) error {
	if err == io.ErrUnexpectedEOF {
		return s.fail("the document ends within an element")
	}
	return err
}

// imported is a document that another imports.
type imported struct {
	*scanner // which has read the first tag; nil for a document that was taken over before
	file     string
	space    string // its targetNamespace
}

// load opens an imported document; nil for one that stays outside. as is the namespace
// that it takes on when it has none.
func (m *merger) load(from, location, as string) (*imported, error) {
	src, err := m.open(from, location)
	if err != nil || src.Name == "" {
		return nil, err
	}
	plain, err := utf8Of(src)
	if err != nil {
		return nil, err
	}
	s := &scanner{data: plain}
	if _, err := s.next(); err != nil {
		return nil, broken(s, err)
	}
	space, err := s.value("", "targetNamespace")
	key := src.Name
	if space == "" {
		key += "\n" + as
	}
	if m.seen[key] {
		return &imported{}, err
	}
	if m.seen[key] = true; len(m.seen) > mostSources {
		return nil, fmt.Errorf("it imports more than %d documents", mostSources)
	}
	return &imported{s, src.Name, space}, err
}

func (m *merger) importWSDL(file string, s *scanner) error {
	location, err := s.value("", "location")
	if err == nil {
		_, _, err = s.content()
	}
	if err != nil || location == "" {
		return err
	}
	d, err := m.load(file, location, "")
	switch {
	case err != nil:
		return err
	case d == nil:
		return fmt.Errorf("%s, which it imports, is elsewhere", location)
	case d.scanner == nil:
		return nil
	case d.is(nsXSD, "schema"):
		return m.schema(d.file, "", d.scanner)
	case !d.is(nsWSDL, "definitions"):
		return fmt.Errorf("%s is imported and is not WSDL", location)
	}
	return m.definitions(d.file, d.space, d.scanner)
}

func (m *merger) types(file string, s *scanner) error {
	for depth := s.depth(); ; {
		k, err := s.next()
		switch {
		case err != nil:
			return err
		case k == endTag && s.depth() < depth:
			return nil
		case k == startTag && s.is(nsXSD, "schema"):
			if err := m.schema(file, "", s); err != nil {
				return err
			}
		}
	}
}

// part takes over a message, portType, binding, service or whatever else stands there.
func (m *merger) part(space string, s *scanner) error {
	name, err := s.value("", "name")
	if err != nil {
		return err
	}
	if string(s.element.space) == nsWSDL && name != "" {
		key := string(s.local) + " " + name
		if owner, taken := m.owners[key]; taken && owner != space {
			return fmt.Errorf("two namespaces have a %s", key)
		}
		m.owners[key] = space
	}
	c := newCopy(s, m.root, m.root[""])
	err = c.walk(func() error {
		if a, ok := refers(s); ok {
			return c.requalify(a, m.space)
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.parts = append(m.parts, c.text())
	return nil
}

// refers returns the attribute of the element at hand that names another part of the WSDL.
func refers(s *scanner) (attr, bool) {
	name := ""
	switch local := string(s.local); {
	case string(s.element.space) == nsWSDL && (local == "input" || local == "output" || local == "fault"):
		name = "message"
	case s.is(nsWSDL, "binding"):
		name = "type"
	case s.is(nsWSDL, "port"):
		name = "binding"
	case (string(s.element.space) == nsSOAP11 || string(s.element.space) == nsSOAP12) && strings.HasPrefix(local, "header"):
		name = "message"
	default:
		return attr{}, false
	}
	return s.attr("", name)
}

// schema takes over a schema, with what it includes and imports before it. as is the
// namespace that one without a namespace is included into.
func (m *merger) schema(file, as string, s *scanner) error {
	own, err := s.value("", "targetNamespace")
	if err != nil {
		return err
	}
	c := newCopy(s, m.root, nsWSDL)
	if own == "" && as != "" {
		own = as
		c.adopt(as)
	}
	err = c.walk(func() error {
		if string(s.element.space) != nsXSD {
			return nil
		}
		switch string(s.local) {
		case "redefine":
			return errors.New("a schema is redefined (xs:redefine), which needs a file of its own")
		case "include":
			return m.include(file, own, s, c)
		case "import":
			return m.importSchema(file, s, c)
		}
		return nil
	})
	if err == nil {
		m.schemas = append(m.schemas, c.text())
	}
	return err
}

func (m *merger) include(file, own string, s *scanner, c *copied) error {
	location, err := s.value("", "schemaLocation")
	if err != nil {
		return err
	}
	d, err := m.load(file, location, own)
	if err != nil {
		return err
	}
	if d == nil {
		return fmt.Errorf("%s, which a schema includes, is elsewhere", location)
	}
	from := s.element.tag.from
	if _, _, err := s.content(); err != nil {
		return err
	}
	c.edits = append(c.edits, edit{span{from, s.at}, ""})
	return m.takeOver(d, own)
}

func (m *merger) importSchema(file string, s *scanner, c *copied) error {
	a, ok := s.attr("", "schemaLocation")
	if !ok {
		return nil
	}
	space, err := s.value("", "namespace")
	if err != nil {
		return err
	}
	if space == nsXSD { // every reader has it, and Mono's WCF imports a page for people as it
		c.drop(a)
		return nil
	}
	location, err := s.value("", "schemaLocation")
	if err != nil {
		return err
	}
	d, err := m.load(file, location, "")
	if err != nil || d == nil {
		return err
	}
	c.drop(a)
	return m.takeOver(d, "")
}

func (m *merger) takeOver(d *imported, as string) error {
	if d.scanner == nil {
		return nil
	}
	if !d.is(nsXSD, "schema") {
		return fmt.Errorf("%s is imported and is not a schema", d.file)
	}
	return broken(d.scanner, m.schema(d.file, as, d.scanner))
}

// copied is an element that is taken over, with what makes it stand alone.
type copied struct {
	s     *scanner
	from  int
	to    int
	edits []edit
	bare  bool // no default namespace is in force
}

// newCopy begins with the element at hand: namespaces from outside are declared on it, but
// for those that its new place declares anyway, def being the default one there.
func newCopy(s *scanner, outer map[string]string, def string) *copied {
	c := &copied{s: s, from: s.element.tag.from, bare: true}
	at := c.from + 1 + len(s.element.name)
	seen := map[string]bool{}
	for i := len(s.bound) - 1; i >= 0; i-- {
		b := s.bound[i]
		if seen[string(b.prefix)] {
			continue
		}
		seen[string(b.prefix)] = true
		c.bare = c.bare && (len(b.prefix) > 0 || len(b.space) == 0)
		name, there := "xmlns", def
		if len(b.prefix) > 0 {
			name, there = name+":"+string(b.prefix), outer[string(b.prefix)]
		}
		if i >= s.element.bound || string(b.space) == there {
			continue // declared here
		}
		c.insert(at, fmt.Sprintf(` %s="%s"`, name, escape(string(b.space))))
	}
	if !seen[""] && def != "" {
		c.insert(at, ` xmlns=""`)
	}
	return c
}

func (c *copied) insert(at int, text string) {
	c.edits = append(c.edits, edit{span{at, at}, text})
}

// adopt gives a schema without a namespace one.
func (c *copied) adopt(space string) {
	at := c.from + 1 + len(c.s.element.name)
	c.insert(at, ` targetNamespace="`+escape(space)+`"`)
	if c.bare { // its names without a prefix are its own
		for i, e := range c.edits {
			if e.by == ` xmlns=""` {
				c.edits = slices.Delete(c.edits, i, i+1)
				break
			}
		}
		c.insert(at, ` xmlns="`+escape(space)+`"`)
	}
}

// walk goes through the element to its end; visit sees its start tags.
func (c *copied) walk(visit func() error) error {
	if err := visit(); err != nil {
		return err
	}
	for depth := c.s.depth(); ; {
		k, err := c.s.next()
		switch {
		case err != nil:
			return err
		case k == endTag && c.s.depth() < depth:
			c.to = c.s.at
			return nil
		case k == startTag:
			if err := visit(); err != nil {
				return err
			}
		}
	}
}

// requalify puts a name of the WSDL into the one namespace that there is.
func (c *copied) requalify(a attr, space string) error {
	value := bytes.TrimSpace(c.s.data[a.value.from:a.value.to])
	prefix, local, prefixed := bytes.Cut(value, []byte{':'})
	if !prefixed {
		prefix, local = nil, value
	}
	if bound, ok := c.s.lookup(prefix); !ok {
		return c.s.fail("the prefix %.40q is not bound", prefix)
	} else if string(bound) != space {
		c.edits = append(c.edits, edit{a.value, mergedPrefix + ":" + string(local)})
	}
	return nil
}

// drop takes an attribute out.
func (c *copied) drop(a attr) {
	name := bytes.LastIndex(c.s.data[c.s.element.tag.from:a.value.from], a.local) + c.s.element.tag.from
	c.edits = append(c.edits, edit{span{name, a.value.to + 1}, ""})
}

// text returns the element as it stands alone.
func (c *copied) text() string {
	for i := range c.edits {
		c.edits[i].from -= c.from
		c.edits[i].to -= c.from
	}
	return string(apply(c.s.data[c.from:c.to], c.edits))
}
