package translate

import (
	"errors"
	"io"
	"sync"

	"twohop/translate/markup"
	"twohop/translate/shape"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// Form is what an answer becomes.
type Form uint8

// The forms of an answer.
const (
	JSON Form = iota
	XML       // the children of soap:Body
)

// Answer translates the envelope of body. Errors: *Fault for a SOAP Fault, *Broken for an
// answer that is not what the contract says, *TooLarge, those of body.
func (o *Operation) Answer(body io.Reader, charset string, as Form) *Stream {
	return newStream(o.service.options.Cap, func(yield func([]byte) bool) error {
		d := o.decoder(body, charset, yield)
		defer d.free()
		return broken(d.envelope(as))
	})
}

// decoders are for one message after the other.
var decoders = sync.Pool{New: func() any {
	return &decoder{out: make([]byte, 0, 4<<10), r: markup.NewReader(nil, "", markup.Limits{})}
}}

func (o *Operation) decoder(body io.Reader, charset string, yield func([]byte) bool) *decoder {
	d := decoders.Get().(*decoder)
	d.op, d.yield, d.feed = o, yield, drained{d, body}
	d.r.Reset(&d.feed, charset, markup.Limits{Element: int(o.service.options.Cap)})
	return d
}

// free keeps what d has allocated for the next message, unless that is much.
func (d *decoder) free() {
	if cap(d.out)+cap(d.scratch)+cap(d.lit) > 4*chunk {
		return
	}
	d.r.Reset(nil, "", markup.Limits{})
	*d = decoder{r: d.r, out: d.out[:0], frames: d.frames[:0], lit: d.lit, scratch: d.scratch}
	decoders.Put(d)
}

// decoder writes JSON from one message.
type decoder struct {
	op      *Operation
	msg     *wsdl.Message
	r       *markup.Reader
	feed    drained // what r reads
	out     []byte
	gone    int64 // bytes that were given away before out
	yield   func([]byte) bool
	most    int64 // of out, where all of it is kept and nothing given away; 0 for a stream
	frames  []object
	lit     []byte
	scratch []byte
}

// drained gives away what is ready before it waits for more of the answer.
type drained struct {
	d   *decoder
	src io.Reader
}

func (x *drained) Read(p []byte) (int, error) {
	if err := x.d.give(); err != nil {
		return 0, err
	}
	return x.src.Read(p)
}

func (d *decoder) pos() int64 { return d.gone + int64(len(d.out)) }

// give gives away what is settled.
func (d *decoder) give() error {
	if d.most > 0 {
		return nil
	}
	n := len(d.out)
	for i := range d.frames {
		if d.frames[i].apart {
			n = int(d.frames[i].begun - d.gone)
			break
		}
	}
	if n <= 0 {
		return nil
	}
	if !d.yield(d.out[:n]) {
		return errStopped
	}
	d.gone += int64(n)
	d.out = d.out[:copy(d.out, d.out[n:])]
	return nil
}

// room gives away what is settled when there is enough of it.
func (d *decoder) room() error {
	switch {
	case d.most > 0 && int64(len(d.out)) > d.most:
		return &TooLarge{d.most, "a part of an answer that is held whole"}
	case d.most > 0 || len(d.out) < chunk:
		return nil
	}
	if err := d.give(); err != nil {
		return err
	}
	if most := d.op.service.options.Cap; int64(len(d.out)) > 2*most {
		return &TooLarge{most, "elements of several names may be mixed, so that they are held to be put together by name"}
	}
	return nil
}

func (d *decoder) text(s string) { d.out = append(d.out, s...) }

// broken makes an error of the XML reader one of the answer.
func broken(err error) error {
	var syntax *markup.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return &Broken{What: "the answer is not well-formed XML: " + syntax.Error()}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Broken{What: "the answer ends in the middle", Cut: true}
	}
	return err
}

// inside puts an element's name in front of the path of an error.
func inside(err error, name string) error {
	if x, ok := err.(*Broken); ok {
		x.Path = "/" + name + x.Path
	}
	return err
}

