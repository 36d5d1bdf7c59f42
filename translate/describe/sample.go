package describe

import (
	"fmt"
	"strings"
)

// Languages are those that samples are written in.
var Languages = []string{"xpp", "curl", "csharp"}

// Sample returns a program that calls an operation ("" for the first one) in one of
// Languages: classes for its types, the request, the call, and the answer or the problem.
func Sample(in Input, operation, lang string) (string, error) {
	op, err := in.operation(operation)
	if err != nil {
		return "", err
	}
	switch lang {
	case "xpp":
		return xpp(newProgram(&in, op, xppLanguage)), nil
	case "curl":
		return curl(newProgram(&in, op, shell)), nil
	case "csharp":
		return csharp(newProgram(&in, op, csharpLanguage)), nil
	}
	return "", fmt.Errorf("no language %q; there are %s", lang, strings.Join(Languages, ", "))
}

// target is the URL that an operation is called at.
func (p *program) target() string {
	base := p.in.URL
	if base == "" {
		base = "https://broker.example.com"
	}
	return base + "/" + p.op.Name
}

// source collects the lines of a program.
type source struct {
	b     strings.Builder
	depth int
}

// line adds a line. An empty one has no indentation.
func (s *source) line(format string, args ...any) {
	if format != "" {
		s.b.WriteString(strings.Repeat("    ", s.depth))
		fmt.Fprintf(&s.b, format, args...)
	}
	s.b.WriteByte('\n')
}

// open begins a block, shut ends it.
func (s *source) open(format string, args ...any) {
	s.line(format, args...)
	s.line("{")
	s.depth++
}

func (s *source) shut(end string) {
	s.depth--
	s.line("%s", end)
}

// comment writes a text that comes from a contract: in one line, so that it cannot end the comment.
func (s *source) comment(text string) {
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		s.line("// %s", text)
	}
}

// headerFields are the fields that carry SOAP headers.
func (p *program) headerFields() []string {
	var list []string
	for _, h := range p.in.Headers {
		if e, _ := p.header(p.op.Input, h.Name); h.HTTP != "" && h.JSON == "" && e != nil {
			list = append(list, h.HTTP)
		}
	}
	return list
}
