package xsd

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"twohop/translate/document"
)

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
