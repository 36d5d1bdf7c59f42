// Package markup reads and writes XML as messages hold it: XML 1.0 (fifth edition) with
// Namespaces in XML 1.0, token by token from a stream, strictly, without DTDs. Memory does
// not grow with the document, and in the steady state a token allocates nothing.
package markup

import (
	"cmp"
	"io"
)

// Limits bounds what a Reader holds. Zero stands for the default.
type Limits struct {
	Depth      int // elements inside each other; 256
	Name       int // bytes of a name with its prefix; 1 KiB
	Attributes int // of one element, declarations of namespaces not counted; 256
	Namespaces int // declarations in scope at one element; 256
	Value      int // bytes of an attribute's value as written; 64 KiB
	Tag        int // bytes of a start tag; 1 MiB
	Element    int // bytes that AppendElement appends; 1 MiB
}

func (l Limits) orDefaults() Limits {
	return Limits{
		Depth: cmp.Or(l.Depth, 256), Name: cmp.Or(l.Name, 1<<10), Attributes: cmp.Or(l.Attributes, 256), Namespaces: cmp.Or(l.Namespaces, 256),
		Value: cmp.Or(l.Value, 64<<10), Tag: cmp.Or(l.Tag, 1<<20), Element: cmp.Or(l.Element, 1<<20),
	}
}

// Kind says what a token is.
type Kind uint8

// The tokens. Comments and processing instructions are skipped; <a/> is a Start and an End.
const (
	Start Kind = iota + 1
	End
	Text
)

// Name is an expanded name. Local is valid until the next call of Next.
type Name struct {
	Space string // "" for none
	Local []byte
}

// Attr is an attribute. Its slices are valid until the next call of Next.
type Attr struct {
	Name
	Prefix []byte // empty for none
	Value  []byte // decoded, white space normalised (section 3.3.3 of XML: CDATA)
}

// Reader is a pull tokenizer. It is not safe for concurrent use.
type Reader struct {
	source
	limits Limits
	err    error
	state  state
	tok    int // where the token at hand starts in buf

	open    []open // elements, the outermost first
	names   []byte // their names as written, one after the other
	scope   []binding
	strings map[string]string // what namespaces and prefixes are called

	attrs   []Attr
	xmlns   []Attr // declarations of the tag that is being read
	text    []byte
	scratch []byte // decoded values
	cdata   bool   // the text goes on in a CDATA section
}

// open is an element that has not ended.
type open struct {
	space  string
	name   int // where it starts in names
	prefix int // bytes of the prefix, 0 for none
	scope  int // bindings outside of it
}

// state is what Next has to do first, or where in the document it stands.
type state uint8

const (
	unread   state = iota // nothing has been read
	prolog                // before the root
	content               // in the root
	emptyTag              // the End of <a/> is due
	ended                 // an End is at hand: its element is to be left
	epilog                // after the root
	whole                 // at the end
)

// NewReader returns a Reader of r. charset is what the transport says about the encoding
// (the charset of Content-Type), "" for nothing. A byte order mark goes before it, and it
// goes before the XML declaration (RFC 7303, section 3). r is read only when what has been
// read holds no whole token.
func NewReader(r io.Reader, charset string, l Limits) *Reader {
	d := &Reader{strings: make(map[string]string, 8)}
	// As much as most messages need.
	d.scope = make([]binding, 0, 8)
	d.open, d.names = make([]open, 0, 16), make([]byte, 0, 256)
	d.attrs, d.xmlns, d.scratch = make([]Attr, 0, 4), make([]Attr, 0, 4), make([]byte, 0, 256)
	d.Reset(r, charset, l)
	return d
}

