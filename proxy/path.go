package proxy

import (
	"net/url"
	"strings"

	"twohop/internal/fault"
)

// canonical refuses a path that the broker and the target could read differently:
// empty and dot segments, encoded slashes and backslashes, control characters.
func canonical(u *url.URL) *fault.Fault {
	path := u.Path
	if !strings.HasPrefix(path, "/") {
		return fault.New(fault.BadRequest, "the request is not for a path on this host")
	}
	if strings.Count(path, "/") != strings.Count(u.EscapedPath(), "/") {
		return fault.New(fault.PathNotCanonical, "the path holds an encoded slash (%%2F)")
	}
	for i := range len(path) {
		if c := path[i]; c < 0x20 || c == 0x7f || c == '\\' {
			return fault.New(fault.PathNotCanonical, "the path holds a backslash or a control character")
		}
		if overlong(path[i:]) {
			return fault.New(fault.PathNotCanonical, "the path holds an overlong UTF-8 sequence")
		}
	}
	for i := range len(u.RawQuery) { // HTTP/2 brings them here, and HTTP/1.1 would end the line at them
		if c := u.RawQuery[i]; c <= 0x20 || c >= 0x7f || c == '#' {
			return fault.New(fault.BadRequest, "the query holds a space, a #, a control character or a byte beyond ASCII; escape it with %%")
		}
	}
	if strings.Contains(path, "//") {
		return fault.New(fault.PathNotCanonical, "the path holds an empty segment (//)")
	}
	if strings.Contains(path, "/.") {
		for segment := range strings.SplitSeq(path, "/") {
			segment, _, _ = strings.Cut(segment, ";") // servers take parameters off before they resolve dots
			if segment == "." || segment == ".." {
				return fault.New(fault.PathNotCanonical, "the path holds a dot segment")
			}
		}
	}
	return nil
}

// overlong reports whether s begins with a longer form of a character than UTF-8 allows
// (RFC 3629, section 3), which some servers read as a slash or a dot.
func overlong(s string) bool {
	if s[0] == 0xC0 || s[0] == 0xC1 {
		return true
	}
	return len(s) > 1 && (s[0] == 0xE0 && s[1] >= 0x80 && s[1] < 0xA0 || s[0] == 0xF0 && s[1] >= 0x80 && s[1] < 0x90)
}

// split cuts an escaped path after depth segments.
func split(escaped string, depth int) (head, rest string) {
	at := 0
	for range depth {
		next := strings.IndexByte(escaped[at+1:], '/')
		if next < 0 {
			return escaped, ""
		}
		at += 1 + next
	}
	return escaped[:at], escaped[at:]
}

// splice appends rest to base with exactly one slash between them.
func splice(base, rest string) string {
	if rest == "" || rest == "/" && strings.HasSuffix(base, "/") {
		return base
	}
	return strings.TrimSuffix(base, "/") + rest
}

// template is a route's rewrite: the path at the target with {name} and {*}.
type template struct {
	parts []part
}

type part struct {
	literal string // escaped
	vari    int    // index of the variable, -1 for a literal, restPart for {*}
}

const (
	literalPart = -1
	restPart    = -2
)

func parseTemplate(text string, vars []string) template {
	var t template
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			t.parts = append(t.parts, part{(&url.URL{Path: text}).EscapedPath(), literalPart})
			break
		}
		if open > 0 {
			t.parts = append(t.parts, part{(&url.URL{Path: text[:open]}).EscapedPath(), literalPart})
		}
		name, after, _ := strings.Cut(text[open+1:], "}")
		index := restPart
		for i, v := range vars {
			if v == name {
				index = i
			}
		}
		t.parts = append(t.parts, part{"", index})
		text = after
	}
	return t
}

// fill returns the path before what {*} stands for, and the whole path.
func (t template) fill(vars []string, rest string) (base, path string) {
	var b strings.Builder
	base = "\x00"
	for _, p := range t.parts {
		switch p.vari {
		case literalPart:
			b.WriteString(p.literal)
		case restPart:
			base = b.String()
			b.WriteString(strings.TrimPrefix(rest, "/"))
		default:
			b.WriteString(url.PathEscape(vars[p.vari]))
		}
	}
	if base == "\x00" {
		base = b.String()
	}
	return base, b.String()
}
