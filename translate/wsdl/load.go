package wsdl

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"twohop/translate/document"
	"twohop/translate/xsd"
)

// Namespaces of WSDL 1.1 and of its extensions.
const (
	space       = "http://schemas.xmlsoap.org/wsdl/"
	soap11      = "http://schemas.xmlsoap.org/wsdl/soap/"
	soap12      = "http://schemas.xmlsoap.org/wsdl/soap12/"
	httpBinding = "http://schemas.xmlsoap.org/wsdl/http/"
	mime        = "http://schemas.xmlsoap.org/wsdl/mime/"
)

// Load reads a contract from a file and the files beside it that it imports. Nothing is
// fetched: well-known schemas are built in, and anything else that is missing is an
// error that names the file and the import. What is wrong in a file, but leaves the rest
// usable, is in Contract.Warnings.
func Load(file string) (*Contract, error) {
	l := &loader{files: &document.Files{}, contract: &Contract{}, seen: map[*document.Node]bool{}, warned: map[Warning]bool{}}
	l.schema = xsd.NewReader(l.files, l.warn)
	for k := range l.tables {
		l.tables[k] = map[xsd.Name]*item{}
	}
	main, err := l.files.Open(file)
	if err != nil {
		return nil, err
	}
	if main.Root.Is("http://www.w3.org/ns/wsdl", "description") {
		return nil, fmt.Errorf("%s: WSDL 2.0 is not read; ask the service for WSDL 1.1", file)
	}
	all := l.metadata(main)
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: not a WSDL document: its root is <%s>", file, main.Root.Name.Local)
	}
	for _, root := range all {
		if err := l.definitions(main.Path, root); err != nil {
			return nil, err
		}
	}
	for _, s := range l.inline {
		if err := l.schema.Add(s.file, s.node); err != nil {
			return nil, err
		}
	}
	c := l.contract
	if c.Schema, err = l.schema.Schema(); err != nil {
		return nil, err
	}
	c.Name = xsd.Name{Space: all[0].Attr("targetNamespace"), Local: all[0].Attr("name")}
	l.services()
	c.Files = l.files.Paths()
	for _, f := range l.files.Old() {
		l.warn(f, 1, "it is written with a draft of XML Schema (1999 or 2000); read as XML Schema 1.0")
	}
	return c, nil
}

// loader collects what the documents declare, and then puts services together.
type loader struct {
	files    *document.Files
	schema   *xsd.Reader
	contract *Contract
	seen     map[*document.Node]bool
	warned   map[Warning]bool
	tables   [kinds]map[xsd.Name]*item
	order    []*item
	inline   []*item // schemas
	used     map[*item]bool
}

type kind int

const (
	messages kind = iota
	portTypes
	bindings
	services
	kinds
)

var kindOf = map[string]kind{"message": messages, "portType": portTypes, "binding": bindings, "service": services}

func (k kind) String() string { return [...]string{"message", "portType", "binding", "service"}[k] }

// item is a message, portType, binding or service.
type item struct {
	kind kind
	name xsd.Name
	node *document.Node
	file string
}

func (l *loader) warn(file string, line int, what string) {
	w := Warning{file, line, what}
	if !l.warned[w] {
		l.warned[w] = true
		l.contract.Warnings = append(l.contract.Warnings, w)
	}
}

func (i *item) warn(l *loader, n *document.Node, format string, args ...any) {
	l.warn(i.file, n.Line, fmt.Sprintf(format, args...))
}

// metadata returns the WSDL documents in a file: itself, or the sections of an answer to
// a request for metadata (WS-MetadataExchange), which may hold schemas too.
func (l *loader) metadata(f *document.File) []*document.Node {
	if f.Root.Is(space, "definitions") {
		return []*document.Node{f.Root}
	}
	var all []*document.Node
	within := []*document.Node{f.Root}
	for len(within) > 0 {
		n := within[0]
		within = within[1:]
		switch {
		case n.Is(space, "definitions"):
			all = append(all, n)
		case n.Is(xsd.Namespace, "schema"):
			l.inline = append(l.inline, &item{node: n, file: f.Path})
		case slices.Contains([]string{"Envelope", "Body", "Metadata", "MetadataSection"}, n.Name.Local):
			within = append(within, n.Children...)
		}
	}
	return all
}

// definitions takes in a document and what it imports.
func (l *loader) definitions(file string, root *document.Node) error {
	if l.seen[root] {
		return nil
	}
	l.seen[root] = true
	target := root.Attr("targetNamespace")
	for _, n := range root.Children {
		if n.Name.Space != space {
			continue
		}
		k, declares := kindOf[n.Name.Local]
		switch {
		case declares:
			l.declare(&item{k, xsd.Name{Space: target, Local: n.Attr("name")}, n, file})
		case n.Name.Local == "import" || n.Name.Local == "include":
			if err := l.imports(file, n); err != nil {
				return err
			}
		}
	}
	for _, s := range xsd.Inline(root) {
		l.inline = append(l.inline, &item{node: s, file: file})
	}
	return nil
}

func (l *loader) declare(i *item) {
	if first := l.tables[i.kind][i.name]; first != nil {
		i.warn(l, i.node, "%s %v is declared in %s, line %d, already; the first counts", i.kind, i.name, first.file, first.node.Line)
		return
	}
	l.tables[i.kind][i.name] = i
	l.order = append(l.order, i)
}

func (l *loader) imports(from string, n *document.Node) error {
	location := n.Attr("location")
	if location == "" {
		location = n.Attr("schemaLocation")
	}
	if location == "" {
		l.warn(from, n.Line, fmt.Sprintf("import of the namespace %s has no location", n.Attr("namespace")))
		return nil
	}
	file, err := l.files.Beside(from, location)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s:%d: import of %s: there is no such file; twohop import saves a contract with all that it imports", from, n.Line, location)
	case errors.Is(err, document.ErrElsewhere):
		return fmt.Errorf("%s:%d: import of %s: %w; twohop import saves a contract with all that it imports", from, n.Line, location, err)
	case err != nil:
		return fmt.Errorf("%s:%d: import of %s: %w", from, n.Line, location, err)
	case file.Root.Is(xsd.Namespace, "schema"):
		l.warn(from, n.Line, fmt.Sprintf("wsdl:import of %s, which is a schema", location))
		l.inline = append(l.inline, &item{node: file.Root, file: file.Path})
		return nil
	case !file.Root.Is(space, "definitions"):
		return fmt.Errorf("%s:%d: import of %s: neither WSDL nor a schema: its root is <%s>", from, n.Line, location, file.Root.Name.Local)
	}
	if own, said := file.Root.Attr("targetNamespace"), n.Attr("namespace"); own != said && said != "" {
		l.warn(from, n.Line, fmt.Sprintf("%s is imported for the namespace %s, but has %q", location, said, own))
	}
	return l.definitions(file.Path, file.Root)
}

// find returns what a QName names. With a wrong namespace the local name has to be the
// only one of its kind.
func (l *loader) find(k kind, from *item, n *document.Node, qname string) *item {
	found, _ := n.Resolve(qname)
	if i := l.tables[k][xsd.Name(found)]; i != nil {
		return i
	}
	var other *item
	for _, i := range l.order {
		if i.kind == k && i.name.Local == found.Local {
			if other != nil {
				other = nil
				break
			}
			other = i
		}
	}
	if other != nil {
		from.warn(l, n, "%s %v is not declared; %v is taken instead", k, xsd.Name(found), other.name)
		return other
	}
	from.warn(l, n, "%s %v is not declared", k, xsd.Name(found))
	return nil
}
