package routes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

const syntaxFix = "look for a wrong indentation, a tab, a quote or a bracket that is not closed"

// parse returns the root of the file's one document, or nil after reporting why not.
// Aliases are replaced by what they stand for.
func (d *decoder) parse(src []byte) *yaml.Node {
	if line, column, ok := invalid(src); ok {
		d.fail(&yaml.Node{Line: line, Column: column}, "", "is not UTF-8 text", "save the file as UTF-8")
		return nil
	}
	in := yaml.NewDecoder(bytes.NewReader(src))
	var doc, more yaml.Node
	switch err := readDocument(in, &doc); {
	case errors.Is(err, io.EOF), err == nil && doc.Content[0].Tag == "!!null":
		d.fail(&yaml.Node{Line: 1, Column: 1}, "", "the file is empty", "write into it, or remove it")
		return nil
	case err != nil:
		d.syntax(src, err)
		return nil
	}
	switch err := readDocument(in, &more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.syntax(src, err)
	default:
		d.note(more.Content[0], "", "a second YAML document", "keep one document; put more routes into files under include")
	}
	root := doc.Content[0]
	a := aliases{sizes: map[*yaml.Node]int{}}
	switch size := a.replace(root); {
	case a.cycle != nil:
		d.fail(a.cycle, "", "an anchor holds itself", "write the value out")
		return nil
	case a.used && size > maxAliased:
		d.fail(root, "", "the aliases (*) stand for too many values", "use defaults, or shared targets")
		return nil
	}
	return root
}

// readDocument decodes one document; yaml.v3 panics on some malformed input.
func readDocument(in *yaml.Decoder, doc *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	return in.Decode(doc)
}

// invalid returns the place of the first byte that is not UTF-8. A file may be
// UTF-16 when it says so with a byte order mark (YAML 1.2, section 5.2).
func invalid(src []byte) (line, column int, ok bool) {
	if utf8.Valid(src) || bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return 0, 0, false
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	line, column = place(src, at)
	return line, column, true
}

// lineBreak is what YAML 1.1 counts as the end of a line.
var lineBreak = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")

func place(src []byte, at int) (line, column int) {
	ends, start := lineBreak.FindAllIndex(src[:at], -1), 0
	if len(ends) > 0 {
		start = ends[len(ends)-1][1]
	}
	return 1 + len(ends), 1 + utf8.RuneCount(src[start:at])
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// syntax reports an error of yaml.v3, which names a line at best.
func (d *decoder) syntax(src []byte, err error) {
	at, what := &yaml.Node{Line: 1, Column: 1}, strings.TrimPrefix(err.Error(), "yaml: ")
	fix := syntaxFix
	if m := yamlLine.FindStringSubmatch(what); m != nil {
		line, _ := strconv.Atoi(m[1])
		last, _ := place(src, len(bytes.TrimRight(src, "\r\n")))
		at.Line = min(max(line, 1), last)
		what = what[len(m[0]):]
	} else if m := yamlAnchor.FindStringSubmatch(what); m != nil {
		if i := bytes.Index(src, []byte("*"+m[1])); i >= 0 {
			at.Line, at.Column = place(src, i)
		}
		fix = "define it before with &, or put a text that begins with * into quotes"
	}
	d.fail(at, "", "is not YAML: "+what, fix)
}

// maxAliased bounds what a file with aliases may stand for: a few nested ones would
// fill any memory.
const maxAliased = 2_000_000

// aliases replaces aliases by the nodes they name.
type aliases struct {
	sizes map[*yaml.Node]int // of finished anchored nodes
	used  bool
	cycle *yaml.Node
}

// replace returns how many values n stands for. An anchor stands before its aliases,
// so the size of one that is not known yet is being counted: it holds itself.
func (a *aliases) replace(n *yaml.Node) int {
	size := 1
	for i, c := range n.Content {
		if c.Kind != yaml.AliasNode {
			if n.Kind == yaml.MappingNode && i%2 == 1 && c.Kind != yaml.ScalarNode && c.Style&yaml.FlowStyle == 0 {
				c.Line, c.Column = n.Content[i-1].Line, n.Content[i-1].Column
			}
			size = min(size+a.replace(c), maxAliased+1)
			continue
		}
		known, ok := a.sizes[c.Alias]
		if !ok {
			a.cycle = c
			return size
		}
		a.used = true
		n.Content[i] = c.Alias
		size = min(size+known, maxAliased+1)
	}
	if n.Anchor != "" {
		a.sizes[n] = size
	}
	return size
}
