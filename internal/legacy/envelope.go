package legacy

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth = 32
	maxItem  = 64 // characters of an item number
)

// parseGetStock reads a GetStock request and returns its item, or the Fault to answer with.
func parseGetStock(r io.Reader) (string, *fault) {
	p := &parser{dec: xml.NewDecoder(r)}
	p.dec.Strict = true

	root, ok := p.child()
	if p.fault == nil && !ok {
		p.refuse("the request is empty")
	}
	if p.fault == nil && root.Name != (xml.Name{Space: envelopeNS, Local: "Envelope"}) {
		p.fault = &fault{Code: "VersionMismatch", Text: fmt.Sprintf("%s in %q is not a SOAP 1.1 Envelope", root.Name.Local, root.Name.Space)}
	}
	part, ok := p.child()
	if ok && part.Name == (xml.Name{Space: envelopeNS, Local: "Header"}) {
		p.header()
		part, ok = p.child()
	}
	p.expect(part, ok, envelopeNS, "Body")
	operation, ok := p.child()
	p.expect(operation, ok, stockNS, "GetStock")
	parameter, ok := p.child()
	p.expect(parameter, ok, stockNS, "item")
	item := strings.TrimSpace(p.text())
	for _, name := range []string{"GetStock", "Body", "Envelope"} {
		if extra, more := p.child(); more {
			p.refuse("unexpected element %s in %s", extra.Name.Local, name)
		}
	}
	if extra, more := p.child(); more { // a second root, which encoding/xml lets pass
		p.refuse("unexpected element %s after the Envelope", extra.Name.Local)
	}
	if p.fault == nil && (item == "" || utf8.RuneCountInString(item) > maxItem) {
		p.refuse("item must have 1 to %d characters", maxItem)
	}
	if p.fault != nil {
		return "", p.fault
	}
	return item, nil
}

// parser walks a document. After its first fault every method does nothing, so that callers look once, at the end.
type parser struct {
	dec   *xml.Decoder
	depth int
	fault *fault
}

// refuse records the first fault.
func (p *parser) refuse(format string, args ...any) {
	if p.fault == nil {
		p.fault = &fault{Code: "Client", Text: fmt.Sprintf(format, args...)}
	}
}

// token returns the next start or end of an element or piece of text, or nil at the end and after a fault.
func (p *parser) token() xml.Token {
	for p.fault == nil {
		t, err := p.dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			p.refuse("the request is not well-formed XML: %v", err)
			return nil
		}
		switch t := t.(type) {
		case xml.Directive:
			p.refuse("a document type declaration is not allowed (SOAP 1.1 section 3)")
		case xml.ProcInst:
			if t.Target != "xml" {
				p.refuse("a processing instruction is not allowed (SOAP 1.1 section 3)")
			}
		case xml.Comment:
		case xml.StartElement:
			if p.depth++; p.depth > maxDepth {
				p.refuse("the request is nested more than %d deep", maxDepth)
			}
			return t
		case xml.EndElement:
			p.depth--
			return t
		default:
			return t
		}
	}
	return nil
}

// child enters the next element inside the present one, or leaves the present one and returns false if there is none.
func (p *parser) child() (xml.StartElement, bool) {
	for {
		switch t := p.token().(type) {
		case xml.StartElement:
			return t, p.fault == nil
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				p.refuse("text where an element was expected")
			}
		default:
			return xml.StartElement{}, false
		}
	}
}

// text reads up to the end of the present element, which may hold text only.
func (p *parser) text() string {
	var b strings.Builder
	for {
		switch t := p.token().(type) {
		case xml.StartElement:
			p.refuse("unexpected element %s in a value", t.Name.Local)
		case xml.CharData:
			b.Write(t)
		default:
			return b.String()
		}
	}
}

// expect refuses e unless it is the element named.
func (p *parser) expect(e xml.StartElement, ok bool, space, local string) {
	if !ok {
		p.refuse("%s is missing", local)
	} else if e.Name != (xml.Name{Space: space, Local: local}) {
		p.refuse("%s in %q where %s in %q was expected", e.Name.Local, e.Name.Space, local, space)
	}
}

// header passes over the Header's entries. This service understands none, so one that must be understood is a fault
// (SOAP 1.1 section 4.2.3).
func (p *parser) header() {
	for {
		entry, ok := p.child()
		if !ok {
			return
		}
		for _, a := range entry.Attr {
			if a.Name == (xml.Name{Space: envelopeNS, Local: "mustUnderstand"}) && a.Value == "1" {
				p.fault = &fault{Code: "MustUnderstand", Text: fmt.Sprintf("header %s is not understood", entry.Name.Local)}
			}
		}
		for outside := p.depth - 1; p.depth > outside && p.token() != nil; {
		}
	}
}
