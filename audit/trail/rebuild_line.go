package trail

import (
	"bytes"
	"errors"
	"strconv"
)

// kept is a line of a log as a receiver of syslog keeps it.
type kept struct {
	origin string
	index  int64
	text   []byte // of the line itself
}

// marks begins the structured data of a line that was shipped.
var marks = []byte("[twohop@")

var errNotKept = errors.New("its structured data has no log and index, or no line follows it")

// parseKept reads the structured data [twohop@N log="…" index="…" …] (RFC 5424, section
// 6.3) and the line after it. What stands before does not matter. any is false when line
// has no such data.
func parseKept(line []byte) (k kept, any bool, err error) {
	_, data, any := bytes.Cut(line, marks)
	if !any {
		return k, false, nil
	}
	k.index = -1
	data = bytes.TrimLeft(data, "0123456789")
	for len(data) > 0 && data[0] == ' ' {
		name, rest, ok := bytes.Cut(data[1:], []byte(`="`))
		value, rest, whole := paramValue(rest)
		if !ok || !whole {
			return k, true, errNotKept
		}
		switch string(name) {
		case "log":
			k.origin = string(value)
		case "index":
			if k.index, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return k, true, errNotKept
			}
		}
		data = rest
	}
	text, ok := bytes.CutPrefix(data, []byte("]"))
	if k.text = bytes.TrimLeft(text, " "); !ok || k.origin == "" || k.index < 0 || len(k.text) == 0 {
		return k, true, errNotKept
	}
	return k, true, nil
}

// paramValue returns a value up to its closing quote, with its escapes (section 6.3.3)
// undone, and what follows.
func paramValue(data []byte) (value, rest []byte, whole bool) {
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			return value, data[i+1:], true
		case '\\':
			if i+1 < len(data) && bytes.IndexByte([]byte(`\"]`), data[i+1]) >= 0 {
				i++
			}
		}
		value = append(value, data[i])
	}
	return nil, nil, false
}
