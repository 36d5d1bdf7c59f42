package trail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"twohop/internal/durable"
)

// Rebuilt is a log that Rebuild has written.
type Rebuilt struct {
	Log      Log
	Origin   string
	From     int64 // the first line
	End      int64 // the line after the last
	Segments int
	Again    int64 // lines that were there once more, and left out

	file *os.File
	out  *bufio.Writer
}

// Rebuild writes below root the logs of which in has the lines as a receiver of syslog
// keeps them: [twohop@N log="NAME" index="5"] {…}, whatever stands before it. Each line of
// a log must be there, after the one before it; those that come again are left out. Verify
// proves the result. foreign is how many lines of in had no such data. It holds one line at
// a time. An error names the place; what was written until then stays.
func Rebuild(root string, in io.Reader) (list []*Rebuilt, foreign int64, err error) {
	if err := durable.MkdirAll(root, 0o700); err != nil {
		return nil, 0, fmt.Errorf("audit: %w", err)
	}
	defer func() {
		for _, r := range list {
			err = errors.Join(err, r.close())
		}
	}()
	lines := newScanner(in)
	for n := 1; ; n++ {
		line, err := lines.next()
		if err == io.EOF || err == io.ErrUnexpectedEOF && len(line) == 0 {
			return list, foreign, nil
		}
		if err == io.ErrUnexpectedEOF {
			return list, foreign, fmt.Errorf("audit: input line %d has no newline: it is cut off", n)
		}
		if err != nil {
			return list, foreign, fmt.Errorf("audit: input line %d: %w", n, err)
		}
		k, any, err := parseKept(line)
		if !any {
			foreign++
			continue
		}
		if err == nil {
			list, err = add(list, root, k)
		}
		if err != nil {
			return list, foreign, fmt.Errorf("audit: input line %d: %w", n, err)
		}
	}
}

// add writes a line to the log that it belongs to.
func add(list []*Rebuilt, root string, k kept) ([]*Rebuilt, error) {
	i := slices.IndexFunc(list, func(r *Rebuilt) bool { return r.Origin == k.origin })
	if i >= 0 {
		return list, list[i].add(k)
	}
	number, ok := numbered(path.Base(k.origin))
	if !ok {
		return list, fmt.Errorf("%.200q names no log: it ends in log-1, log-2 or so", k.origin)
	}
	r := &Rebuilt{Log: slot(root, number), Origin: k.origin, From: k.index, End: k.index}
	for _, other := range list {
		if other.Log == r.Log {
			return list, fmt.Errorf("the logs %.200q and %.200q are of two brokers: give the lines of one at a time", other.Origin, k.origin)
		}
	}
	if !begins(k.text) {
		return list, fmt.Errorf("%.200q begins at line %d, in the middle of a segment: the lines before it are in an older file, which comes first", k.origin, k.index)
	}
	if err := os.Mkdir(r.Log.Dir, 0o700); err != nil {
		return list, err
	}
	return append(list, r), r.add(k)
}

// begins reports whether a line is the first of a segment.
func begins(text []byte) bool {
	e, err := parseEntry(text)
	return err == nil && e != nil && e.Unmapped.Kind == kindSegment
}

func (r *Rebuilt) add(k kept) error {
	switch {
	case k.index < r.End:
		r.Again++
		return nil
	case k.index > r.End:
		return fmt.Errorf("lines %d to %d of %.200q are not there: line %d follows", r.End, k.index-1, r.Origin, k.index)
	case begins(k.text):
		if err := r.close(); err != nil {
			return err
		}
		f, err := os.OpenFile(Segment{r.Log, k.index, false}.Path(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		r.file, r.out = f, bufio.NewWriterSize(f, 64<<10)
		r.Segments++
	}
	r.End++
	r.out.Write(k.text) // its error comes again with Flush
	return r.out.WriteByte('\n')
}

// close ends the segment at hand, if there is one.
func (r *Rebuilt) close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.out.Flush(), r.file.Sync(), r.file.Close())
	r.file = nil
	return err
}
