package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"twohop/translate/address"
	"twohop/translate/document"
	"twohop/translate/wsdl"
	"twohop/translate/xsd"
)

// imported is a document as it is saved.
type imported struct {
	name string // in the directory
	from place
	data []byte
}

// collector follows imports.
type collector struct {
	source *source
	docs   []*imported
	known  map[string]*imported // by place
	taken  map[string]bool      // names, in lower case: Windows
}

// collect reads the contract at a place and all that it imports. The first is the contract.
func collect(ctx context.Context, s *source, first place) ([]*imported, error) {
	c := &collector{source: s, known: map[string]*imported{}, taken: map[string]bool{}}
	c.add(first, ".wsdl")
	for i := 0; i < len(c.docs); i++ {
		d := c.docs[i]
		data, at, err := s.get(ctx, d.from)
		if err != nil {
			return nil, err
		}
		if d.data, err = c.rewrite(data, at); err != nil {
			return nil, fmt.Errorf("%v: %w", at, err)
		}
	}
	return c.docs, nil
}

// add gives a document a name.
func (c *collector) add(from place, ext string) *imported {
	if d := c.known[from.String()]; d != nil {
		return d
	}
	base := path.Base(filepath.ToSlash(from.file))
	query := ""
	if from.url != nil {
		base, query = path.Base(from.url.Path), from.url.RawQuery
	}
	base = strings.TrimSuffix(base, path.Ext(base))
	if query != "" && !strings.EqualFold(query, "wsdl") && !strings.EqualFold(query, "singleWsdl") {
		base += "-" + query
	}
	if base = tidy(base); len(base) > 80 {
		base = base[:80]
	}
	name := base + ext
	for n := 2; c.taken[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s-%d%s", base, n, ext)
	}
	d := &imported{name: name, from: from}
	c.taken[strings.ToLower(name)], c.known[from.String()] = true, d
	c.docs = append(c.docs, d)
	return d
}

// tidy keeps what is safe in the name of a file, a route and a path.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '.':
			return r
		}
		return '-'
	}, s)
	return either(strings.Trim(s, "-."), "contract")
}

// rewrite makes the imports of a document name the files that they are saved as.
func (c *collector) rewrite(data []byte, at place) ([]byte, error) {
	root, err := document.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	builtIn := map[string]bool{}
	knownSchemas(root, builtIn)
	var failed error
	out, err := address.Rewrite(data, "", func(p address.Place, location string) string {
		ext := map[address.Place]string{address.Document: ".wsdl", address.Schema: ".xsd"}[p]
		if ext == "" || location == "" || builtIn[location] && document.Elsewhere(location) {
			return location
		}
		to, err := at.beside(location)
		if err == nil && len(c.docs) >= importFiles && c.known[to.String()] == nil {
			err = fmt.Errorf("more than %d files", importFiles)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			return location
		}
		return c.add(to, ext).name
	})
	return out, errors.Join(err, failed)
}

// knownSchemas collects the locations from which schemas are imported that are built in.
func knownSchemas(n *document.Node, out map[string]bool) {
	if n.Is(xsd.Namespace, "import") && xsd.Known(n.Attr("namespace")) {
		out[n.Attr("schemaLocation")] = true
	}
	for _, c := range n.Children {
		knownSchemas(c, out)
	}
}

// saveContract writes the files into dir, all or none of them. A directory that is there is
// replaced only by a contract that can be used.
func saveContract(dir string, docs []*imported, replace bool) error {
	_, err := os.Stat(dir)
	there := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case there && !replace:
		return hinted{fmt.Errorf("%s is there already", dir), "name another directory with --to, or replace it with --replace"}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".import-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	fresh := filepath.Join(temp, "new")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return err
	}
	for _, d := range docs {
		if err := os.WriteFile(filepath.Join(fresh, d.name), d.data, 0o644); err != nil {
			return err
		}
	}
	if !there {
		return os.Rename(fresh, dir)
	}
	if _, err := wsdl.Load(filepath.Join(fresh, docs[0].name)); err != nil {
		return fmt.Errorf("%s was not replaced; the new contract cannot be used: %w", dir, err)
	}
	return swap(dir, fresh, filepath.Join(temp, "old"))
}

// swap puts fresh in the place of dir, which is moved away first: Windows replaces no
// directory.
func swap(dir, fresh, away string) error {
	if err := os.Rename(dir, away); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return errors.Join(err, os.Rename(away, dir))
	}
	return nil
}