// Reset makes d a Reader of r, as NewReader does. What d has returned is no longer valid,
// but for namespaces, whose strings it keeps.
func (d *Reader) Reset(r io.Reader, charset string, l Limits) {
	if len(d.buf) > buffer {
		d.buf = nil // of a message that was not like others
	}
	if len(d.strings) > 64 {
		clear(d.strings)
	}
	*d = Reader{
		source: source{src: r, charset: charset, line: 1, buf: d.buf},
		limits: l.orDefaults(), strings: d.strings, scope: append(d.scope[:0], binding{"xml", xmlSpace}),
		open: d.open[:0], names: d.names[:0], attrs: d.attrs[:0], xmlns: d.xmlns[:0], scratch: d.scratch[:0],
	}
}

// Next reads a token. At the end of a whole document the error is io.EOF; when the
// document breaks off it is an io.ErrUnexpectedEOF, when it is no XML or goes beyond a limit
// a *SyntaxError, and what the underlying reader says is passed on as it is. After an error
// Next returns it again.
func (r *Reader) Next() (Kind, error) {
	if r.err != nil {
		return 0, r.err
	}
	k, err := r.next()
	if err != nil {
		if err == io.EOF && r.state != whole {
			err = r.short()
		}
		r.err = err
	}
	return k, err
}

func (r *Reader) next() (Kind, error) {
	switch r.state {
	case content:
	case unread:
		if err := r.begin(); err != nil {
			return 0, err
		}
		r.state = prolog
		if err := r.declaration(); err != nil {
			return 0, err
		}
	case emptyTag:
		r.state = ended
		return End, nil
	case ended:
		r.leave()
	}
	for {
		if r.cdata {
			if k, err := r.section(); k != 0 || err != nil {
				return k, err
			}
		}
		if r.pos == r.end {
			if err := r.more(); err != nil {
				if r.state == epilog && err == io.EOF {
					r.state = whole
				}
				return 0, err
			}
		}
		if r.buf[r.pos] != '<' {
			if r.state == content {
				return r.chars()
			}
			if err := r.blank(); err != nil {
				return 0, err
			}
			continue
		}
		if err := r.need(2); err != nil {
			return 0, err
		}
		var err error
		switch r.buf[r.pos+1] {
		case '/':
			return r.endTag()
		case '!':
			err = r.bang()
		case '?':
			err = r.instruction()
		default:
			return r.startTag()
		}
		if err != nil {
			return 0, err
		}
	}
}

// leave takes the element whose End has been returned off the stack.
func (r *Reader) leave() {
	last := len(r.open) - 1
	o := &r.open[last]
	r.names = r.names[:o.name]
	r.scope = r.scope[:o.scope]
	r.open = r.open[:last]
	r.state = content
	if last == 0 {
		r.state = epilog
	}
}

// Name returns the name of the element at hand: that starts or ends, or, at Text, is open.
// There is none before the first token and after the last.
func (r *Reader) Name() Name {
	if len(r.open) == 0 {
		return Name{}
	}
	o := &r.open[len(r.open)-1]
	local := o.name
	if o.prefix > 0 {
		local += o.prefix + 1
	}
	return Name{o.space, r.names[local:len(r.names):len(r.names)]}
}

// Attrs returns the attributes of the element that starts, declarations of namespaces
// not among them. After an End or Text it means nothing.
func (r *Reader) Attrs() []Attr { return r.attrs }

// Declarations returns the declarations of namespaces in the start tag at hand: xmlns:p has
// the Local p, and xmlns an empty Prefix. After an End or Text they mean nothing.
func (r *Reader) Declarations() []Attr { return r.xmlns }

// Text returns a piece of text: a run of characters with references resolved, or of
// a CDATA section. Runs longer than some KiB come in several, as do those around comments
// and sections; none splits a character. It is valid until the next call of Next.
func (r *Reader) Text() []byte { return r.text }

// Depth is the number of open elements, the one that starts or ends included.
func (r *Reader) Depth() int { return len(r.open) }

// Position says where the token at hand starts: a line from 1, and a column from 1, in
// bytes of UTF-8.
func (r *Reader) Position() (line, column int) { return r.locate(r.tok) }
