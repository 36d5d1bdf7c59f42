package markup

import (
	"fmt"
	"io"
)

// SyntaxError says what is not XML, or goes beyond a limit, and where.
type SyntaxError struct {
	Line, Column int // from 1; the column in bytes of UTF-8
	What         string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.What)
}

// wrong is an error at an offset of buf.
func (r *Reader) wrong(at int, format string, args ...any) error {
	line, column := r.locate(at)
	return &SyntaxError{line, column, fmt.Sprintf(format, args...)}
}

// short says where the document breaks off.
func (r *Reader) short() error {
	line, column := r.locate(r.end)
	where := "before its root element"
	if n := len(r.open); n > 0 {
		where = fmt.Sprintf("in <%s>", brief(r.names[r.open[n-1].name:]))
	}
	return fmt.Errorf("line %d, column %d: the document breaks off %s: %w", line, column, where, io.ErrUnexpectedEOF)
}

// brief is s for a message: a hostile name may be long.
func brief(s []byte) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%s...", s[:uncut(s[:most])])
	}
	return string(s)
}
