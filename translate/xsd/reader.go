package xsd

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

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
	if first := r.tables[k][name]; first != nil {
		r.warn(in.file, n.Line, fmt.Sprintf("%s %v is declared in %s, line %d, already; the first counts", k, name, first.in.file, first.node.Line))
		return
	}
	d := &decl{kind: k, name: name, node: n, in: in}
	r.tables[k][name] = d
	r.order = append(r.order, d)
}

// include reads a document of the same namespace.
func (r *Reader) include(in *source, n *document.Node) (*source, error) {
	location := n.Attr("schemaLocation")
	file, err := r.files.Beside(in.file, location)
	if err != nil {
		return nil, r.missing(in, n, location, err)
	}
	if !file.Root.Is(Namespace, "schema") {
		return nil, fmt.Errorf("%s:%d: %s is not a schema", in.file, n.Line, file.Path)
	}
	target := in.target
	if own := file.Root.Attr("targetNamespace"); own != "" && own != target {
		r.warn(in.file, n.Line, fmt.Sprintf("%s includes %s, which has the namespace %s; taken as an import", filepath.Base(in.file), location, own))
		target, in.imports[own] = own, true
	}
	return r.add(file.Path, file.Root, target)
}

// redefine reads a document and replaces some of what it declares.
func (r *Reader) redefine(in *source, n *document.Node) error {
	if _, err := r.include(in, n); err != nil {
		return err
	}
	for _, c := range n.Children {
		k, ok := kindOf[c.Name.Local]
		if !ok || c.Name.Space != Namespace {
			continue
		}
		name := Name{in.target, c.Attr("name")}
		old := r.tables[k][name]
		if old == nil {
			r.warn(in.file, c.Line, fmt.Sprintf("%s %v is redefined, but nothing defines it", k, name))
		} else if old.node == c {
			continue
		}
		d := &decl{kind: k, name: name, node: c, in: in, old: old}
		r.tables[k][name] = d
		r.order = append(r.order, d)
	}
	return nil
}

// imports reads a document of another namespace, where it says which. Without a
// location, and where its file is missing, some other document has to have the namespace.
func (r *Reader) imports(in *source, n *document.Node) error {
	space, location := n.Attr("namespace"), n.Attr("schemaLocation")
	in.imports[space] = true
	var cause error
	if location != "" {
		file, err := r.files.Beside(in.file, location)
		if err == nil {
			return r.imported(in, n, space, file)
		}
		if !errors.Is(err, document.ErrElsewhere) && !errors.Is(err, fs.ErrNotExist) {
			return r.missing(in, n, location, err)
		}
		cause = err
	}
	r.awaited = append(r.awaited, &awaited{in, n, space, cause})
	return nil
}

func (r *Reader) imported(in *source, n *document.Node, space string, file *document.File) error {
	var schemas []*document.Node
	switch {
	case file.Root.Is(Namespace, "schema"):
		schemas = []*document.Node{file.Root}
	case file.Root.Name.Local == "definitions":
		schemas = Inline(file.Root)
	}
	if len(schemas) == 0 {
		return fmt.Errorf("%s:%d: %s has no schema", in.file, n.Line, file.Path)
	}
	if space != "" && !slices.ContainsFunc(schemas, func(s *document.Node) bool { return s.Attr("targetNamespace") == space }) {
		r.warn(in.file, n.Line, fmt.Sprintf("%s is imported for the namespace %s, but has %q", file.Path, space, schemas[0].Attr("targetNamespace")))
		in.imports[schemas[0].Attr("targetNamespace")] = true
	}
	for _, s := range schemas {
		if _, err := r.add(file.Path, s, s.Attr("targetNamespace")); err != nil {
			return err
		}
	}
	return nil
}

// Inline returns the schemas in the types of a WSDL document.
func Inline(definitions *document.Node) []*document.Node {
	var out []*document.Node
	for _, types := range definitions.Children {
		if types.Name.Local != "types" {
			continue
		}
		for _, s := range types.Children {
			if s.Is(Namespace, "schema") {
				out = append(out, s)
			}
		}
	}
	return out
}

// missing is the error of a document that cannot be had.
func (r *Reader) missing(in *source, n *document.Node, location string, err error) error {
	what := n.Name.Local
	if location == "" {
		return fmt.Errorf("%s:%d: <%s> of the namespace %q has no schemaLocation, and no other schema has it", in.file, n.Line, what, n.Attr("namespace"))
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, document.ErrElsewhere) {
		return fmt.Errorf("%s:%d: %s of %s: %w; twohop import saves a contract with all that it imports", in.file, n.Line, what, location, reason(err))
	}
	return fmt.Errorf("%s:%d: %s of %s: %w", in.file, n.Line, what, location, err)
}

func reason(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	return err
}
