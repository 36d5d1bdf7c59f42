package proxy

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"twohop/internal/fault"
	"twohop/routes"
	"twohop/translate"
	"twohop/translate/validate"
)

// translation is how a route's callers speak JSON to a SOAP target.
type translation struct {
	service    *translate.Service
	operations map[string]*operation // those that may be called
	bindings   []*binding
	statuses   map[string]int // of SOAP Faults, by code
	hold       int64          // bytes of a message that is held
	pages      pages

	requests, answers *validate.Validator // nil when they are not validated
}

// operation is one that callers may name.
type operation struct {
	*translate.Operation
	headers []headerSource
}

// translation compiles the JSON side of a route; nil when its callers speak what the
// target speaks, or when something is wrong.
func (c *compiler) translation(i int, r *routes.Route) *translation {
	if !r.Translates() {
		return nil
	}
	s, path := r.SOAP, fmt.Sprintf("routes[%d].soap", i)
	service, err := translate.New(c.Contract(r), translate.Options{Port: s.Port, Strings: s.Numbers == "string", Collapse: s.Arrays == "collapse",
		Ordered: s.RepeatedChoice == "ordered", Partial: s.Missing == "pass", Cap: int64(s.Buffer)})
	if err != nil {
		c.errs = append(c.errs, c.Error(path+".port", err.Error(), "name a SOAP port of the contract, or leave port out for the first"))
		return nil
	}
	t := &translation{service: service, operations: map[string]*operation{}, statuses: s.FaultStatus, hold: int64(s.Buffer)}
	names, misspelt := slices.Sorted(maps.Keys(s.Operations)), false
	for _, name := range names {
		if service.Operation(name) == nil {
			misspelt = true
			c.fail(path, unknownOperation(service, "operations."+name, name))
		}
	}
	used := map[string]bool{}
	for _, op := range service.Operations() {
		if len(names) > 0 && !slices.Contains(names, op.Name) {
			continue
		}
		o := &operation{Operation: op}
		if o.headers, err = sources(t, op, s.Headers, used); err != nil {
			c.fail(path, err)
		}
		t.operations[op.Name] = o
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		if !used[name] && !misspelt {
			c.fail(path, &fault.Field{Path: "headers." + name, What: "no operation of the route has this SOAP header", Fix: "write the name of a header that the contract declares" + listed(declared(t))})
		}
	}
	if s.Validate != "none" {
		if err := c.validates(t, s.Validate); err != nil {
			c.fail(path, err)
		}
	}
	for j := range s.Bindings {
		if name := s.Bindings[j].Operation; misspelt && t.operations[name] == nil && service.Operation(name) != nil {
			continue // it may be what the list means
		}
		b, err := t.bind(&s.Bindings[j])
		if err != nil {
			c.fail(fmt.Sprintf("%s.bindings[%d]", path, j), err)
			continue
		}
		t.bindings = append(t.bindings, b)
	}
	t.pages = newPages(t, r)
	return t
}

func unknownOperation(s *translate.Service, path, name string) *fault.Field {
	for _, op := range s.Port.Operations {
		if op.Name == name && op.Unusual != "" {
			return &fault.Field{Path: path, What: "the operation cannot be called as JSON: " + op.Unusual, Fix: "remove it"}
		}
	}
	return &fault.Field{Path: path, What: fmt.Sprintf("the contract has no operation %q", name), Fix: "write the name of one that it has" + listed(near(name, names(s.Operations())))}
}

func names(list []*translate.Operation) []string {
	out := make([]string, len(list))
	for i, op := range list {
		out[i] = op.Name
	}
	return out
}

// declared names the SOAP headers of a route's operations.
func declared(t *translation) []string {
	var list []string
	for _, op := range t.operations {
		for _, h := range op.Input.Headers {
			list = append(list, h.Element.Name.Local)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// listed names a few of many.
func listed(list []string) string {
	switch {
	case len(list) == 0:
		return ""
	case len(list) > mostNamed:
		list = append(slices.Clone(list[:mostNamed]), fmt.Sprintf("and %d more", len(list)-mostNamed))
	}
	return ": " + strings.Join(list, ", ")
}

// mostNamed bounds lists in answers and errors.
const mostNamed = 10

// near returns the names that may be meant by word, all when none is close.
func near(word string, list []string) []string {
	lower := strings.ToLower(word)
	var close []string
	for _, name := range list {
		if l := strings.ToLower(name); lower != "" && (strings.Contains(l, lower) || strings.Contains(lower, l)) {
			close = append(close, name)
		}
	}
	if best := routes.Closest(word, list); best != "" && !slices.Contains(close, best) {
		close = append(close, best)
	}
	if len(close) > 0 {
		return close
	}
	return list
}

// takes lists the methods of a route. A HEAD is answered where a GET is.
func takes(r *routes.Route) []string {
	if r.Translates() && slices.Contains(r.Methods, http.MethodGet) && !slices.Contains(r.Methods, http.MethodHead) {
		return append(slices.Clone(r.Methods), http.MethodHead)
	}
	return r.Methods
}

// oneWay reports whether no answer comes with a message.
func (o *operation) oneWay() bool { return o.Output == nil }
