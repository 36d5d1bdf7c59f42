package routes

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

func canonicalHeader(name string) string { return http.CanonicalHeaderKey(name) }

func (c *checker) routes() {
	if len(c.Routes) == 0 {
		c.fail("routes", "there is no route", "write - {name: ..., path: ..., callers: [...], target: ...}")
	}
	names := map[string]int{}
	known := slices.Sorted(maps.Keys(c.Targets))
	people := slices.Sorted(maps.Keys(c.Callers))
	for i := range c.Routes {
		r, path := &c.Routes[i], index("routes", i)
		c.name(path+".name", r.Name)
		if first, dup := names[r.Name]; dup {
			c.fail(path+".name", fmt.Sprintf("%q is given twice, first at %v", r.Name, c.Position(index("routes", first)+".name")), "rename one")
		}
		names[r.Name] = i
		pattern, err := ParsePattern(r.Path)
		if err != nil {
			what, fix, _ := strings.Cut(err.Error(), "; ")
			c.fail(path+".path", what, fix)
		}
		c.rewrite(path, r, pattern)
		for j, host := range r.Hosts {
			if !httpguts.ValidHostHeader(host) || strings.ContainsAny(host, ":*/") {
				c.fail(index(path+".hosts", j), strconv.Quote(host)+" is not a host name", "write the name alone, without port or *")
			}
			r.Hosts[j] = strings.ToLower(host)
		}
		for j, action := range r.SOAPActions {
			if strings.Contains(action, `"`) {
				c.fail(index(path+".soap_actions", j), "holds a quote", "write the action without its quotes")
			}
		}
		c.methods(path, r.Methods)
		c.routeCallers(path+".callers", r, people, known)
		c.routeTarget(path, r, known)
		c.headers(path+".headers", r.Headers)
		c.headers(path+".response_headers", r.ResponseHeaders)
	}
	c.shadowed()
}

func (c *checker) methods(path string, methods []string) {
	if len(methods) == 0 {
		c.fail(path+".methods", "is empty", "list the methods, or remove the key for GET and POST")
	}
	for j, m := range methods {
		if !httpguts.ValidHeaderFieldName(m) || m != strings.ToUpper(m) || m == http.MethodConnect || m == http.MethodTrace {
			c.fail(index(path+".methods", j), strconv.Quote(m)+" is not a method that a route can take", "write it in capitals: GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS")
		}
	}
}

func (c *checker) routeCallers(path string, r *Route, people, targets []string) {
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
			c.fail(at, strconv.Quote(name)+" is not a caller", either(suggest(name, people), "define it under callers"))
		}
		if target, mapped := r.Callers.Targets[name]; mapped {
			if _, ok := c.Targets[target]; !ok {
				c.fail(at, strconv.Quote(target)+" is not a target", either(suggest(target, targets), "define it under targets"))
			}
		}
	}
}

func (c *checker) routeTarget(path string, r *Route, targets []string) {
	given := r.Target.Name != "" || r.Target.Inline != nil
	switch {
	case r.Callers.Targets != nil && given:
		c.fail(path+".target", "stands beside a map of callers to targets", "remove one of them")
	case r.Callers.Targets == nil && !given:
		c.fail(path+".target", "is missing", "add the name of a target, or {url: ...}")
	case r.Target.Inline != nil:
		c.target(path+".target", r.Target.Inline)
	case r.Target.Name != "":
		if _, ok := c.Targets[r.Target.Name]; !ok {
			c.fail(path+".target", strconv.Quote(r.Target.Name)+" is not a target", either(suggest(r.Target.Name, targets), "define it under targets"))
		}
	}
}

var placeholder = regexp.MustCompile(`\{([^}]*)\}`)

func (c *checker) rewrite(path string, r *Route, p Pattern) {
	if r.Rewrite == "" {
		if vars := p.Vars(); len(vars) > 0 {
			c.fail(path+".rewrite", fmt.Sprintf("is missing: the target would never see {%s}", vars[0]), "add rewrite: with the path at the target, for example /items/{"+vars[0]+"}")
		}
		return
	}
	if !strings.HasPrefix(r.Rewrite, "/") || strings.ContainsAny(r.Rewrite, "?#\\ ") {
		c.fail(path+".rewrite", "is not a path", "start with a slash; the query is kept by itself")
	}
	for _, m := range placeholder.FindAllStringSubmatch(r.Rewrite, -1) {
		if m[1] == "*" && !p.Prefix {
			c.fail(path+".rewrite", "{*} stands for what a prefix leaves, and path has no /*", "end path in /*, or remove {*}")
		} else if m[1] != "*" && !slices.Contains(p.Vars(), m[1]) {
			c.fail(path+".rewrite", "{"+m[1]+"} is not in path", either(suggest(m[1], p.Vars()), "name a segment of path so"))
		}
	}
}

// shadowed reports routes that another one hides: same host, paths of one shape, a
// method and a SOAPAction in common.
func (c *checker) shadowed() {
	type slot struct{ host, shape, method, action string }
	taken := map[slot]int{}
	for i := range c.Routes {
		r := &c.Routes[i]
		p, err := ParsePattern(r.Path)
		if err != nil {
			continue
		}
		shape := p.shape()
		clash := func() error {
			for _, host := range orAny(r.Hosts) {
				for _, method := range r.Methods {
					for _, action := range orAny(r.SOAPActions) {
						s := slot{host, shape, method, action}
						if first, dup := taken[s]; dup && first != i {
							return fmt.Errorf("is shadowed for %s by route %s (%v)", method, c.Routes[first].Name, c.Position(index("routes", first)))
						}
						taken[s] = i
					}
				}
			}
			return nil
		}
		if err := clash(); err != nil {
			c.fail(index("routes", i)+".path", err.Error(), "change the path, or tell them apart by hosts, methods or soap_actions")
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
