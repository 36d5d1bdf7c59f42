package proxy

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"twohop/translate/address"
	"twohop/translate/wsdl"
)

// saved is a contract that the broker serves itself: its documents, by the names that
// callers ask for them, which tell no directory.
type saved struct {
	documents map[string]*document
	main      *document
	single    func() ([]byte, error) // all in one
}

// document is one file of a contract.
type document struct {
	name string
	path string
	data []byte
	refs map[string]*document // those that it imports, by the location that it writes
}

// keep reads the files of a contract.
func keep(contract *wsdl.Contract) (*saved, error) {
	s := &saved{documents: map[string]*document{}}
	byPath := map[string]*document{}
	for _, path := range contract.Files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		d := &document{name: filepath.Base(path), path: filepath.Clean(path), data: data, refs: map[string]*document{}}
		for n := 2; s.documents[d.name] != nil; n++ {
			d.name = strconv.Itoa(n) + "-" + filepath.Base(path)
		}
		s.documents[d.name], byPath[d.path] = d, d
		if s.main == nil {
			s.main = d
		}
	}
	for _, d := range s.documents {
		_, err := address.Rewrite(d.data, "", func(p address.Place, location string) string {
			if p == address.Document || p == address.Schema {
				d.refs[location] = byPath[beside(d.path, location)]
			}
			return location
		})
		if err != nil {
			return nil, err
		}
	}
	s.single = sync.OnceValues(func() ([]byte, error) {
		return address.Single(address.Source{Name: s.main.name, Data: s.main.data}, func(from, location string) (address.Source, error) {
			if d := s.documents[from].refs[location]; d != nil {
				return address.Source{Name: d.name, Data: d.data}, nil
			}
			return address.Source{}, nil // a well-known schema, which callers have
		})
	})
	return s, nil
}

// beside returns the path of the file that a location in another file names.
func beside(from, location string) string {
	if u, err := url.Parse(location); err == nil && u.Scheme == "" && u.Host == "" {
		location = u.Path
	}
	return filepath.Join(filepath.Dir(from), filepath.FromSlash(location))
}

// find returns the document that a query asks for, nil for none.
func (s *saved) find(key, value string) *document {
	if value == "" && strings.HasPrefix(key, "wsdl") {
		return s.main
	}
	return s.documents[value]
}
