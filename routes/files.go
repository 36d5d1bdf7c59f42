package routes

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	maxSecret = 64 << 10 // bytes of a secret's file
	maxFile   = 16 << 20 // bytes of any other file
)

// file reads a File key: the file must be there and readable.
func (d *decoder) existing(n *yaml.Node, name string, to *File, path string) {
	*to = File(d.resolve(name))
	if _, err := d.digests.of(string(*to)); err != nil {
		fix := "relative names start at the directory of " + d.file
		if errors.Is(err, fs.ErrPermission) {
			fix = "make it readable for the user that runs the broker"
		}
		d.addMistake(n, path, &mistake{"file cannot be read: " + err.Error(), fix, true})
	}
}

// isolable reports whether a mistake at path leaves other routes whole.
func isolable(path string) bool {
	for _, section := range []string{"routes[", "targets.", "callers."} {
		if strings.HasPrefix(path, section) {
			return true
		}
	}
	return false
}

func (d *decoder) resolve(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.dir, name)
}

// digests holds the SHA-256 of files by name, in hex, so that Diff can tell whether
// their content is the same.
type digests map[string]digest

type digest struct {
	sum string
	err error
}

func (d digests) of(name string) (string, error) {
	known, ok := d[name]
	if !ok {
		data, err := readFile(name, maxFile)
		sum := sha256.Sum256(data)
		known = digest{hex.EncodeToString(sum[:]), err}
		d[name] = known
	}
	return known.sum, known.err
}

// readFile reads a regular file of at most limit bytes; a device or a pipe could
// hold up the broker for ever.
func readFile(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %v", name, Size(limit))
	}
	return data, err
}
