package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
)

const (
	spaceXSI     = "http://www.w3.org/2001/XMLSchema-instance"
	spaceXSD     = "http://www.w3.org/2001/XMLSchema"
	spaceSOAP11  = "http://schemas.xmlsoap.org/soap/envelope/"
	spaceSOAP12  = "http://www.w3.org/2003/05/soap-envelope"
	spaceSOAPEnc = "http://schemas.xmlsoap.org/soap/encoding/"
)

// node is an element in the form in which two documents that mean the same are equal:
// names expanded, attributes sorted, QName-valued attributes resolved, white space between
// elements dropped.
type node struct {
	name  string // {space}local
	attrs []attr
	text  string
	kids  []*node
	wide  map[string]string // prefixes in scope
}

type attr struct{ name, value string }

// parse reads a document with encoding/xml: not with the reader that is on trial.
func parse(r io.Reader) (*node, error) {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) { return r, nil }
	top := &node{wide: map[string]string{"xml": "http://www.w3.org/XML/1998/namespace"}}
	stack := []*node{top}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		at := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := started(t, at)
			at.kids = append(at.kids, n)
			stack = append(stack, n)
		case xml.CharData:
			at.text += string(t)
		case xml.EndElement:
			if len(at.kids) > 0 {
				at.text = strings.TrimSpace(at.text)
			}
			stack = stack[:len(stack)-1]
		}
	}
	if len(top.kids) != 1 {
		return nil, fmt.Errorf("%d root elements", len(top.kids))
	}
	return top.kids[0], nil
}

func started(t xml.StartElement, within *node) *node {
	n := &node{name: expanded(t.Name), wide: within.wide}
	for _, a := range t.Attr {
		prefix := ""
		switch {
		case a.Name.Space == "xmlns":
			prefix = a.Name.Local
		case a.Name.Space != "" || a.Name.Local != "xmlns":
			continue
		}
		if n.wide = clone(n.wide); true {
			n.wide[prefix] = a.Value
		}
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		name, value := expanded(a.Name), a.Value
		switch {
		case name == "{"+spaceXSI+"}type", strings.HasSuffix(name, "}arrayType"):
			value = n.resolve(value)
		case name == "{"+spaceXSI+"}nil" && value == "1":
			value = "true"
		case strings.HasSuffix(name, "}encodingStyle"):
			continue // says how the message is encoded, which the contract says too
		}
		n.attrs = append(n.attrs, attr{name, value})
	}
	slices.SortFunc(n.attrs, func(a, b attr) int { return strings.Compare(a.name, b.name) })
	return n
}

func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m)+1)
	for k, v := range m {
		c[k] = v
	}
	return c
}

func expanded(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// resolve expands a QName in the scope of n; arrays' dimensions stay behind it.
func (n *node) resolve(value string) string {
	prefix, local, found := strings.Cut(strings.TrimSpace(value), ":")
	if !found {
		prefix, local = "", prefix
	}
	space, known := n.wide[prefix]
	if !known && prefix != "" {
		return value
	}
	if space == "" {
		return local
	}
	return "{" + space + "}" + local
}

func (n *node) local() string { return n.name[strings.LastIndexByte(n.name, '}')+1:] }

// attr returns the value of an attribute, "" for none.
func (n *node) attr(name string) string {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// bodyOf returns what stands in a SOAP envelope's body.
func bodyOf(envelope *node) (*node, error) {
	if envelope.local() != "Envelope" {
		return nil, fmt.Errorf("no envelope but %s", envelope.name)
	}
	for _, kid := range envelope.kids {
		if kid.local() == "Body" {
			kid.name = "Body" // of whichever SOAP: stacks take different ports of one port type
			return kid, nil
		}
	}
	return nil, errors.New("an envelope without a body")
}

// differs names the first place where two trees differ, "" for none.
func differs(ours, theirs *node, loose bool) string { return diverge("", ours, theirs, loose, false) }

// diverge compares two elements. Loose is for those that a SOAP encoding may have touched:
// without their types, and, in an array, without the names of items, which mean nothing
// (SOAP 1.1, section 5.4.2).
func diverge(path string, a, b *node, loose, item bool) string {
	path += "/" + a.local()
	if a.name != b.name && !item {
		return fmt.Sprintf("%s: element %s, want %s", path, a.name, b.name)
	}
	if x, y := listedAttrs(a, loose), listedAttrs(b, loose); !sameArray(x, y) && !slices.EqualFunc(x, y, sameAttr) {
		return fmt.Sprintf("%s: attributes %v, want %v", path, x, y)
	}
	if len(a.kids) != len(b.kids) {
		return fmt.Sprintf("%s: children %v, want %v", path, childNames(a), childNames(b))
	}
	if !sameText(a, b) {
		return fmt.Sprintf("%s: text %.60q, want %.60q", path, a.text, b.text)
	}
	for i := range a.kids {
		if d := diverge(path, a.kids[i], b.kids[i], loose, loose && a.attr("{"+spaceSOAPEnc+"}arrayType") != ""); d != "" {
			return d
		}
	}
	return ""
}

func listedAttrs(n *node, loose bool) []attr {
	if !loose {
		return n.attrs
	}
	return slices.DeleteFunc(slices.Clone(n.attrs), func(a attr) bool {
		return a.name == "{"+spaceXSI+"}type" || strings.HasSuffix(a.name, "}arrayType")
	})
}

// sameArray reports whether both lists are those of one SOAP-encoded array: its type is
// SOAP-ENC:Array or one that the contract derives from it (SOAP 1.1, section 5.4.2), and
// stacks differ in which of the two they write.
func sameArray(a, b []attr) bool {
	isArray := func(x attr) bool { return x.name == "{"+spaceSOAPEnc+"}arrayType" }
	isType := func(x attr) bool { return x.name == "{"+spaceXSI+"}type" }
	isStruct := func(x attr) bool { return isType(x) && x.value == "{"+spaceSOAPEnc+"}Struct" }
	if slices.ContainsFunc(b, isStruct) {
		return slices.ContainsFunc(a, isType) // a stack that does not know the type says Struct
	}
	return slices.ContainsFunc(a, isArray) &&
		slices.EqualFunc(slices.DeleteFunc(slices.Clone(a), isType), slices.DeleteFunc(slices.Clone(b), isType), sameAttr)
}

func sameAttr(a, b attr) bool { return a.name == b.name && sameValue(a.value, b.value) }

func sameText(a, b *node) bool {
	return sameValue(a.text, b.text) || strings.Contains(a.text, ":") && a.resolve(a.text) == b.resolve(b.text)
}

func childNames(n *node) (names []string) {
	for i, kid := range n.kids {
		if i == 8 {
			return append(names, "...")
		}
		names = append(names, kid.local())
	}
	return names
}

// sameValue compares two texts by value where both are numbers or booleans.
func sameValue(a, b string) bool {
	if a == b {
		return true
	}
	return canonical(a) == canonical(b)
}

func canonical(s string) string {
	switch s {
	case "true", "1":
		return "1"
	case "false", "0":
		return "0"
	}
	if s, cut := strings.CutSuffix(s, "+00:00"); cut {
		return s + "Z"
	}
	if len(s) < 200 && strings.ContainsAny(s, "0123456789") && strings.Trim(s, "0123456789+-.eE") == "" {
		if r, ok := new(big.Rat).SetString(s); ok {
			return r.RatString()
		}
	}
	return s
}
