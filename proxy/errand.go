package proxy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"twohop/internal/fault"
)

// errand is what a call on a JSON route is for.
type errand struct {
	operation *operation // nil for a description
	binding   *binding   // nil for POST path/Operation
	values    []string   // of the binding's variables
	page      string     // openAPIPage or htmlPage
	form      form       // of the answer
}

// The descriptions of a JSON route, by what the prefix leaves.
const (
	htmlPage    = "/"
	openAPIPage = "/openapi.json"
)

// choose finds out what a call on a JSON route is for.
func (c *call) choose() error {
	t := c.route.translation
	rest, err := url.PathUnescape(c.rest)
	if err != nil {
		return fault.New(fault.PathNotCanonical, "the path has an escape that cannot be read")
	}
	if rest == "" {
		rest = htmlPage
	}
	segments := strings.Split(rest[1:], "/")
	var methods []string
	var found *binding
	for _, b := range t.bindings {
		values, ok := b.matches(segments)
		switch {
		case !ok:
		case b.method != c.r.Method:
			methods = append(methods, b.method)
		case found == nil || b.literals() > found.literals():
			found, c.errand.values = b, values
		}
	}
	switch op := t.operations[segments[0]]; {
	case found != nil:
		c.errand.binding, c.errand.operation = found, found.operation
	case rest == htmlPage || rest == openAPIPage:
		if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
			c.errand.page = rest
			return nil
		}
		methods = append(methods, http.MethodGet, http.MethodHead)
	case op != nil && len(segments) == 1:
		if c.r.Method == http.MethodPost {
			c.errand.operation = op
			break
		}
		methods = append(methods, http.MethodPost)
	}
	switch {
	case c.errand.operation != nil:
		c.operation = c.errand.operation.Name
		return c.negotiate()
	case len(methods) > 0:
		slices.Sort(methods)
		allow := strings.Join(slices.Compact(methods), ", ")
		f := fault.New(fault.MethodNotAllowed, "%s is not what this path takes; it takes %s", c.r.Method, allow).With("Allow", allow)
		name := "OPERATION"
		if op := t.operations[segments[0]]; op != nil {
			name = op.Name
		}
		f.Fix = c.route.howToCall(name)
		return f
	}
	if op := t.service.Operation(rest[1:]); op != nil {
		c.operation = op.Name // for the record: it is refused
	}
	return t.unknown(rest[1:])
}

// howToCall is the fix for a wrong method on a JSON route.
func (r *route) howToCall(operation string) string {
	return "Use a method from the Allow header; an operation is called as POST " + strings.TrimSuffix(r.path, "/*") + "/" + operation + " with its JSON as the body."
}

// unknown returns why a name is no operation that may be called.
func (t *translation) unknown(name string) *fault.Fault {
	if t.service.Operation(name) != nil {
		return fault.New(fault.OperationNotAllowed, "operation %s is not on this route's list", name)
	}
	var list []string
	for _, op := range t.service.Operations() {
		if t.operations[op.Name] != nil {
			list = append(list, op.Name)
		}
	}
	alike := near(name, list)
	if len(alike) < len(list) {
		return fault.New(fault.OperationUnknown, "the route has no operation %q; did you mean %s?", clip(name, 64), strings.TrimPrefix(listed(alike), ": "))
	}
	return fault.New(fault.OperationUnknown, "the route has no operation %q; call one of%s", clip(name, 64), strings.TrimPrefix(listed(list), ":"))
}

// negotiate looks at what the caller sends and wants, before anything of it is read.
func (c *call) negotiate() error {
	var ok bool
	if c.errand.form, ok = accepted(c.r.Header["Accept"]); !ok {
		return fault.New(fault.NotAcceptable, "the header field Accept allows neither application/json nor application/xml")
	}
	if coding := strings.Join(c.r.Header["Content-Encoding"], ","); coding != "" && !strings.EqualFold(coding, "identity") {
		return fault.New(fault.UnsupportedType, "the body has the Content-Encoding %q", clip(coding, 64))
	}
	b := c.errand.binding
	switch types := c.r.Header["Content-Type"]; {
	case b == nil && c.r.URL.RawQuery != "":
		return fault.New(fault.InvalidRequest, "the operation takes its parameters in the body, and the call has a query")
	case b != nil && b.bare && c.r.ContentLength != 0:
		return fault.New(fault.InvalidRequest, "a %s for this path takes no body", c.r.Method)
	case c.r.ContentLength == 0:
	case len(types) == 0 || !isJSON(types[0]):
		return fault.New(fault.UnsupportedType, "the body is declared as %q, which is not JSON in UTF-8", clip(strings.Join(types, ","), 64)).With("Accept", "application/json") // RFC 9110, section 15.5.16
	}
	return nil
}
