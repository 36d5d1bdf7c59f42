package audit

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// object writes a JSON object by appending to b. A record is written twice for every
// call, and reflection took a tenth of a call's time. Members without a value are left
// out, but for those of the methods that say so.
type object struct{ b []byte }

func (o *object) open(name string) {
	if name != "" {
		o.name(name)
	}
	o.b = append(o.b, '{')
}

func (o *object) close() { o.b = append(o.b, '}') }

func (o *object) name(name string) {
	if last := o.b[len(o.b)-1]; last != '{' {
		o.b = append(o.b, ',')
	}
	o.member(name)
}

func (o *object) member(name string) { o.b = append(append(append(o.b, '"'), name...), `":`...) }

// next separates what is made apart from the object that it will be in.
func (o *object) next() {
	if len(o.b) > 0 {
		o.b = append(o.b, ',')
	}
}

func (o *object) text(name, value string) {
	if value != "" {
		o.must(name, value)
	}
}

// must writes a text that may be empty.
func (o *object) must(name, value string) {
	o.name(name)
	o.b = appendText(o.b, value)
}

func (o *object) number(name string, n int64) {
	if n != 0 {
		o.count(name, n)
	}
}

// count writes a number that may be 0.
func (o *object) count(name string, n int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) yes(name string, is bool) {
	if is {
		o.name(name)
		o.b = append(o.b, "true"...)
	}
}

// ms writes a duration in milliseconds, to the microsecond.
func (o *object) ms(name string, d time.Duration) {
	if us := d.Microseconds(); us != 0 {
		o.name(name)
		o.b = strconv.AppendFloat(o.b, float64(us)/1000, 'f', -1, 64)
	}
}

// appendText writes a JSON string. Only what needs an escape takes the long way.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, quote(s)...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// quote leaves HTML's characters as they are: escaped, a path of them would make a
// record six times as long.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
