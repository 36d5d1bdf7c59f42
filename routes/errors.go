package routes

import (
	"errors"
	"fmt"
	"strings"
)

// Position is a place in a file; lines and columns count from 1.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is one mistake in the file, or one warning about it.
type Error struct {
	Position
	Path string `json:"path"` // routes[2].target.url
	What string `json:"what"`
	Fix  string `json:"fix,omitempty"`

	// Unavailable marks a mistake that can only be seen at run time (an unset
	// secret, a missing file): at start it switches off what it belongs to and
	// lets the rest serve. check and reload treat it like any other.
	Unavailable bool `json:"unavailable,omitempty"`
}

func (e *Error) Error() string {
	s := e.Position.String() + ": "
	if e.Path != "" {
		s += e.Path + ": "
	}
	s += e.What
	if e.Fix != "" {
		s += "; " + e.Fix
	}
	return s
}

// ErrorList is every mistake of a file, in the order of the file.
type ErrorList []*Error

func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Fatal reports whether some mistake keeps the whole file from serving.
func (l ErrorList) Fatal() bool {
	for _, e := range l {
		if !e.Unavailable {
			return true
		}
	}
	return false
}

// mistake is what is wrong with a text, before its place is known.
type mistake struct {
	what, fix string
	runtime   bool // only seen when the environment or a file is asked
}

func (m *mistake) Error() string { return m.what + "; " + m.fix }

// asMistake returns err, which this package made, as a mistake.
func asMistake(err error) *mistake {
	var m *mistake
	if !errors.As(err, &m) {
		m = &mistake{what: err.Error(), fix: "mend it"}
	}
	return m
}
