package audit

import "encoding/hex"

// Variables are the values of a path's {variables}, as HMACs by name: the inside of a JSON
// object, made once a call. "" is none.
type Variables string

// Variables returns the HMACs of values, the percent-decoded segments that the names of a
// pattern stand for.
func (s *Secret) Variables(names, values []string) Variables {
	if len(names) == 0 || len(names) != len(values) {
		return ""
	}
	o := object{make([]byte, 0, 64*len(names))}
	d := s.Digest(Variable)
	defer d.Release()
	for i, name := range names {
		o.next()
		end := len(o.b)
		o.b = append(o.b, values[i]...) // hashed where it costs no allocation
		d.h.Reset()
		d.Write(o.b[end:])
		o.b = o.b[:end]
		o.member(name)
		o.hex(d.Sum())
	}
	return Variables(o.b)
}

// Fields are header fields that a route's level shows: the inside of a JSON list of OCSF's
// http_header objects. "" is none.
type Fields string

// With returns f and one field more. name and value are clipped.
func (f Fields) With(name, value string) Fields {
	o := object{[]byte(f)}
	o.next()
	o.b = append(o.b, '{')
	o.must("name", clip(name, shortest))
	o.must("value", clip(value, shortest))
	o.close()
	return Fields(o.b)
}

// Kept says what became of a body that a route's level keeps. The zero Kept is a body that
// nothing is said of.
type Kept struct {
	File    string // below audit.dir; "" when nothing was stored
	SHA256  string // of that file, hex
	Bytes   int64  // of the redacted text that is encrypted in it
	Cut     bool   // the text is not the whole body
	LeftOut string // why nothing was stored
}

func (o *object) kept(name string, k Kept) {
	if k == (Kept{}) {
		return
	}
	o.open(name)
	o.text("file", k.File)
	o.text("sha256", k.SHA256)
	o.number("bytes", k.Bytes)
	o.yes("cut", k.Cut)
	o.text("left_out", k.LeftOut)
	o.close()
}

// digest writes an HMAC, if there is one.
func (o *object) digest(name string, s Sum) {
	if s.size > 0 {
		o.name(name)
		o.hex(s)
	}
}

func (o *object) hex(s Sum) {
	o.b = append(o.b, '"')
	o.b = hex.AppendEncode(o.b, s.bytes[:s.size])
	o.b = append(o.b, '"')
}

// headers writes the fields of a list, if there are some.
func (o *object) headers(list Fields) {
	if list != "" {
		o.name("http_headers")
		o.b = append(append(append(o.b, '['), list...), ']')
	}
}
