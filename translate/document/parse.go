package document

import (
	"errors"
	"io"
	"strings"

	"twohop/translate/markup"
)

const (
	// Real contracts stay far below the limits of package markup but for this one: enumerations
	// and documentation stand in attributes too.
	maxValue = 1 << 20
	maxDoc   = 4 << 10 // bytes kept of a documentation
)

// Parse reads a document, in the encoding that its byte order mark or its declaration
// says. Errors name the line. A DTD is refused: it can name further files and entities.
func Parse(r io.Reader) (*Node, error) {
	root, _, err := parse(r)
	return root, err
}

// parse says too whether the document has a namespace of drafts.
func parse(r io.Reader) (root *Node, old bool, err error) {
	p := &parser{Reader: markup.NewReader(r, "", markup.Limits{Value: maxValue}), known: map[string]string{}}
	for {
		kind, err := p.Next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return p.root, p.old, nil
		} else if err != nil {
			return nil, false, err
		}
		switch kind {
		case markup.Start:
			p.start()
		case markup.End:
			p.end()
		case markup.Text:
			p.chars(p.Text())
		}
	}
}

type parser struct {
	*markup.Reader
	root  *Node
	open  []*Node
	docs  int // elements open from a documentation on
	text  strings.Builder
	known map[string]string // names occur often: each is kept once
	old   bool
}

// drafts are namespaces of XML Schema before it was finished. Tools of 2000 still wrote
// them, with what the final one has too.
var drafts = map[string]bool{"http://www.w3.org/1999/XMLSchema": true, "http://www.w3.org/2000/10/XMLSchema": true}

const schemas = "http://www.w3.org/2001/XMLSchema"

func (p *parser) intern(b []byte) string {
	if known, ok := p.known[string(b)]; ok {
		return known
	}
	s := string(b)
	p.known[s] = s
	return s
}

// space is a namespace, the final one for a draft.
func (p *parser) space(uri string) string {
	if drafts[uri] {
		p.old = true
		return schemas
	}
	return uri
}

func (p *parser) start() {
	name := p.Name()
	n := &Node{Name: Name{p.space(name.Space), p.intern(name.Local)}}
	if p.docs > 0 || n.Name.Local == "documentation" {
		p.docs++
	}
	if len(p.open) > 0 {
		n.scope = p.open[len(p.open)-1].scope
	}
	p.open = append(p.open, n)
	if p.docs > 1 {
		return // of it only the text is kept
	}
	n.Line, _ = p.Position()
	for _, d := range p.Declarations() {
		prefix := ""
		if len(d.Prefix) > 0 {
			prefix = p.intern(d.Local)
		}
		n.scope = &scope{prefix, p.space(p.intern(d.Value)), n.scope}
	}
	if attrs := p.Attrs(); len(attrs) > 0 {
		n.Attrs = make([]Attr, len(attrs))
		for i, a := range attrs {
			n.Attrs[i] = Attr{Name{p.space(a.Space), p.intern(a.Local)}, p.intern(a.Value)}
		}
	}
	if p.root == nil {
		p.root = n
		return
	}
	parent := p.open[len(p.open)-2]
	parent.Children = append(parent.Children, n)
}

func (p *parser) end() {
	last := len(p.open) - 1
	if p.docs == 1 {
		p.open[last].Text = strings.Join(strings.Fields(p.text.String()), " ")
		p.text.Reset()
	}
	p.docs = max(0, p.docs-1)
	p.open = p.open[:last]
}

func (p *parser) chars(text []byte) {
	if p.docs > 0 && p.text.Len() < maxDoc {
		p.text.WriteString(strings.ToValidUTF8(string(text[:min(len(text), maxDoc-p.text.Len())]), ""))
	}
}
