package describe

import (
	"encoding/json"
	"strconv"
)

// object is a JSON object whose members stay in the order in which they were set.
// encoding/json sorts a map's keys, and a schema reads better in its own order.
type object []member

type member struct {
	key   string
	value any // string, bool, int, literal, object, []any, []string or nil
}

// literal is JSON as it is, a number above all: its digits are kept.
type literal string

// with returns o with a member set, in the place of an earlier one of that name.
func (o object) with(key string, value any) object {
	for i := range o {
		if o[i].key == key {
			o[i].value = value
			return o
		}
	}
	return append(o, member{key, value})
}

func (o object) get(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// appendJSON writes v, indented from the given depth on; compact with a negative depth.
func appendJSON(dst []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case literal:
		return append(dst, v...)
	case string:
		return appendString(dst, v)
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return appendJSON(dst, list, depth)
	case []any:
		return appendGroup(dst, '[', ']', len(v), depth, func(dst []byte, i, depth int) []byte {
			return appendJSON(dst, v[i], depth)
		})
	case object:
		return appendGroup(dst, '{', '}', len(v), depth, func(dst []byte, i, depth int) []byte {
			dst = append(appendString(dst, v[i].key), ':')
			if depth >= 0 {
				dst = append(dst, ' ')
			}
			return appendJSON(dst, v[i].value, depth)
		})
	}
	panic("describe: a value of this kind has no JSON")
}

func appendGroup(dst []byte, open, end byte, n, depth int, each func(dst []byte, i, depth int) []byte) []byte {
	dst = append(dst, open)
	inner := depth
	if depth >= 0 {
		inner++
	}
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = each(newLine(dst, inner), i, inner)
	}
	if n > 0 {
		dst = newLine(dst, depth)
	}
	return append(dst, end)
}

func newLine(dst []byte, depth int) []byte {
	if depth < 0 {
		return dst
	}
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, "  "...)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string always encodes
	return append(dst, text...)
}