// envelope reads the whole message.
func (d *decoder) envelope(as Form) error {
	soap, err := d.open()
	if err != nil {
		return err
	}
	kind, err := d.child()
	if err != nil {
		return err
	}
	if kind == markup.Start && string(d.r.Name().Local) == "Fault" && d.r.Name().Space == soap {
		return d.fault(soap)
	}
	d.msg = d.op.Output
	if d.msg == nil {
		return &Broken{What: "the operation has no answer, but one came"}
	}
	if as == XML {
		err = d.xmlBody(kind)
	} else {
		err = d.body(kind)
	}
	if err != nil {
		return err
	}
	last := byte(0)
	if n := len(d.out); n > 0 { // what makes the answer whole waits for the end of the message
		last, d.out = d.out[n-1], d.out[:n-1]
	}
	for err == nil {
		_, err = d.r.Next()
	}
	if err != io.EOF {
		return err
	}
	if last != 0 {
		d.out = append(d.out, last)
	}
	return d.give()
}

// open reads up to the Body's start tag, and returns the namespace of the envelope.
func (d *decoder) open() (soap string, err error) {
	kind, err := d.r.Next()
	if err != nil {
		return "", err
	}
	name := d.r.Name()
	soap = name.Space
	if kind != markup.Start || string(name.Local) != "Envelope" || soap != ns11 && soap != ns12 {
		return "", &Broken{What: "the answer is no SOAP envelope: it begins with " + d.named()}
	}
	for {
		kind, err := d.child()
		switch {
		case err != nil:
			return "", err
		case kind == markup.End:
			return "", &Broken{Path: "/Envelope", What: "there is no Body"}
		case string(d.r.Name().Local) == "Body" && d.r.Name().Space == soap:
			return soap, nil
		}
		if err := d.r.Skip(); err != nil {
			return "", err
		}
	}
}

// child goes to the next start tag, or to the end tag of the element around it.
func (d *decoder) child() (markup.Kind, error) {
	for {
		kind, err := d.r.Next()
		if err != nil || kind != markup.Text {
			return kind, err
		}
		if !blank(d.r.Text()) {
			return 0, &Broken{What: "there is text between elements"}
		}
	}
}

func blank(p []byte) bool {
	for _, c := range p {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// named is the name at hand for an error.
func (d *decoder) named() string {
	n := d.r.Name()
	return xsd.Name{Space: n.Space, Local: string(n.Local)}.String()
}

// body writes what stands in soap:Body, whose first child is at hand if kind is Start.
func (d *decoder) body(kind markup.Kind) error {
	if d.msg.Encoded && kind == markup.Start {
		return d.encodedBody()
	}
	switch {
	case len(d.msg.Body) == 0 || kind == markup.End:
		d.text("{}")
		if kind == markup.Start {
			return d.r.Skip()
		}
		return nil
	case len(d.msg.Body) > 1:
		return d.parts()
	}
	el := d.msg.Body[0]
	if n := d.r.Name(); !d.op.RPC && (n.Space != el.Name.Space || string(n.Local) != el.Name.Local) {
		return &Broken{Path: "/Envelope/Body", What: "the answer is " + d.named() + "; the contract says " + el.Name.String()}
	}
	return inside(d.value(el), el.Name.Local)
}

// parts writes a body of several parts.
func (d *decoder) parts() error {
	d.push(d.shape(d.op.service.side(d.msg)))
	d.text("{")
	if err := d.member(); err != nil {
		return err
	}
	return d.members()
}

// xmlBody writes the children of soap:Body as they are.
func (d *decoder) xmlBody(kind markup.Kind) (err error) {
	for kind == markup.Start {
		if d.out, err = d.r.AppendElement(d.out); err != nil {
			return err
		}
		if int64(len(d.out)) > d.op.service.options.Cap {
			return &TooLarge{d.op.service.options.Cap, "an answer that is wanted as XML is held whole"}
		}
		if kind, err = d.child(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) shape(t *xsd.Type) *shape.Shape { return d.op.service.Shapes.Of(t) }
