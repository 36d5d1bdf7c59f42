package xsd

import (
	"fmt"

	"twohop/translate/document"
)

// Reader collects the documents of a schema and resolves what they declare. Mistakes
// that leave the rest usable are warnings. A Reader is not safe for concurrent use; what
// it returns is.
type Reader struct {
	files    *document.Files
	warn     func(file string, line int, what string)
	tables   [kinds]map[Name]*decl
	order    []*decl // as declared
	sources  map[sourceKey]*source
	spaces   map[string]bool // that some document has as its target
	awaited  []*awaited
	catalog  map[string]bool // namespaces of the catalog that were read
	building int             // how deep types are derived from each other, at the moment
	pending  []*decl         // types that are referred to, but not read yet
	failed   error
	schema   Schema
	sizes    map[*Particle]int
}

// kind is a symbol space (XML Schema Part 1, section 2.5).
type kind int

const (
	elements kind = iota
	attributes
	types
	groups
	attributeGroups
	kinds
)

var kindOf = map[string]kind{"element": elements, "attribute": attributes, "simpleType": types, "complexType": types,
	"group": groups, "attributeGroup": attributeGroups}

func (k kind) String() string {
	return [...]string{"element", "attribute", "type", "group", "attributeGroup"}[k]
}

// source is a schema document read for one target namespace: a chameleon has several.
type source struct {
	file          string
	target        string
	chameleon     bool
	elements      bool // local ones are qualified
	attributes    bool
	imports       map[string]bool
	complainedFor map[string]bool // namespaces that it uses without an import
}

type sourceKey struct {
	root   *document.Node
	target string
}

// decl is a global declaration, or an anonymous type.
type decl struct {
	kind  kind
	name  Name
	node  *document.Node
	in    *source
	old   *decl // what a redefine replaces
	state state

	element       *Element
	attribute     *Attribute
	typ           *Type
	particle      *Particle
	uses          []*AttributeUse
	any           *Wildcard
	fixed, preset *string // of an attribute
}

type state uint8

const (
	unread state = iota
	reading
	read
)

// awaited is an import whose namespace may come from a document that is read later.
type awaited struct {
	in    *source
	node  *document.Node
	space string
	err   error // why its location did not serve
}

// NewReader returns a Reader that opens further documents by files. warn gets everything
// that is wrong and was read all the same.
func NewReader(files *document.Files, warn func(file string, line int, what string)) *Reader {
	r := &Reader{files: files, warn: warn, sources: map[sourceKey]*source{}, spaces: map[string]bool{}, catalog: map[string]bool{}, sizes: map[*Particle]int{}}
	for k := range r.tables {
		r.tables[k] = map[Name]*decl{}
	}
	r.schema = Schema{Elements: map[Name]*Element{}, Attributes: map[Name]*Attribute{}, Types: map[Name]*Type{}}
	builtin(&r.schema)
	return r
}

// Add reads a schema, which may stand in another document (file says which), and all that
// it includes and imports.
func (r *Reader) Add(file string, root *document.Node) error {
	_, err := r.add(file, root, root.Attr("targetNamespace"))
	return err
}

func (r *Reader) add(file string, root *document.Node, target string) (*source, error) {
	key := sourceKey{root, target}
	if known := r.sources[key]; known != nil {
		return known, nil
	}
	in := &source{file: file, target: target, chameleon: target != "" && root.Attr("targetNamespace") == "",
		elements: root.Attr("elementFormDefault") == "qualified", attributes: root.Attr("attributeFormDefault") == "qualified",
		imports: map[string]bool{target: true, Namespace: true}, complainedFor: map[string]bool{}}
	r.sources[key], r.spaces[target] = in, true
	for _, n := range root.Children {
		if n.Name.Space != Namespace {
			continue
		}
		var err error
		switch n.Name.Local {
		case "include":
			_, err = r.include(in, n)
		case "redefine":
			err = r.redefine(in, n)
		case "import":
			err = r.imports(in, n)
		case "annotation", "notation":
		default:
			r.declare(in, n)
		}
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}

func (r *Reader) declare(in *source, n *document.Node) {
	k, ok := kindOf[n.Name.Local]
	name := Name{in.target, n.Attr("name")}
	if !ok || name.Local == "" {
		r.warn(in.file, n.Line, fmt.Sprintf("<%s> without a name declares nothing; left out", n.Name.Local))
		return
	}
	if !document.IsName(name.Local) {
		r.warn(in.file, n.Line, fmt.Sprintf("%s %q is no name; left out", k, name.Local))
		return
	}
	if first := r.tables[k][name]; first != nil {
		r.warn(in.file, n.Line, fmt.Sprintf("%s %v is declared in %s, line %d, already; the first counts", k, name, first.in.file, first.node.Line))
		return
	}
	d := &decl{kind: k, name: name, node: n, in: in}
	r.tables[k][name] = d
	r.order = append(r.order, d)
}
