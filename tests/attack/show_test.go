//go:build linux

package attack

import (
	"fmt"
	"slices"
	"strings"
)

// sum is what of an outcome is compared: what reached the target, and whether the caller
// was answered. Statuses of refusals may differ.
func (o outcome) sum(watched []string) string {
	return fmt.Sprintf("%d answered; %s", strings.Count(" "+o.answers, " 2"), strings.Join(o.requests(watched), "; "))
}

// show is an outcome in words.
func (o outcome) show(watched []string) string {
	return joined(o.answers, o.requests(watched))
}

// show is what is wanted, in words; where nothing is left open, as the outcome has it.
func (w want) show(o outcome) string {
	answers := strings.Join(w.answers, " or ")
	if w.closed {
		answers += ", closed"
	}
	if w.maybe {
		return joined(answers, []string{code(w.reached[0].line) + " or nothing"})
	}
	return joined(answers, o.requests(w.watched()))
}

func joined(answers string, requests []string) string {
	if len(requests) == 0 {
		return strings.Replace(answers, "-", "no answer", 1)
	}
	return strings.Replace(answers, "-", "no answer", 1) + ": " + strings.Join(requests, "; ")
}

func (o outcome) requests(watched []string) (list []string) {
	for _, r := range o.reached {
		if r.Fault != "cut" { // no request: its target drops it, and whether its head went out is chance
			list = append(list, r.show(watched))
		}
	}
	return list
}

// show is a request at the target: line, body, and the fields that the case looks at.
func (r arrival) show(watched []string) string {
	line := code(quoted(strings.TrimSuffix(r.Line, " HTTP/1.1")))
	switch r.Fault {
	case "":
	case "hanging":
		return code(r.Fault + ": " + strings.TrimSuffix(r.Line, " HTTP/1.1"))
	default:
		line = "malformed (" + r.Fault + "): " + line
	}
	if r.Body != "" {
		line += " with " + code(quoted(r.Body))
	}
	for _, name := range watched {
		values := valuesOf(r.Fields, name)
		for i, v := range values {
			values[i] = quoted(v)
		}
		if values == nil {
			line += ", no " + name
		} else {
			line += ", " + code(name+": "+strings.Join(values, "` and `"))
		}
	}
	for _, field := range r.Trailers {
		name, value, _ := strings.Cut(field, ":")
		line += ", trailer " + code(quoted(strings.ToLower(name)+":"+value))
	}
	return line
}

// sends is what a case sends, short, for the page.
func (a attack) sends() string {
	switch {
	case a.says != "":
		return a.says
	case a.send != "":
		text := strings.Replace(a.send, " HTTP/1.1\r\nHost: localhost\r\n", "\r\n", 1)
		return code(quoted(text))
	}
	list := slices.DeleteFunc(slices.Clone(a.fields), func(f string) bool {
		return slices.Contains(get(), f)
	})
	if a.data != "" {
		list = append(list, fmt.Sprintf("DATA %q", a.data))
	}
	return code(quoted(strings.Join(list, ", ")))
}

// quoted is text on one line, at most some 160 characters of it: ⏎ is CRLF, the rest as in Go.
func quoted(s string) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\r\n") {
		if i > 0 {
			b.WriteString("⏎")
		}
		q := fmt.Sprintf("%q", line)
		b.WriteString(strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`))
	}
	text := []rune(b.String())
	if len(text) > 160 {
		return string(text[:110]) + " … " + string(text[len(text)-30:])
	}
	return string(text)
}

// code is a code span in a table's cell.
func code(s string) string {
	if strings.HasPrefix(s, "`") || strings.Contains(s, "`") && !strings.Contains(s, "` and `") {
		return "`` " + strings.ReplaceAll(s, "|", `\|`) + " ``"
	}
	return "`" + strings.ReplaceAll(s, "|", `\|`) + "`"
}
