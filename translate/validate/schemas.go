package validate

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	jxsd "github.com/jacoelho/xsd"

	"twohop/translate/markup"
	"twohop/translate/xsd"
)

const wsdlSpace = "http://schemas.xmlsoap.org/wsdl/"

// chunk is one schema element that stands alone.
type chunk struct {
	data    []byte
	space   string          // its targetNamespace
	imports map[string]bool // namespaces that it says it imports
}

// builder collects the schemas of a contract. A chunk is called like its file, with #1, #2
// and so on for those inside a WSDL.
type builder struct {
	chunks   map[string]*chunk
	included map[string]bool // chunks that are part of another: by themselves they may have no namespace
	spaces   map[string]bool // what the chunks declare
}

// wide are the limits for contracts, which are files of the admin.
var wide = markup.Limits{Element: 64 << 20, Attributes: 1024, Namespaces: 1024, Value: 1 << 20}

func (b *builder) addFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := markup.NewReader(f, "", wide)
	for n := 0; ; {
		k, err := r.Next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if k != markup.Start {
			continue
		}
		name := r.Name()
		switch {
		case name.Space == xsd.Namespace && string(name.Local) == "schema":
			called := path
			if r.Depth() > 1 {
				n++
				called = fmt.Sprintf("%s#%d", path, n)
			}
			data, err := r.AppendElement(nil)
			if err != nil {
				return err
			}
			if err := b.add(called, data); err != nil {
				return err
			}
		case name.Space != wsdlSpace || r.Depth() == 2 && string(name.Local) != "types" || r.Depth() > 2:
			if err := r.Skip(); err != nil {
				return err
			}
		}
	}
}

// add takes a schema and looks at what it refers to.
func (b *builder) add(name string, data []byte) error {
	c := &chunk{data: data, imports: map[string]bool{}}
	r := markup.NewReader(bytes.NewReader(data), "", wide)
	for {
		k, err := r.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if k != markup.Start {
			continue
		}
		switch local := string(r.Name().Local); {
		case r.Depth() == 1:
			c.space = attr(r, "targetNamespace")
		case r.Depth() > 2 || r.Name().Space != xsd.Namespace:
		case local == "import":
			c.imports[attr(r, "namespace")] = true
		case local == "include" || local == "redefine":
			b.included[beside(name, attr(r, "schemaLocation"))] = true
		}
	}
	b.chunks[name] = c
	b.spaces[c.space] = true
	return nil
}

func attr(r *markup.Reader, name string) string {
	for _, a := range r.Attrs() {
		if a.Space == "" && string(a.Local) == name {
			return string(a.Value)
		}
	}
	return ""
}

// beside is the name of the chunk at a location that base gives.
func beside(base, location string) string {
	file, _, _ := strings.Cut(base, "#")
	return filepath.Join(filepath.Dir(file), filepath.FromSlash(location))
}

// sources are the collected schemas for the compiler. Each imports the namespaces of all:
// real contracts leave imports out, and the stacks that they were made for do not mind.
func (b *builder) sources() ([]jxsd.SchemaSource, error) {
	if err := b.addKnown(); err != nil {
		return nil, err
	}
	ready := map[string]jxsd.SchemaSource{}
	resolver := jxsd.ResolverFunc(func(base, location string) (jxsd.SchemaSource, error) {
		if s, ok := ready[beside(base, location)]; ok {
			return s, nil
		}
		return jxsd.SchemaSource{}, jxsd.ErrSchemaNotFound // what is in no file is not fetched
	})
	var roots []jxsd.SchemaSource
	for _, name := range b.names() {
		ready[name] = jxsd.Reader(name, bytes.NewReader(b.withImports(b.chunks[name]))).WithResolver(resolver)
		if !b.included[name] {
			roots = append(roots, ready[name])
		}
	}
	return roots, nil
}

func (b *builder) names() []string { return slices.Sorted(maps.Keys(b.chunks)) }

// addKnown adds the well-known schemas that are imported and in no file. The built-in ones
// import only each other.
func (b *builder) addKnown() error {
	for queue := b.names(); len(queue) > 0; queue = queue[1:] {
		for space := range b.chunks[queue[0]].imports {
			data, ok := xsd.BuiltIn(space)
			if !ok || b.spaces[space] {
				continue
			}
			name := "built-in " + space
			if err := b.add(name, data); err != nil {
				return err
			}
			queue = append(queue, name)
		}
	}
	return nil
}

// withImports is a chunk that imports what there is.
func (b *builder) withImports(c *chunk) []byte {
	end := bytes.IndexByte(c.data, '>') // AppendElement escapes those in values
	if end < 1 || c.data[end-1] == '/' {
		return c.data
	}
	prefix, _, _ := bytes.Cut(c.data[1:], []byte("schema"))
	var add []byte
	for _, space := range slices.Sorted(maps.Keys(b.spaces)) {
		if space == c.space || c.imports[space] {
			continue
		}
		add = fmt.Appendf(add, "<%simport", prefix)
		if space != "" {
			add = append(add, ` namespace="`...)
			add, _ = markup.AppendAttr(add, space)
			add = append(add, '"')
		}
		add = append(add, "/>"...)
	}
	return slices.Concat(c.data[:end+1], add, c.data[end+1:])
}
