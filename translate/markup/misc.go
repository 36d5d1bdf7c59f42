package markup

import (
	"bytes"
	"strings"
)

// bang reads what starts with <!: a comment, or the start of a CDATA section.
func (r *Reader) bang() error {
	if err := r.need(3); err != nil {
		return err
	}
	switch r.buf[r.pos+2] {
	case '-':
		if err := r.need(4); err != nil {
			return err
		}
		if r.buf[r.pos+3] == '-' {
			r.pos += 4
			return r.comment()
		}
	case '[':
		const start = "<![CDATA["
		if err := r.need(len(start)); err != nil {
			return err
		}
		if string(r.buf[r.pos:r.pos+len(start)]) != start {
			break
		}
		if r.state != content {
			return r.wrong(r.pos, "a CDATA section outside of the root element")
		}
		r.pos += len(start)
		r.cdata = true
		return nil
	case 'D':
		return r.wrong(r.pos, "a DOCTYPE is refused: what it declares could read files, call out, or grow without end")
	}
	return r.wrong(r.pos, "<! that starts neither a comment nor a CDATA section")
}

// comment skips to the end of a comment (section 2.5), however long.
func (r *Reader) comment() error {
	for {
		b := r.buf[r.pos:r.end]
		n := bytes.Index(b, []byte("--"))
		if n < 0 {
			if len(b) > 0 {
				r.pos += len(b) - 1
			}
			if err := r.more(); err != nil {
				return err
			}
			continue
		}
		r.pos += n
		if err := r.need(3); err != nil {
			return err
		}
		if r.buf[r.pos+2] != '>' {
			return r.wrong(r.pos, "-- in a comment")
		}
		r.pos += 3
		return nil
	}
}

// instruction skips a processing instruction (section 2.6), however long.
func (r *Reader) instruction() error {
	end := 0
	for {
		b := r.buf[:r.end]
		end, _ = scanName(b, r.pos+2)
		if !unfinished(b, end) || end-r.pos-2 > r.limits.Name {
			break
		}
		if err := r.more(); err != nil {
			return err
		}
	}
	target := r.buf[r.pos+2 : end]
	switch {
	case len(target) == 0:
		return r.badName(r.pos+2, end, "a processing instruction")
	case bytes.IndexByte(target, ':') >= 0:
		return r.wrong(r.pos, "the name of a processing instruction has no colon")
	case strings.EqualFold(string(target), "xml"):
		return r.wrong(r.pos, "an XML declaration that is not at the very start")
	}
	if err := r.checkName(target, r.pos+2); err != nil {
		return err
	}
	if c := r.buf[end]; class[c]&space == 0 && c != '?' {
		return r.badName(r.pos+2, end, "a processing instruction")
	}
	bare := r.buf[end] == '?'
	r.pos = end
	for {
		b := r.buf[r.pos:r.end]
		n := bytes.Index(b, []byte("?>"))
		if bare && n > 0 {
			return r.wrong(r.pos, "a ? in the name of a processing instruction")
		}
		if n >= 0 {
			r.pos += n + 2
			return nil
		}
		if bare && len(b) > 1 {
			return r.wrong(r.pos, "a ? in the name of a processing instruction")
		}
		if len(b) > 0 {
			r.pos += len(b) - 1
		}
		if err := r.more(); err != nil {
			return err
		}
	}
}

// declaration reads the XML declaration, if there is one (section 2.8).
func (r *Reader) declaration() error {
	const start, long = "<?xml", 1 << 10
	for r.end-r.pos < len(start)+1 {
		if !strings.HasPrefix(start, string(r.buf[r.pos:min(r.end, r.pos+len(start))])) {
			return nil
		}
		if err := r.more(); err != nil {
			return err
		}
	}
	if string(r.buf[r.pos:r.pos+len(start)]) != start || class[r.buf[r.pos+len(start)]]&space == 0 {
		return nil
	}
	n := 0
	for {
		if n = bytes.Index(r.buf[r.pos:r.end], []byte("?>")); n >= 0 {
			break
		}
		if r.end-r.pos > long {
			return r.wrong(r.pos, "an XML declaration of more than %d bytes", long)
		}
		if err := r.more(); err != nil {
			return err
		}
	}
	if what := declared(r.buf[r.pos+len(start) : r.pos+n]); what != "" {
		return r.wrong(r.pos, "%s", what)
	}
	r.pos += n + 2
	return nil
}

// declared says what is wrong with what an XML declaration holds.
func declared(s []byte) string {
	seen := 0
	for {
		trimmed := bytes.TrimLeft(s, " \t\n")
		if len(trimmed) == 0 {
			break
		}
		if len(trimmed) == len(s) {
			return "no white space before a part of the XML declaration"
		}
		name, value, rest, ok := pseudo(trimmed)
		if !ok {
			return "an XML declaration holds version, encoding and standalone, each with a value in quotes"
		}
		at := map[string]int{"version": 1, "encoding": 2, "standalone": 3}[name]
		if at <= seen || seen == 0 && at != 1 {
			return "an XML declaration holds version, then encoding, then standalone, each once"
		}
		switch major, minor, _ := strings.Cut(value, "."); {
		case at == 1 && (major != "1" || minor == "" || strings.Trim(minor, "0123456789") != ""):
			return "the version of XML is not 1.0"
		case at == 2 && !encodingName(value):
			return "the name of an encoding holds letters, digits, dots, dashes and underscores"
		case at == 3 && value != "yes" && value != "no":
			return "standalone is yes or no"
		}
		seen, s = at, rest
	}
	if seen == 0 {
		return "an XML declaration without a version"
	}
	return ""
}

// pseudo splits name="value" off.
func pseudo(s []byte) (name, value string, rest []byte, ok bool) {
	n, v, ok := bytes.Cut(s, []byte("="))
	n, v = bytes.TrimRight(n, " \t\r\n"), bytes.TrimLeft(v, " \t\r\n")
	if !ok || len(v) == 0 || v[0] != '"' && v[0] != '\'' {
		return "", "", nil, false
	}
	end := bytes.IndexByte(v[1:], v[0])
	if end < 0 {
		return "", "", nil, false
	}
	return string(n), string(v[1 : 1+end]), v[end+2:], true
}

// encodingName is the production EncName.
func encodingName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return s != ""
}
