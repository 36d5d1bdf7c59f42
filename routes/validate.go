package routes

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// checker collects what the keys mean together. It judges only values that could be
// read, so that one mistake is reported once.
type checker struct {
	*Table
	*report
	now time.Time // UTC

	names   map[string][]string // by section, sorted; for suggestions
	compare int                 // comparisons that suggestions may still make
}

// maxCompare bounds the work of suggestions in a file with very many mistakes.
const maxCompare = 500_000

func (t *Table) validate(r *report, now time.Time) {
	c := &checker{Table: t, report: r, now: now.UTC(), compare: maxCompare, names: map[string][]string{
		"callers":    slices.Sorted(maps.Keys(t.Callers)),
		"exceptions": slices.Sorted(maps.Keys(t.Exceptions)),
		"targets":    slices.Sorted(maps.Keys(t.Targets)),
	}}
	c.frontDoor()
	c.auditLog()
	c.sinks()
	c.strangers()
	c.operator()
	c.callers()
	c.exceptions()
	for _, name := range c.names["targets"] {
		x, path := t.Targets[name], join("targets", name)
		c.name(path, name)
		c.target(path, &x)
	}
	c.policy("defaults", &t.Defaults)
	c.level("defaults", &t.Defaults, false)
	c.routes()
	c.reachable()
	if !c.errs.Fatal() {
		c.unused()
	}
}

func (c *checker) fail(path, what, fix string) { c.failFor(path, &mistake{what, fix, false}) }

func (c *checker) failFor(path string, m *mistake) {
	if s := c.spot(path); c.readable(s) {
		e := c.Error(path, m.what, m.fix)
		e.Unavailable = m.runtime && isolable(s.path)
		c.errs = append(c.errs, e)
	}
}

// reject reports a value that nothing else may be concluded from.
func (c *checker) reject(path, what, fix string) {
	c.fail(path, what, fix)
	s := c.spot(path)
	c.spoil(s.file, s.path)
}

func (c *checker) warn(path, what, fix string) {
	if c.readable(c.spot(path)) {
		c.warnings = append(c.warnings, c.Error(path, what, fix))
	}
}

// complete reports whether the values at all paths could be read as a whole.
func (c *checker) complete(paths ...string) bool {
	return len(c.bad) == 0 || !slices.ContainsFunc(paths, func(p string) bool { return !c.whole(c.spot(p)) })
}

// undefined reports a name that its section does not define.
func (c *checker) undefined(path, name, kind, section string) {
	if name == "" || c.unsure[section] {
		return
	}
	c.fail(path, strconv.Quote(name)+" is not "+kind, either(c.suggest(name, c.names[section]), "define it under "+section))
}

func (c *checker) suggest(word string, candidates []string) string {
	if c.compare -= len(candidates); c.compare < 0 {
		return ""
	}
	return suggest(word, candidates)
}

// IsName reports whether name may stand for a route, target, caller or exception.
func IsName(name string) bool { return nameForm.MatchString(name) }

// nameForm keeps names readable in logs, metrics and paths of this file.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

func (c *checker) name(path, name string) {
	if !IsName(name) {
		c.fail(path, strconv.Quote(name)+" is not a name", "use letters, digits, - and _, a letter or digit first")
	}
}

// hostForm is a host name or an IPv4 address. A name in another alphabet is written
// in its ASCII form (RFC 5890).
var hostForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || hostForm.MatchString(name)
}

// positive reports a span that must not be 0, when the file gives it.
func (c *checker) positive(path string, span time.Duration) {
	if span == 0 && c.has(path) {
		c.fail(path, "is 0, which would let nothing through or never end", "write a span above 0")
	}
}

// policy checks what routes share. A route that inherits a mistake does not repeat it.
func (c *checker) policy(path string, p *Policy) {
	if len(p.Methods) == 0 && c.has(path+".methods") {
		c.fail(path+".methods", "is empty", "list the methods, or remove the key for GET and POST")
	}
	for j, m := range p.Methods {
		if !isMethod(m) && c.has(index(path+".methods", j)) {
			c.fail(index(path+".methods", j), strconv.Quote(m)+" is not a method that a route can take", "write it in capitals: GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS")
		}
	}
	c.positive(path+".timeout.connect", p.Timeout.Connect)
	c.positive(path+".timeout.handshake", p.Timeout.Handshake)
	c.positive(path+".timeout.first_byte", p.Timeout.FirstByte)
	c.positive(path+".timeout.idle", p.Timeout.Idle)
}

func isMethod(m string) bool {
	return httpguts.ValidHeaderFieldName(m) && m == strings.ToUpper(m) && m != http.MethodConnect && m != http.MethodTrace
}

func (c *checker) unused() {
	used := map[string]bool{}
	for _, x := range c.Targets {
		used[x.Exception] = true
	}
	for i := range c.Routes {
		if x := c.Routes[i].Target.Inline; x != nil {
			used[x.Exception] = true
		}
	}
	for _, name := range c.names["exceptions"] {
		if !used[name] {
			c.warn(join("exceptions", name), "no target uses it", "remove it")
		}
	}
}

// days says how far off a day is.
func days(n int) string {
	switch n {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	return fmt.Sprintf("in %d days", n)
}
