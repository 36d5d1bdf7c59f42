package translate

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"twohop/translate/jsonin"
	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// chunk is how much of a message is given away at a time.
const chunk = 32 << 10

// encoder writes one message from JSON. What it makes stays in out while a member may
// still come that belongs before it; the rest is given away.
type encoder struct {
	op      *Operation
	msg     *wsdl.Message
	in      jsonin.Reader
	out     []byte
	gone    int64 // bytes that were given away before out
	yield   func([]byte) bool
	frames  []frame // objects that are open, the outermost first
	scratch []byte
	spare   []byte
	lit     []byte
	matcher matcher
	anon    int // prefixes made up for names that the contract does not know
}

// encoders are for one message after the other.
var encoders = sync.Pool{New: func() any { return &encoder{out: make([]byte, 0, 4<<10)} }}

func newEncoder(o *Operation, m *wsdl.Message, yield func([]byte) bool) *encoder {
	e := encoders.Get().(*encoder)
	e.op, e.msg, e.yield = o, m, yield
	return e
}

// free keeps what e has allocated for the next message, unless that is much.
func (e *encoder) free() {
	if cap(e.out)+cap(e.scratch)+cap(e.lit) > 4*chunk {
		return
	}
	e.in.Reset(nil)
	*e = encoder{in: e.in, out: e.out[:0], frames: e.frames[:0], scratch: e.scratch, spare: e.spare, lit: e.lit, matcher: matcher{used: e.matcher.used, order: e.matcher.order}}
	encoders.Put(e)
}

func (e *encoder) text(s string) { e.out = append(e.out, s...) }

// pos is where the next byte of the message comes.
func (e *encoder) pos() int64 { return e.gone + int64(len(e.out)) }

// flush gives away everything.
func (e *encoder) flush() error { return e.give(len(e.out)) }

func (e *encoder) give(n int) error {
	if n > 0 && !e.yield(e.out[:n]) {
		return errStopped
	}
	e.gone += int64(n)
	e.out = e.out[:copy(e.out, e.out[n:])]
	return nil
}

// room gives away what is settled when there is enough of it.
func (e *encoder) room() error {
	if len(e.out) < chunk {
		return nil
	}
	for {
		f := e.holding()
		if f == nil {
			return e.flush()
		}
		if n := int(f.hold - e.gone); n >= chunk {
			return e.give(n)
		}
		if int64(len(e.out)) <= e.op.service.options.Cap {
			return nil
		}
		if !f.commit() {
			return &TooLarge{e.op.service.options.Cap, "the members of an object must be held to be put in the order of the contract"}
		}
	}
}

// holding returns the outermost object that holds something, nil for none.
func (e *encoder) holding() *frame {
	for i := range e.frames {
		if e.frames[i].holds {
			return &e.frames[i]
		}
	}
	return nil
}

// body writes the children of soap:Body.
func (e *encoder) body(src io.Reader) error {
	e.in.Reset(src)
	c, err := e.in.Peek()
	if err == jsonin.ErrShort { // an empty body
		e.in.Reset(strings.NewReader("{}"))
		c, err = e.in.Peek()
	}
	if err != nil {
		return syntax(err)
	}
	switch len(e.msg.Body) {
	case 0:
		err = e.nothing()
	case 1:
		err = e.root(e.msg.Body[0], c)
	default:
		err = e.several()
	}
	if err == nil {
		err = e.in.End()
	}
	return syntax(err)
}

// nothing reads the {} of a message without content.
func (e *encoder) nothing() error {
	c, err := e.in.Value()
	if err != nil {
		return err
	}
	if c == 'n' {
		_, err = e.in.Literal()
		return err
	}
	if c != '{' {
		return &Invalid{What: "the operation takes nothing", Expected: "an empty object", Example: "{}"}
	}
	if err := e.in.Open(); err != nil {
		return err
	}
	more, err := e.in.Next('}', true)
	if err != nil || !more {
		return err
	}
	key, err := e.in.Key()
	if err != nil {
		return err
	}
	return at(&Invalid{What: "the operation takes nothing", Expected: "an empty object", Example: "{}"}, string(key))
}

// root writes the element whose content the JSON is.
func (e *encoder) root(el *xsd.Element, c byte) error {
	if c == 'n' && !el.Nillable {
		if _, err := e.in.Literal(); err != nil {
			return err
		}
		e.name(el.Name)
		e.text("/>")
		return nil
	}
	return e.element(el)
}

// several writes a body of several parts: an object of them by name, in the order of the
// contract.
func (e *encoder) several() error {
	return e.object(e.op.service.side(e.msg), xsd.Name{})
}

// header writes a header block.
func (e *encoder) header(v HeaderValue) error {
	for _, h := range e.msg.Headers {
		if h.Part != v.Part && h.Element.Name.Local != v.Part {
			continue
		}
		e.in.Reset(bytes.NewReader(v.JSON))
		err := e.element(h.Element)
		if err == nil {
			err = e.in.End()
		}
		return at(syntax(err), v.Part)
	}
	return at(&Invalid{What: "the operation has no such header"}, v.Part)
}

// syntax makes an error of the JSON reader the caller's.
func syntax(err error) error {
	switch x := err.(type) {
	case *jsonin.SyntaxError:
		return &Invalid{What: fmt.Sprintf("this is not JSON: %s", x.Error())}
	}
	if err == jsonin.ErrShort {
		return &Invalid{What: "this is not JSON: it ends too early"}
	}
	return err
}

// name writes < and the name of an element.
func (e *encoder) name(n xsd.Name) {
	e.out = append(e.out, '<')
	e.prefixed(n)
}

func (e *encoder) prefixed(n xsd.Name) {
	if p := e.op.service.known.of[n.Space]; p != "" {
		e.out = append(e.out, p...)
		e.out = append(e.out, ':')
	}
	e.out = append(e.out, n.Local...)
}

func (e *encoder) end(n xsd.Name) {
	e.out = append(e.out, '<', '/')
	e.prefixed(n)
	e.out = append(e.out, '>')
}

func (e *encoder) shape(t *xsd.Type) *shape.Shape { return e.op.service.Shapes.Of(t) }
