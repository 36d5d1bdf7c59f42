package document

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a document. Real ones stay far below: the deepest of them has 25 levels.
const (
	maxDepth = 256
	maxAttrs = 256
	maxDoc   = 4 << 10 // bytes kept of a documentation
)

// Parse reads a document. The encoding is that of its byte order mark or declaration.
// Errors name the line. A DTD is refused: it can name further files and entities.
func Parse(r io.Reader) (*Node, error) {
	root, _, err := parse(r)
	return root, err
}

// parse says too whether the document has a namespace of drafts.
func parse(r io.Reader) (root *Node, old bool, err error) {
	d, err := newDecoder(r)
	if err != nil {
		return nil, false, err
	}
	p := &parser{Decoder: d, known: map[string]string{}}
	if err := p.run(); err != nil {
		line, _ := d.InputPos()
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			err = errors.New(syntax.Msg)
		}
		return nil, false, fmt.Errorf("line %d: %w", line, err)
	}
	return p.root, p.old, nil
}

type parser struct {
	*xml.Decoder
	root  *Node
	open  []*Node
	raw   []xml.Name // of open, with prefixes
	docs  int        // elements open from a documentation on
	text  strings.Builder
	known map[string]string // names occur often: each is kept once
	old   bool
}

// drafts are namespaces of XML Schema before it was finished. Tools of 2000 still wrote
// them, with what the final one has too.
var drafts = map[string]bool{"http://www.w3.org/1999/XMLSchema": true, "http://www.w3.org/2000/10/XMLSchema": true}

func (p *parser) space(uri string) string {
	if drafts[uri] {
		p.old, uri = true, "http://www.w3.org/2001/XMLSchema"
	}
	return p.intern(uri)
}

func (p *parser) intern(s string) string {
	if known, ok := p.known[s]; ok {
		return known
	}
	s = strings.Clone(s)
	p.known[s] = s
	return s
}

func (p *parser) run() error {
	for {
		token, err := p.RawToken()
		if errors.Is(err, io.EOF) && p.root != nil && len(p.open) == 0 {
			return nil
		} else if errors.Is(err, io.EOF) {
			return errors.New("the document ends early")
		} else if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = p.start(t)
		case xml.EndElement:
			err = p.end(t.Name)
		case xml.CharData:
			err = p.chars(t)
		case xml.Directive:
			err = errors.New("a DTD is not read; take the DOCTYPE out of the file")
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) start(t xml.StartElement) error {
	var around *scope
	if len(p.open) > 0 {
		around = p.open[len(p.open)-1].scope
	} else if p.root != nil {
		return errors.New("a second root element")
	}
	if len(p.open) >= maxDepth {
		return fmt.Errorf("elements nest deeper than %d", maxDepth)
	}
	if len(t.Attr) > maxAttrs {
		return fmt.Errorf("<%s> has more than %d attributes", t.Name.Local, maxAttrs)
	}
	line, _ := p.InputPos()
	n := &Node{Line: line, scope: around}
	attrs := 0
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns":
			n.scope = &scope{p.intern(a.Name.Local), p.space(a.Value), n.scope}
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			n.scope = &scope{"", p.space(a.Value), n.scope}
		default:
			attrs++
		}
	}
	var err error
	if n.Name, err = p.expand(n, t.Name, true); err != nil {
		return err
	}
	if p.docs > 0 || n.Name.Local == "documentation" {
		p.docs++
	}
	if err := p.attributes(n, t.Attr, attrs); err != nil {
		return err
	}
	if p.root == nil {
		p.root = n
	} else if p.docs <= 1 {
		parent := p.open[len(p.open)-1]
		parent.Children = append(parent.Children, n)
	}
	p.open, p.raw = append(p.open, n), append(p.raw, t.Name)
	return nil
}

func (p *parser) attributes(n *Node, all []xml.Attr, count int) error {
	if count == 0 {
		return nil
	}
	n.Attrs = make([]Attr, 0, count)
	for _, a := range all {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		name, err := p.expand(n, a.Name, false)
		if err != nil {
			return err
		}
		if _, twice := n.lookup(name.Space, name.Local); twice {
			return fmt.Errorf("<%s> has the attribute %s twice", n.Name.Local, a.Name.Local)
		}
		n.Attrs = append(n.Attrs, Attr{name, p.intern(a.Value)})
	}
	return nil
}

// expand gives a name its namespace; attributes without a prefix are in none.
func (p *parser) expand(n *Node, raw xml.Name, element bool) (Name, error) {
	name := Name{Local: p.intern(raw.Local)}
	if raw.Space == "" && !element {
		return name, nil
	}
	space, ok := n.scope.lookup(raw.Space)
	if !ok {
		return name, fmt.Errorf("the prefix %s of %s is not declared", raw.Space, raw.Local)
	}
	name.Space = space
	return name, nil
}

func (p *parser) end(name xml.Name) error {
	last := len(p.open) - 1
	if last < 0 || p.raw[last] != name {
		return fmt.Errorf("</%s> closes no open element", name.Local)
	}
	if p.docs == 1 {
		p.open[last].Text = strings.Join(strings.Fields(p.text.String()), " ")
		p.text.Reset()
	}
	p.docs = max(0, p.docs-1)
	p.open, p.raw = p.open[:last], p.raw[:last]
	return nil
}

func (p *parser) chars(text xml.CharData) error {
	if len(p.open) == 0 && strings.Trim(string(text), " \t\r\n") != "" {
		return errors.New("text outside of the root element")
	}
	if p.docs > 0 && p.text.Len() < maxDoc {
		p.text.WriteString(strings.ToValidUTF8(string(text[:min(len(text), maxDoc-p.text.Len())]), ""))
	}
	return nil
}
