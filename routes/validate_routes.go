package routes

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func (c *checker) routes() {
	if len(c.Routes) == 0 && !c.unsure["routes"] {
		c.fail("routes", "there is no route", "write - {name: ..., path: ..., callers: [...], target: ...}")
	}
	names := map[string]int{}
	for i := range c.Routes {
		r, path := &c.Routes[i], index("routes", i)
		if c.name(path+".name", r.Name); r.Name != "" {
			if first, dup := names[r.Name]; dup {
				c.fail(path+".name", fmt.Sprintf("%q is given twice, first at %v", r.Name, c.Position(index("routes", first)+".name")), "rename one")
			} else {
				names[r.Name] = i
			}
		}
		if pattern, err := ParsePattern(r.Path); err != nil {
			c.failFor(path+".path", asMistake(err))
		} else {
			c.rewrite(path, r, pattern)
		}
		for j, host := range r.Hosts {
			c.host(index(path+".hosts", j), host)
			r.Hosts[j] = strings.ToLower(host)
		}
		for j, action := range r.SOAPActions {
			if strings.Contains(action, `"`) {
				c.fail(index(path+".soap_actions", j), "holds a quote", "write the action without its quotes")
			}
		}
		c.policy(path, &r.Policy)
		c.level(path, &r.Policy, true)
		c.routeCallers(path+".callers", r)
		c.routeTarget(path, r)
		c.cardData(path, r)
		c.headers(path+".headers", r.Headers)
		c.headers(path+".response_headers", r.ResponseHeaders)
		if r.SOAP != nil {
			c.soap(path, r)
		}
	}
	c.shadowed()
}

func (c *checker) routeCallers(path string, r *Route) {
	switch {
	case len(r.Callers.Names) == 0:
		c.fail(path, "names nobody", "list callers, or write [anyone] when no credential is wanted")
	case r.Callers.Anyone() && len(r.Callers.Names) > 1:
		c.fail(path, "names anyone beside others", "write [anyone] alone, or the others alone")
	}
	for j, name := range r.Callers.Names {
		at := index(path, j)
		if r.Callers.Targets != nil {
			at = join(path, name)
		}
		if _, ok := c.Callers[name]; !ok && name != Anyone {
			c.undefined(at, name, "a caller", "callers")
		}
		if target, mapped := r.Callers.Targets[name]; mapped {
			if _, ok := c.Targets[target]; !ok {
				c.undefined(at, target, "a target", "targets")
			}
		}
	}
}

func (c *checker) routeTarget(path string, r *Route) {
	given := r.Target.Name != "" || r.Target.Inline != nil
	switch {
	case r.Callers.Targets != nil && given:
		c.fail(path+".target", "stands beside a map of callers to targets", "remove one of them")
	case r.Callers.Targets == nil && !given && (c.complete(path+".callers") || !c.has(path+".callers")):
		c.fail(path+".target", "is missing", "add the name of a target, or {url: ...}")
	}
	if r.Target.Inline != nil {
		c.target(path+".target", r.Target.Inline)
	} else if _, ok := c.Targets[r.Target.Name]; !ok {
		c.undefined(path+".target", r.Target.Name, "a target", "targets")
	}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (c *checker) rewrite(path string, r *Route, p Pattern) {
	at := path + ".rewrite"
	if r.Rewrite == "" {
		if vars := p.Vars(); len(vars) > 0 {
			c.fail(at, fmt.Sprintf("is missing: the target would never see {%s}", vars[0]), "add rewrite: with the path at the target, for example /items/{"+vars[0]+"}")
		}
		return
	}
	plain := placeholder.ReplaceAllString(r.Rewrite, "x")
	switch {
	case !strings.HasPrefix(r.Rewrite, "/"):
		c.fail(at, "is not a path", "start with a slash")
	case strings.ContainsAny(plain, "{}*"):
		c.fail(at, "has a brace or * that stands alone", "write {name} or {*}")
	case strings.ContainsAny(plain, `?#\%`) || strings.ContainsFunc(plain, unicode.IsControl):
		c.fail(at, `holds one of ? # \ % or a control character`, "write characters as they are; the query is kept by itself")
	case strings.Contains(plain, "//") || hasDots(plain):
		c.fail(at, "has an empty or a dot segment", "write the path it stands for")
	}
	for _, m := range placeholder.FindAllStringSubmatch(r.Rewrite, -1) {
		if m[1] == "*" && !p.Prefix {
			c.fail(at, "{*} stands for what a prefix leaves, and path has no /*", "end path in /*, or remove {*}")
		} else if m[1] != "*" && !slices.Contains(p.Vars(), m[1]) {
			c.fail(at, strconv.Quote("{"+m[1]+"}")+" is not in path", either(suggest(m[1], p.Vars()), "name a segment of path so"))
		}
	}
}

// shadowed reports routes that another one hides: same host, paths of one shape, a
// method and a SOAPAction in common.
func (c *checker) shadowed() {
	type slot struct{ host, shape, method, action string }
	taken := map[slot]int{}
	clash := func(i int, shape string) (string, int) {
		r := &c.Routes[i]
		for _, host := range orAny(r.Hosts) {
			for _, method := range r.Methods {
				for _, action := range orAny(r.SOAPActions) {
					s := slot{host, shape, method, action}
					if first, dup := taken[s]; dup && first != i {
						return method, first
					}
					taken[s] = i
				}
			}
		}
		return "", i
	}
	for i := range c.Routes {
		path := index("routes", i)
		p, err := ParsePattern(c.Routes[i].Path)
		if err != nil || !c.complete(path+".hosts", path+".methods", path+".soap_actions") {
			continue
		}
		if method, first := clash(i, p.shape()); first != i {
			c.fail(path+".path", fmt.Sprintf("is shadowed for %s by route %s (%v)", method, c.Routes[first].Name, c.Position(index("routes", first))),
				"change the path, or tell them apart by hosts, methods or soap_actions")
		}
	}
}

// orAny stands for "any" where nothing is named; no header or host can hold it.
func orAny(list []string) []string {
	if len(list) == 0 {
		return []string{"\x00any"}
	}
	return list
}
