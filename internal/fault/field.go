package fault

import "errors"

// Field is one mistake in a configuration value. The package that owns the value
// finds it and names the key relative to its own Config ("tls.suites[1]"); the
// caller that holds the file puts the place in front.
type Field struct {
	Path string // key inside the Config that was checked, "" for the whole
	What string // what is wrong, lower case, without a full stop
	Fix  string // what to write instead
}

func (f *Field) Error() string {
	s := f.What
	if f.Path != "" {
		s = f.Path + ": " + s
	}
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

// Fields returns every *Field that err carries, through errors.Join and wrapping.
// An error that carries none becomes one Field with an empty path, so that no
// mistake is lost on the way to the person who can mend it.
func Fields(err error) []*Field {
	if err == nil {
		return nil
	}
	var f *Field
	switch e := err.(type) {
	case *Field:
		return []*Field{e}
	case interface{ Unwrap() []error }:
		var all []*Field
		for _, one := range e.Unwrap() {
			all = append(all, Fields(one)...)
		}
		return all
	}
	if inner := errors.Unwrap(err); errors.As(inner, &f) {
		return Fields(inner)
	}
	return []*Field{{What: err.Error()}}
}
