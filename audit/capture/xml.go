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
		if in.at == 0 && t.Target == "xml" && declaration.Match(t.Inst) {
			err = in.take(end)
		}
	case xml.Directive:
		return errLeaveOut(malformed)
	}
	in.at = end
	return err
}

func (in *xmlReader) start(t xml.StartElement, raw []byte, end int) error {
	local := t.Name.Local
	switch {
	case len(attribute.FindAllIndex(raw, -1)) != len(t.Attr): // one would go unseen
		return errLeaveOut(malformed)
	case in.depth+in.hide >= deepest:
		return errLeaveOut(tooDeep)
	case in.hide > 0:
		in.hide++
		return nil
	case in.named(local):
		in.hide, in.tag = 1, tagOf(raw)
		return in.put([]byte("<"+in.tag+">"+mark), end)
	}
	in.depth++
	return in.put(in.attributes(raw), end)
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

// attribute is one in a start tag that encoding/xml has taken: name and quoted value.
var attribute = regexp.MustCompile(`[\s]([^\s=/>"']+)\s*=\s*(?:"[^"]*"|'[^']*')`)

// declaration is what an XML declaration says (XML 1.0, section 2.8).
var declaration = regexp.MustCompile(`^\s*version\s*=\s*["']1\.[0-9]["'](\s+encoding\s*=\s*["'][A-Za-z0-9._-]{1,40}["'])?(\s+standalone\s*=\s*["'](yes|no)["'])?\s*$`)

// attributes returns a start tag with the values of named attributes redacted.
func (in *xmlReader) attributes(raw []byte) []byte {
	return attribute.ReplaceAllFunc(raw, func(text []byte) []byte {
		name, _, _ := bytes.Cut(text[1:], []byte("="))
		if !in.named(strings.TrimSpace(string(name))) {
			return text
		}
		return []byte(string(text[:1+len(name)]) + `="` + mark + `"`)
	})
}
