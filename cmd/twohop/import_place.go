package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// place is where a document is: a URL, or a file.
type place struct {
	url  *url.URL
	file string
}

func (p place) String() string {
	if p.url != nil {
		return p.url.String()
	}
	return p.file
}

// placeOf takes what the command line says.
func placeOf(text string) (place, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return place{file: text}, nil
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return place{}, hinted{usageError{fmt.Errorf("%s is neither an http nor an https URL", u.Redacted())}, "save the contract, and name its file"}
	case u.User != nil:
		// Other users of the machine see command lines.
		return place{}, hinted{usageError{errors.New("the URL holds a password, which others can see here")}, "put it into a target's headers.set as ${file:PATH}, and use --target"}
	}
	return place{url: u}, nil
}

// beside resolves a location in the document at p. A document that was fetched leads to
// no file of this machine.
func (p place) beside(location string) (place, error) {
	u, err := url.Parse(location)
	switch {
	case err != nil && p.url == nil, err == nil && u.Scheme == "" && p.url == nil:
		if plain, bad := url.PathUnescape(location); bad == nil {
			if _, missing := os.Stat(filepath.Join(filepath.Dir(p.file), filepath.FromSlash(location))); missing != nil {
				location = plain
			}
		}
		if filepath.IsAbs(location) {
			return place{file: location}, nil
		}
		return place{file: filepath.Join(filepath.Dir(p.file), filepath.FromSlash(location))}, nil
	case err != nil:
		return place{}, err
	}
	if p.url != nil {
		u = p.url.ResolveReference(u)
	}
	u.Fragment = ""
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return place{}, fmt.Errorf("%s is no place that a contract may be fetched from", u.Redacted())
	}
	return place{url: u}, nil
}
