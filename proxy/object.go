package proxy

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"twohop/internal/fault"
)

// object is a JSON object that is put together from single values.
type object struct {
	names  []string
	values []any // json.RawMessage or *object
}

// put sets the value at a slot; texts that stand for a boolean become one, and the codec
// reads any other value from a string too.
func (o *object) put(s slot, texts []string) {
	var list []json.RawMessage
	for _, text := range texts {
		value, _ := json.Marshal(text) // strings always encode
		if s.boolean {
			switch text {
			case "true", "1":
				value = []byte("true")
			case "false", "0":
				value = []byte("false")
			}
		}
		list = append(list, value)
	}
	value := list[0]
	if s.array {
		value, _ = json.Marshal(list)
	}
	o.set(s.members, value)
}

func (o *object) set(members []string, value json.RawMessage) {
	for i, name := range o.names {
		if name == members[0] && len(members) > 1 {
			if below, ok := o.values[i].(*object); ok {
				below.set(members[1:], value)
			}
			return
		}
	}
	o.names = append(o.names, members[0])
	if len(members) == 1 {
		o.values = append(o.values, value)
		return
	}
	below := &object{}
	below.set(members[1:], value)
	o.values = append(o.values, below)
}

// open writes the object without its closing brace.
func (o *object) open(dst []byte) []byte {
	dst = append(dst, '{')
	for i, name := range o.names {
		if i > 0 {
			dst = append(dst, ',')
		}
		key, _ := json.Marshal(name)
		dst = append(append(dst, key...), ':')
		switch v := o.values[i].(type) {
		case json.RawMessage:
			dst = append(dst, v...)
		case *object:
			dst = append(v.open(dst), '}')
		}
	}
	return dst
}

// inner reads a JSON value that goes into an object: it ends where the value does, and
// anything but white space after it is an error, so that no body adds members beside its
// own. What is wrong inside the value is for the codec to find.
type inner struct {
	src     io.Reader
	depth   int
	text    bool // inside a string
	escaped bool
	begun   bool
	over    bool
}

var errBeyond = fault.New(fault.InvalidRequest, "the body is more than one JSON value")

func (v *inner) Read(p []byte) (int, error) {
	n, err := v.src.Read(p)
	for _, c := range p[:n] {
		if !v.step(c) {
			return 0, errBeyond
		}
	}
	if err == io.EOF && !v.begun {
		return 0, fault.New(fault.InvalidRequest, "the body is empty, and a JSON value is expected")
	}
	return n, err
}

// step takes a byte; it reports whether the byte belongs to the value or is white space.
func (v *inner) step(c byte) bool {
	switch {
	case v.escaped:
		v.escaped = false
	case v.text:
		switch c {
		case '\\':
			v.escaped = true
		case '"':
			v.text = false
			v.over = v.depth == 0
		}
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		v.over = v.over || v.begun && v.depth == 0
	case v.over:
		return false
	case c == '"':
		v.begun, v.text = true, true
	case c == '{' || c == '[':
		if v.begun && v.depth == 0 {
			return false
		}
		v.begun = true
		v.depth++
	case c == '}' || c == ']':
		if v.depth--; v.depth < 0 {
			return false
		}
		v.over = v.depth == 0
	case (c == ',' || c == ':') && v.depth == 0:
		return false
	default:
		v.begun = true
	}
	return true
}

// merged reads the object of a body with members put in front of its own.
type merged struct {
	head  []byte // the members, without the closing brace
	src   io.Reader
	state int // of the constants below
}

const (
	beforeBrace = iota // of the body
	beforeMember
	withinBody
)

func (m *merged) Read(p []byte) (int, error) {
	for m.state != withinBody {
		var one [1]byte
		n, err := m.src.Read(one[:])
		switch c := one[0]; {
		case n == 0 && err == io.EOF && m.state == beforeBrace: // no body at all
			m.head, m.state, m.src = append(m.head, '}'), withinBody, eof{}
		case n == 0 && err != nil:
			return 0, err
		case n == 0 || c == ' ' || c == '\t' || c == '\n' || c == '\r':
		case m.state == beforeBrace && c != '{':
			return 0, fault.New(fault.InvalidRequest, "the body is not a JSON object")
		case m.state == beforeBrace:
			m.state = beforeMember
		default:
			if c != '}' && len(m.head) > 1 {
				m.head = append(m.head, ',')
			}
			m.head, m.state = append(m.head, c), withinBody
		}
	}
	if len(m.head) > 0 {
		n := copy(p, m.head)
		m.head = m.head[n:]
		return n, nil
	}
	return m.src.Read(p)
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// around reads the object with one more member whose value is read from src.
func (o *object) around(name string, src io.Reader) io.Reader {
	head := o.open(nil)
	if len(o.names) > 0 {
		head = append(head, ',')
	}
	key, _ := json.Marshal(name)
	head = append(append(head, key...), ':')
	return io.MultiReader(bytes.NewReader(head), src, strings.NewReader("}"))
}
