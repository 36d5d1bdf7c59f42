package routes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Load reads src, the content of the file called name, and the files it includes;
// now decides which exceptions have ended. The error is an ErrorList with every
// mistake, in the order of the files. The table is returned beside an ErrorList
// too, with what could be read, so that a broker can serve what a merely
// unavailable secret or file does not touch (ErrorList.Fatal) and a command can
// find the admin socket.
func Load(name string, src []byte, now time.Time) (*Table, error) {
	var errs ErrorList
	t := &Table{}
	d := &decoder{file: name, dir: filepath.Dir(name), errs: &errs, prototypes: map[reflect.Type]reflect.Value{}}
	reflect.ValueOf(t).Elem().Set(d.prototype(reflect.TypeFor[Table]()))
	t.places.named = map[string]located{}
	t.sum(src)
	if root := d.parse(src); root != nil {
		t.places.root = located{file: name, node: root}
		d.decode(root, reflect.ValueOf(t).Elem(), "")
		t.places.add(name, root)
		t.include(d)
		t.fill()
		var more ErrorList
		t.validate(&more, now)
		errs = append(errs, unrelated(more, errs)...)
	}
	if len(errs) == 0 {
		return t, nil
	}
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return t, errs
}

// unrelated leaves out what only follows from an earlier mistake: one at the same
// value, above it or below it.
func unrelated(more, first ErrorList) ErrorList {
	return slices.DeleteFunc(more, func(m *Error) bool {
		return slices.ContainsFunc(first, func(f *Error) bool {
			return m.File == f.File && (strings.HasPrefix(m.Path, f.Path) || strings.HasPrefix(f.Path, m.Path))
		})
	})
}

// parse returns the root of the file's one document, or nil after reporting why not.
func (d *decoder) parse(src []byte) (root *yaml.Node) {
	defer func() { // yaml.v3 panics on some malformed input
		if r := recover(); r != nil {
			root = nil
			d.fail(&yaml.Node{Line: 1, Column: 1}, "", fmt.Sprintf("is not YAML: %v", r), "")
		}
	}()
	var doc, more yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(src))
	if err := in.Decode(&doc); err != nil {
		at, what := &yaml.Node{Line: 1, Column: 1}, strings.TrimPrefix(err.Error(), "yaml: ")
		if errors.Is(err, io.EOF) {
			what = "the file is empty"
		}
		if line, rest, ok := strings.Cut(strings.TrimPrefix(what, "line "), ": "); ok {
			if n, err := strconv.Atoi(line); err == nil {
				at.Line, what = n, rest
			}
		}
		d.fail(at, "", "is not YAML: "+what, "")
		return nil
	}
	if err := in.Decode(&more); !errors.Is(err, io.EOF) {
		d.fail(&more, "", "a second YAML document", "keep one document; put more routes into files under include")
	}
	return doc.Content[0]
}

// include merges the included files into t.
func (t *Table) include(main *decoder) {
	t.fillNil()
	for i, pattern := range t.Include {
		path := index("include", i)
		names, err := filepath.Glob(main.resolve(pattern))
		if err != nil || len(names) == 0 && !strings.ContainsAny(pattern, "*?[") {
			*main.errs = append(*main.errs, t.Error(path, "no file "+main.resolve(pattern), "relative names start at the directory of "+main.file))
			continue
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				*main.errs = append(*main.errs, t.Error(path, err.Error(), "make the file readable for the broker"))
				continue
			}
			t.sum(src)
			d := *main
			d.file, d.dir = name, filepath.Dir(name)
			root := d.parse(src)
			if root == nil {
				continue
			}
			var c Content
			d.decode(root, reflect.ValueOf(&c).Elem(), "")
			t.merge(&d, root, c)
		}
	}
}

func (t *Table) merge(d *decoder, root *yaml.Node, c Content) {
	clash := func(section, name string) {
		path := section + "." + name
		d.fail(child(child(root, section), name), path, "is given twice, first at "+t.Position(path).String(), "rename one")
	}
	mergeNamed(t.Callers, c.Callers, func(n string) { clash("callers", n) })
	mergeNamed(t.Exceptions, c.Exceptions, func(n string) { clash("exceptions", n) })
	mergeNamed(t.Targets, c.Targets, func(n string) { clash("targets", n) })
	t.Routes = append(t.Routes, c.Routes...)
	t.places.add(d.file, root)
}

func mergeNamed[V any](to, from map[string]V, clash func(name string)) {
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, dup := to[name]; dup {
			clash(name)
			continue
		}
		to[name] = from[name]
	}
}

// sum adds a file's content to the hash.
func (t *Table) sum(src []byte) { t.hash = chain(t.hash, src) }

func chain(hash string, src []byte) string {
	h := sha256.New()
	h.Write([]byte(hash))
	h.Write(src)
	return hex.EncodeToString(h.Sum(nil))
}

// HashNow returns what Hash would be if the files were read now; it differs from Hash
// when the content of one has changed, and never for a change of time or inode alone.
func (t *Table) HashNow() string {
	root := t.places.root.file
	src, err := os.ReadFile(root)
	if err != nil {
		return ""
	}
	hash := chain("", src)
	d := decoder{dir: filepath.Dir(root)}
	for _, pattern := range t.Include {
		names, _ := filepath.Glob(d.resolve(pattern)) // the pattern was tried by Load
		for _, name := range names {
			src, _ := os.ReadFile(name)
			hash = chain(hash, src)
		}
	}
	return hash
}

// Hash names the content of the files that t was read from, for audit records.
func (t *Table) Hash() string { return t.hash }

func (t *Table) fillNil() {
	if t.Callers == nil {
		t.Callers = map[string]Caller{}
	}
	if t.Exceptions == nil {
		t.Exceptions = map[string]Exception{}
	}
	if t.Targets == nil {
		t.Targets = map[string]Target{}
	}
}

// fill derives the defaults that depend on other keys.
func (t *Table) fill() {
	if t.Admin.Socket == "" {
		t.Admin.Socket = Path(filepath.Join(string(t.Audit.Dir), "admin.sock"))
	}
}

// Warnings returns what serves but deserves a look, with its place.
func (t *Table) Warnings() ErrorList { return t.warnings }

// Affected returns what errs, none of them fatal, switch off: routes by their index,
// and callers by name.
func (t *Table) Affected(errs ErrorList) (routes map[int]*Error, callers map[string]*Error) {
	routes, callers = map[int]*Error{}, map[string]*Error{}
	targets := map[string]*Error{}
	own := map[located]*Error{}
	for _, e := range errs {
		steps := splitPath(e.Path)
		if len(steps) < 2 {
			continue
		}
		switch steps[0] {
		case "callers":
			callers[steps[1]] = e
		case "targets":
			targets[steps[1]] = e
		case "routes":
			i, _ := strconv.Atoi(steps[1])
			own[located{file: e.File, index: i}] = e
		}
	}
	for i := range t.Routes {
		at := t.places.routes[i]
		if e := own[located{file: at.file, index: at.index}]; e != nil {
			routes[i] = e
			continue
		}
		names := []string{t.Routes[i].Target.Name}
		names = slices.AppendSeq(names, maps.Values(t.Routes[i].Callers.Targets))
		for _, name := range names {
			if e := targets[name]; e != nil {
				routes[i] = e
			}
		}
	}
	return routes, callers
}
