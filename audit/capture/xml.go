package capture

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
)

// xmlName is a name without a colon (Namespaces in XML 1.0, section 3), ASCII alone.
var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]*$`)

func isXMLName(s string) bool { return xmlName.MatchString(s) }

// declaration is the one of XML 1.0, section 2.8, with nothing else in it.
var declaration = regexp.MustCompile(`^<\?xml\s+version\s*=\s*["'][0-9.]{3,5}["'](\s+encoding\s*=\s*["'](?i:utf-8|us-ascii)["'])?(\s+standalone\s*=\s*["'](yes|no)["'])?\s*\?>$`)

// xmlReader is where an XML document is read.
type xmlReader struct {
	*redactor
	names  []string
	depth  int    // open elements that are not redacted
	hide   int    // open elements from a redacted one on
	tag    string // of the redacted one, with its prefix
	rooted bool   // the document's element has begun
}

// xml redacts XML: the content and the attributes of elements with one of names, and
// attributes with one of names, whatever their prefix. Comments and processing
// instructions go. A document type is refused: entities could hide a name. So is what
// stands outside of the one element that a document is.
func (r *redactor) xml(names []string) error {
	in := xmlReader{redactor: r, names: names}
	dec := xml.NewDecoder(bytes.NewReader(r.src))
	dec.CharsetReader = charset
	for {
		tok, err := dec.Token()
		if err == io.EOF && in.depth+in.hide > 0 {
			return errUnclosed
		} else if err == io.EOF {
			return nil
		}
		if err == nil {
			err = in.token(tok, int(dec.InputOffset()))
		}
		if err != nil {
			return err
		}
	}
}

// charset reads what is UTF-8 under another name; nothing else is read.
func charset(name string, in io.Reader) (io.Reader, error) {
	if strings.EqualFold(name, "us-ascii") {
		return in, nil
	}
	return nil, errLeaveOut(otherCharset)
}

// token takes one token that ends at end.
func (in *xmlReader) token(tok xml.Token, end int) (err error) {
	raw := in.src[in.at:end]
	outside := in.depth+in.hide == 0
	switch t := tok.(type) {
	case xml.StartElement:
		if outside && in.rooted {
			return errLeaveOut(malformed)
		}
		in.rooted = true
		err = in.start(t, raw, end)
	case xml.EndElement:
		err = in.end(end)
	case xml.CharData:
		if outside && len(bytes.Trim(t, " \t\r\n\ufeff")) > 0 {
			return errLeaveOut(malformed)
		}
		if in.hide == 0 {
			err = in.take(end)
		}
	case xml.ProcInst:
		if in.at == 0 && declaration.Match(raw) {
			err = in.take(end)
		}
	case xml.Directive:
		return errLeaveOut(malformed)
	}
	in.at = end
	return err
}

func (in *xmlReader) start(t xml.StartElement, raw []byte, end int) error {
	switch {
	case in.depth+in.hide >= deepest:
		return errLeaveOut(tooDeep)
	case in.hide > 0:
		in.hide++
		return nil
	case in.named(t.Name.Local):
		in.hide, in.tag = 1, tagOf(raw)
		return in.put([]byte("<"+in.tag+">"+mark), end)
	}
	text, err := in.attributes(raw, len(t.Attr))
	if err != nil {
		return err
	}
	in.depth++
	return in.put(text, end)
}

func (in *xmlReader) end(end int) error {
	switch {
	case in.hide > 1:
		in.hide--
		return nil
	case in.hide == 1:
		in.hide = 0
		return in.put([]byte("</"+in.tag+">"), end)
	}
	in.depth--
	return in.take(end) // nothing, for <a/>
}

// named reports whether name, a prefix taken off, is redacted. Case does not count.
func (in *xmlReader) named(name string) bool {
	name = strings.TrimRight(name, ":")
	name = name[strings.LastIndexByte(name, ':')+1:]
	return slices.ContainsFunc(in.names, func(n string) bool { return strings.EqualFold(n, name) })
}

// tagOf returns the name in a start tag, with its prefix.
func tagOf(raw []byte) string {
	end := bytes.IndexAny(raw, " \t\r\n/>")
	return string(raw[1:max(1, end)])
}

// attribute is one in a start tag that encoding/xml has taken, with the blanks before it.
var attribute = regexp.MustCompile(`^(\s+([^\s=/>"']+)\s*)=\s*(?:"[^"]*"|'[^']*')`)

// attributes returns a start tag with the values of named attributes redacted. One that is
// not made of blanks and as many attributes as encoding/xml saw is malformed: encoding/xml
// needs no blank between two of them, and what is not seen is not redacted.
func (in *xmlReader) attributes(raw []byte, many int) ([]byte, error) {
	at := 1 + len(tagOf(raw))
	out, rest := slices.Clone(raw[:at]), raw[at:]
	for m := attribute.FindSubmatch(rest); m != nil; m = attribute.FindSubmatch(rest) {
		if in.named(string(m[2])) {
			out = append(append(out, m[1]...), `="`+mark+`"`...)
		} else {
			out = append(out, m[0]...)
		}
		rest = rest[len(m[0]):]
		many--
	}
	if end := string(bytes.TrimSpace(rest)); many != 0 || end != ">" && end != "/>" {
		return nil, errLeaveOut(malformed)
	}
	return append(out, rest...), nil
}
