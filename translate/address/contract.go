// Package address rewrites the addresses in contracts (WSDL, XML Schema, metadata exchange,
// DISCO) and in the headers of messages. Only the addresses change: every other byte stays
// as it came. It also tells which operation a message is for. It keeps nothing and is safe
// for concurrent use.
package address

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// Place is what an address in a contract is for.
type Place uint8

const (
	Endpoint  Place = iota // where a port is called
	Reference              // another endpoint that policy or metadata name: a token service, say
	Document               // a contract that is imported or found there
	Schema                 // a schema that is imported
)

// Namespaces of contracts.
const (
	nsWSDL   = "http://schemas.xmlsoap.org/wsdl/"
	nsWSDL20 = "http://www.w3.org/ns/wsdl"
	nsSOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
	nsSOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
	nsHTTP   = "http://schemas.xmlsoap.org/wsdl/http/"
	nsXSD    = "http://www.w3.org/2001/XMLSchema"
	nsDisco  = "http://schemas.xmlsoap.org/disco/"
	nsMEX    = "http://schemas.xmlsoap.org/ws/2004/09/mex"

	nsEnvelope11 = "http://schemas.xmlsoap.org/soap/envelope/"
	nsEnvelope12 = "http://www.w3.org/2003/05/soap-envelope"
)

// nsAddressing are the versions of WS-Addressing: the recommendation, and the two drafts
// that stacks went out with.
var nsAddressing = []string{
	"http://www.w3.org/2005/08/addressing",
	"http://schemas.xmlsoap.org/ws/2004/08/addressing",
	"http://schemas.xmlsoap.org/ws/2003/03/addressing",
}

func isAddressing(space []byte) bool {
	for _, ns := range nsAddressing {
		if string(space) == ns {
			return true
		}
	}
	return false
}

// Rewrite returns a contract in which every address is what to returns for it; to gets
// addresses as they are meant, without references and blanks, and may return them
// unchanged. charset is that of the Content-Type, "" for none. A document that is none of
// the kinds of this package is returned as it is. An error is a *Malformed, or says that the
// encoding is not taken.
func Rewrite(doc []byte, charset string, to func(Place, string) string) ([]byte, error) {
	return edited(doc, charset, func(plain []byte) ([]byte, error) {
		if !isContract(plain) {
			return plain, nil
		}
		r := rewriter{scanner: scanner{data: plain}, to: to}
		if err := r.walk(); err == io.ErrUnexpectedEOF {
			return nil, r.fail("the document ends within an element")
		} else if err != nil {
			return nil, err
		}
		return apply(plain, r.edits), nil
	})
}

// isContract reports whether the document's element is one of a contract. What cannot be
// read up to there is none, unless a DOCTYPE hides it.
func isContract(doc []byte) bool {
	s := scanner{data: doc}
	_, err := s.next()
	if bad := (*Malformed)(nil); errors.As(err, &bad) {
		return !htmlPage(doc[s.at:])
	}
	switch {
	case err != nil:
		return false
	case s.is(nsXSD, "schema"), s.is(nsWSDL, "definitions"), s.is(nsWSDL20, "description"), s.is(nsDisco, "discovery"), s.is(nsMEX, "Metadata"):
		return true
	}
	return s.isEnvelope()
}

func (s *scanner) isEnvelope() bool {
	return s.is(nsEnvelope11, "Envelope") || s.is(nsEnvelope12, "Envelope")
}

// htmlPage reports whether what no XML reader takes is a page for people.
func htmlPage(doc []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(doc[:min(len(doc), 64)], " \t\r\n"))
	return !bytes.HasPrefix(head, []byte("<")) || bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// rewriter collects the edits of one document.
type rewriter struct {
	scanner
	to    func(Place, string) string
	edits []edit
	head  int // depth of the soap:Header that is open; 0 for none
}

func (r *rewriter) walk() error {
	for {
		k, err := r.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case k == endTag && r.head > r.depth():
			r.head = 0
		case k == startTag && r.head == 0:
			if err := r.start(); err != nil {
				return err
			}
		}
	}
}

// start looks at one start tag.
func (r *rewriter) start() error {
	switch e := &r.element; {
	case e.is(nsSOAP11, "address"), e.is(nsSOAP12, "address"), e.is(nsHTTP, "address"):
		return r.attribute(Endpoint, "location")
	case e.is(nsWSDL20, "endpoint"):
		return r.attribute(Endpoint, "address")
	case e.is(nsWSDL, "import"), e.is(nsWSDL20, "import"), e.is(nsWSDL20, "include"):
		return r.attribute(Document, "location")
	case string(e.space) == nsXSD && (string(e.local) == "import" || string(e.local) == "include" || string(e.local) == "redefine"):
		return r.attribute(Schema, "schemaLocation")
	case strings.HasPrefix(string(e.space), nsDisco):
		if err := r.attribute(Document, "ref"); err != nil {
			return err
		}
		if err := r.attribute(Document, "docRef"); err != nil {
			return err
		}
		return r.attribute(Endpoint, "address")
	case e.is(nsMEX, "Location"):
		return r.text(Document)
	case isAddressing(e.space) && string(e.local) == "Address":
		if r.ofPort() {
			return r.text(Endpoint)
		}
		return r.text(Reference)
	case r.depth() == 2 && string(e.local) == "Header" && bytes.Equal(e.space, r.open[0].space) && r.envelope():
		r.head = r.depth() // a message's own addresses are for its two ends
	}
	return nil
}

func (r *rewriter) envelope() bool {
	root := scanner{element: r.open[0]}
	return root.isEnvelope()
}

// ofPort reports whether the Address at hand is in the EndpointReference of a wsdl:port.
func (r *rewriter) ofPort() bool {
	n := len(r.open)
	return n >= 3 && string(r.open[n-2].local) == "EndpointReference" && r.open[n-3].is(nsWSDL, "port")
}

func (r *rewriter) attribute(p Place, name string) error {
	a, ok := r.attr("", name)
	if !ok {
		return nil
	}
	v, err := r.value("", name)
	if err != nil {
		return err
	}
	r.replace(p, a.value, v)
	return nil
}

// text replaces the text of the element at hand.
func (r *rewriter) text(p Place) error {
	value, inner, err := r.content()
	if err == nil {
		r.replace(p, inner, value)
	}
	return err
}

func (r *rewriter) replace(p Place, at span, value string) {
	value = strings.TrimSpace(value)
	if by := r.to(p, value); by != value {
		r.edits = append(r.edits, edit{r.trimmed(at), escape(by)})
	}
}

// trimmed leaves the blanks around a value where they are.
func (s *scanner) trimmed(at span) span {
	for at.from < at.to && s.data[at.from] <= ' ' {
		at.from++
	}
	for at.from < at.to && s.data[at.to-1] <= ' ' {
		at.to--
	}
	return at
}

// content reads the element at hand to its end and returns its text and where all that
// it holds stands. One with elements in it has no text.
func (s *scanner) content() (value string, inner span, err error) {
	depth, start := s.depth(), s.at
	var b strings.Builder
	nested := false
	for {
		k, err := s.next()
		switch {
		case err != nil:
			return "", span{}, err
		case k == endTag && s.depth() < depth:
			if nested {
				return "", span{start, start}, nil
			}
			return b.String(), span{start, s.piece.from}, nil
		case k == startTag:
			nested = true
		case k == text && s.cdata:
			b.Write(s.data[s.piece.from:s.piece.to])
		case k == text:
			piece, err := decode(s.data[s.piece.from:s.piece.to])
			if err != nil {
				return "", span{}, s.fail("%v", err)
			}
			b.WriteString(piece)
		}
	}
}
