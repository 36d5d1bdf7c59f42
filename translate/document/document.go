// Package document reads XML files that describe a service (WSDL, XML Schema) into light
// trees: elements, their attributes and the namespaces in scope. Text is kept of
// documentation alone.
package document

import (
	"regexp"
	"strings"

	"twohop/translate/markup"
)

// Name is an expanded name (Namespaces in XML 1.0). An empty Space is no namespace.
type Name struct{ Space, Local string }

// Attr is an attribute; declarations of namespaces are not among them.
type Attr struct {
	Name  Name
	Value string
}

// Node is an element.
type Node struct {
	Name     Name
	Line     int
	Attrs    []Attr
	Children []*Node
	Text     string // of an element named documentation, with all that is in it, white space collapsed
	scope    *scope
}

// scope is a declaration of a namespace, and those around it.
type scope struct {
	prefix, space string
	outer         *scope
}

func (s *scope) lookup(prefix string) (string, bool) {
	for ; s != nil; s = s.outer {
		if s.prefix == prefix {
			return s.space, true
		}
	}
	if prefix == "xml" {
		return XML, true
	}
	return "", prefix == ""
}

// XML is what the prefix xml always stands for.
const XML = "http://www.w3.org/XML/1998/namespace"

// Is reports whether n has this name.
func (n *Node) Is(space, local string) bool { return n.Name.Local == local && n.Name.Space == space }

// Attr returns the value of an attribute without a namespace, with the white space
// around it trimmed, and "" where there is none.
func (n *Node) Attr(local string) string { return n.AttrIn("", local) }

// AttrIn returns the trimmed value of an attribute of a namespace.
func (n *Node) AttrIn(space, local string) string {
	value, _ := n.lookup(space, local)
	return strings.Trim(value, " \t\r\n")
}

// Given returns the value of an attribute without a namespace as it stands there, nil
// where there is none.
func (n *Node) Given(local string) *string {
	if value, ok := n.lookup("", local); ok {
		return &value
	}
	return nil
}

func (n *Node) lookup(space, local string) (string, bool) {
	for i := range n.Attrs {
		if n.Attrs[i].Name.Local == local && n.Attrs[i].Name.Space == space {
			return n.Attrs[i].Value, true
		}
	}
	return "", false
}

// Child returns the first child of a name, nil for none.
func (n *Node) Child(space, local string) *Node {
	for _, c := range n.Children {
		if c.Is(space, local) {
			return c
		}
	}
	return nil
}

// Resolve takes a QName as the value of an attribute: a name without a prefix is in the
// default namespace. ok is false when the prefix is not bound at n; Space is empty then.
func (n *Node) Resolve(qname string) (name Name, ok bool) {
	prefix, local, found := strings.Cut(qname, ":")
	if !found {
		prefix, local = "", qname
	}
	space, ok := n.scope.lookup(prefix)
	return Name{space, local}, ok
}

// Doc returns the documentation that is a child of n, "" for none.
func Doc(n *Node) string {
	for _, c := range n.Children {
		if c.Name.Local == "documentation" {
			return c.Text
		}
	}
	return ""
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// IsName reports whether s may name an element (Namespaces in XML, NCName). Contracts are
// made of attributes, which hold any text: a name that is none would be markup in messages,
// and a line of its own in a sample.
func IsName(s string) bool {
	if plainName.MatchString(s) {
		return true // as nearly all are, without a reader
	}
	r := markup.NewReader(strings.NewReader("<"+s+"/>"), "utf-8", markup.Limits{})
	kind, err := r.Next()
	return err == nil && kind == markup.Start && string(r.Name().Local) == s && len(r.Attrs()) == 0
}
