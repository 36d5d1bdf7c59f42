package document

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of a contract with all that it imports.
const (
	maxFiles = 2000
	maxBytes = 256 << 20
)

// ErrElsewhere is the error of a location that is no file beside the others: a URL, or a
// path from the root. Nothing is fetched.
var ErrElsewhere = errors.New("not a file beside it")

// File is a document and where it was.
type File struct {
	Path string
	Root *Node
}

// Files reads each file once. The zero Files is ready. It is not safe for concurrent use.
type Files struct {
	known map[string]*File
	paths []string
	old   []string
	bytes int64
}

// Paths returns the files that were read, in that order.
func (f *Files) Paths() []string { return f.paths }

// Old returns those that use the namespace of a draft of XML Schema in place of the final one.
func (f *Files) Old() []string { return f.old }

// Open reads the file at a path.
func (f *Files) Open(path string) (*File, error) {
	path = filepath.Clean(path)
	if known := f.known[path]; known != nil {
		return known, nil
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a file", path)
	case len(f.paths) >= maxFiles:
		return nil, fmt.Errorf("%s: a contract has at most %d files", path, maxFiles)
	case f.bytes+info.Size() > maxBytes:
		return nil, fmt.Errorf("%s: the files of a contract have at most %d MiB", path, maxBytes>>20)
	}
	f.bytes += info.Size()
	root, old, err := parse(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if f.known == nil {
		f.known = map[string]*File{}
	}
	if old {
		f.old = append(f.old, path)
	}
	file := &File{path, root}
	f.known[path], f.paths = file, append(f.paths, path)
	return file, nil
}

// Beside reads the file that a location in another file names. The error is
// ErrElsewhere, or fs.ErrNotExist for a file that is not there.
func (f *Files) Beside(from, location string) (*File, error) {
	if Elsewhere(location) {
		return nil, ErrElsewhere
	}
	file, err := f.Open(filepath.Join(filepath.Dir(from), filepath.FromSlash(location)))
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	location, _, _ = strings.Cut(location, "#")
	if plain, bad := url.PathUnescape(location); bad == nil {
		return f.Open(filepath.Join(filepath.Dir(from), filepath.FromSlash(plain)))
	}
	return nil, err
}

// Elsewhere reports whether a location is a URL or a path from the root.
func Elsewhere(location string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Scheme != "" || strings.HasPrefix(location, "/") || strings.HasPrefix(location, `\`)
}
