//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// variants are twohop with one thing about the audit log changed, to tell what that costs:
// a setting, or a line of the source (go build -overlay).
var variants = map[string]struct {
	defaults       string // in routes.yaml
	file, old, new string // of the source
}{
	"no-digests": {defaults: "  audit: {digests: false}"},
	"no-audit":   {file: "audit/log.go", old: "func (l *Log) Append(r *Record) error {\n", new: "func (l *Log) Append(r *Record) error {\n\treturn nil\n"},
	"slow-disk": {file: "internal/durable/sync_linux.go", old: "import \"golang.org/x/sys/unix\"\n",
		new: "import (\n\t\"time\"\n\n\t\"golang.org/x/sys/unix\"\n)\n\n// Write takes as long as on a disk of 5 ms.\nfunc (f *File) Write(p []byte) (int, error) {\n\ttime.Sleep(5 * time.Millisecond)\n\treturn f.File.Write(p)\n}\n"},
}

// variant builds a variant of twohop.
func variant(s *stage, root, name string) (proxy, error) {
	v, bin := variants[name], filepath.Join(s.Dir, "twohop-"+name)
	if v.file == "" {
		return oursWith(name, bin, v.defaults), build(root, "./cmd/twohop", bin, "-trimpath")
	}
	source := filepath.Join(root, filepath.FromSlash(v.file))
	text, err := os.ReadFile(source)
	if err != nil {
		return proxy{}, err
	}
	if strings.Count(string(text), v.old) != 1 {
		return proxy{}, fmt.Errorf("%s has changed: %q is not in it once", v.file, v.old)
	}
	changed, err := s.write(name+".go", []byte(strings.Replace(string(text), v.old, v.new, 1)))
	if err != nil {
		return proxy{}, err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		return proxy{}, err
	}
	file, err := s.write(name+".json", overlay)
	if err != nil {
		return proxy{}, err
	}
	return oursWith(name, bin, v.defaults), build(root, "./cmd/twohop", bin, "-trimpath", "-overlay", file)
}
