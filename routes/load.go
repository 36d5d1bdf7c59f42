package routes

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
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
	t := &Table{}
	d := &decoder{report: newReport(), file: name, dir: filepath.Dir(name), digests: digests{}, prototypes: map[reflect.Type]reflect.Value{}}
	reflect.ValueOf(t).Elem().Set(d.prototype(reflect.TypeFor[Table]()))
	t.places = places{root: located{file: name}, named: map[spot]located{}, files: []string{name}}
	t.digests = d.digests
	t.sum(src)
	root := d.parse(src)
	if root != nil {
		t.places.root.node = root
		d.decode(root, reflect.ValueOf(t).Elem(), "")
		t.places.add(name, root)
	}
	t.fill()
	if root != nil {
		t.include(d)
		t.validate(d.report, now)
	}
	t.warnings.sort(t.places.files)
	if len(d.errs) == 0 {
		return t, nil
	}
	d.errs.sort(t.places.files)
	return t, d.errs
}

// include merges the included files into t.
func (t *Table) include(main *decoder) {
	fail := func(i int, what, fix string) {
		main.add(t.Error(index("include", i), what, fix))
		main.lose(sections...) // what the file would have defined
	}
	relative := "relative names start at the directory of " + main.file
	seen := map[string]bool{absolute(main.file): true}
	for i, pattern := range t.Include {
		if pattern == "" {
			continue // not readable, reported
		}
		names, err := filepath.Glob(main.resolve(pattern))
		switch literal := !strings.ContainsAny(pattern, "*?["); {
		case err != nil:
			fail(i, "is not a pattern of file names", "close the bracket ([), or write the name alone")
		case len(names) == 0 && literal:
			fail(i, "there is no file "+main.resolve(pattern), relative)
		case len(names) == 0:
			t.warnings = append(t.warnings, t.Error(index("include", i), "matches no file", relative))
		}
		for _, name := range names {
			if seen[absolute(name)] {
				main.errs = append(main.errs, t.Error(index("include", i), name+" is read already", "name each file once, and not the file itself"))
				continue
			}
			seen[absolute(name)] = true
			src, err := readFile(name, maxFile)
			if err != nil {
				fail(i, "file cannot be read: "+err.Error(), "make the file readable for the broker")
				continue
			}
			t.sum(src)
			t.places.files = append(t.places.files, name)
			d := *main
			d.file, d.dir = name, filepath.Dir(name)
			if root := d.parse(src); root != nil {
				var c Content
				d.decode(root, reflect.ValueOf(&c).Elem(), "")
				t.merge(&d, root, c)
			}
		}
	}
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

func (t *Table) merge(d *decoder, root *yaml.Node, c Content) {
	clash := func(section, name string) {
		first := t.Position(join(section, name)).String()
		d.note(child(child(root, section), name), join(section, name), "is given twice, first at "+first, "rename one")
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
// when the content of one has changed, contracts and what they import too, and never for a change of time or inode alone.
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
			if src, err := readFile(name, maxFile); err == nil {
				hash = chain(hash, src)
			}
		}
	}
	return t.followedNow(hash)
}

// Hash names the content of the files that t was read from, contracts too, for audit
// records.
func (t *Table) Hash() string { return t.hash }

// fill makes what depends on other keys, and the maps that nothing was read into.
func (t *Table) fill() {
	if t.Admin.Socket == "" {
		t.Admin.Socket = defaultSocket(runtime.GOOS, string(t.Audit.Dir))
	}
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

// Warnings returns what serves but deserves a look, with its place.
func (t *Table) Warnings() ErrorList { return t.warnings }

// defaultSocket returns admin.socket for the broker that keeps its audit log in dir,
// where there is one broker. Windows has no directory for pipes: there the pipe has a
// name that stands for dir.
func defaultSocket(system, dir string) Path {
	if system != "windows" {
		return Path(filepath.Join(dir, "admin.sock"))
	}
	sum := sha256.Sum256([]byte(strings.ToLower(absolute(dir)))) // case does not tell directories apart there
	return Path(`\\.\pipe\twohop-` + hex.EncodeToString(sum[:8]))
}
