package routes

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// soap checks a route to a SOAP service.
func (c *checker) soap(route string, r *Route) {
	s, path := r.SOAP, route+".soap"
	if s.CallersSpeak == "json" && s.Contract == "" && !c.has(path+".contract") {
		c.fail(path+".contract", "is missing: without it nobody knows what JSON means to the target", "name the service's WSDL file, or write callers_speak: soap")
		return
	}
	if !c.complete(path+".callers_speak", path+".contract") {
		return
	}
	c.contract(path+".contract", r)
	if r.Translates() {
		c.soapJSON(route, r)
		return
	}
	if s.Contract == "" && c.has(path+".port") {
		c.fail(path+".port", "has no meaning without a contract", "name the WSDL file under contract, or remove it")
	}
	if strings.HasSuffix(r.Path, "/*") && len(s.Operations) > 0 {
		c.warn(path+".operations", "some services take the operation from the path, and this route passes what follows its prefix on", "write the one path of the service, without /*, unless it goes by the message alone")
	}
	for _, key := range []string{"validate", "missing", "bindings", "headers", "fault_status", "numbers", "repeated_choice", "arrays", "buffer"} {
		if at := path + "." + key; c.has(at) {
			c.fail(at, "has no meaning for callers that speak SOAP", "remove it, or name a contract and write callers_speak: json")
		}
	}
}

// soapJSON checks a route whose callers speak JSON.
func (c *checker) soapJSON(route string, r *Route) {
	path := route + ".soap"
	p, err := ParsePattern(r.Path)
	if err == nil && !p.Prefix && c.complete(route+".path") {
		c.fail(route+".path", "is one path, and callers that speak JSON name the operation below it", "end it in /*")
	}
	if strings.Contains(r.Rewrite, "{*}") {
		c.fail(route+".rewrite", "has {*}, but what the prefix leaves names an operation and is not for the target", "write the path of the service, without {*}")
	}
	for _, key := range []string{"soap_actions", "upgrade"} {
		if c.has(route + "." + key) {
			c.fail(route+"."+key, "has no meaning for callers that speak JSON", "remove it")
		}
	}
	if len(r.SOAP.Bindings) == 0 && !slices.Contains(r.Methods, "POST") && c.complete(route+".methods", path+".bindings") {
		c.fail(route+".methods", "lacks POST, with which callers call an operation", "add POST, or bindings with other methods")
	}
	taken := map[string]int{}
	for i := range r.SOAP.Bindings {
		c.binding(index(path+".bindings", i), i, r, taken)
	}
	for _, name := range slices.Sorted(maps.Keys(r.SOAP.Headers)) {
		c.soapHeader(join(path+".headers", name), name, r.SOAP.Headers[name])
	}
	for _, code := range slices.Sorted(maps.Keys(r.SOAP.FaultStatus)) {
		if status := r.SOAP.FaultStatus[code]; status < 400 || status > 599 {
			c.fail(join(path+".fault_status", code), strconv.Itoa(status)+" is not the status of an error", "write 400 to 599")
		}
	}
}

// descriptions are served below a JSON route, beside its root.
const openAPI = "/openapi.json"

func (c *checker) binding(path string, i int, r *Route, taken map[string]int) {
	b := &r.SOAP.Bindings[i]
	if b.Method != "" && !slices.Contains(r.Methods, b.Method) && c.complete(path+".method") {
		c.fail(path+".method", strconv.Quote(b.Method)+" is not among the route's methods", "add it to methods, or choose one of "+strings.Join(r.Methods, ", "))
	}
	if len(r.SOAP.Operations) > 0 && b.Operation != "" {
		if _, ok := r.SOAP.Operations[b.Operation]; !ok && !c.misspelt(r, b.Operation) {
			c.fail(path+".operation", strconv.Quote(b.Operation)+" is not one of the route's operations", either(suggest(b.Operation, slices.Sorted(maps.Keys(r.SOAP.Operations))), "add it under operations"))
		}
	}
	for _, members := range []struct {
		key string
		of  map[string]string
	}{{"query", b.Query}, {"constants", b.Constants}} {
		for _, name := range slices.Sorted(maps.Keys(members.of)) {
			member := name
			if members.key == "query" {
				member = members.of[name]
			}
			c.member(join(path+"."+members.key, name), member)
		}
	}
	if c.has(path + ".body") {
		c.member(path+".body", b.Body)
		if !TakesBody(b.Method) {
			c.fail(path+".body", "is there for "+b.Method+", whose body means nothing", "remove it, or write another method")
		}
	}
	p, err := ParsePattern(b.Path)
	switch {
	case b.Path == "":
		return // reported
	case err != nil:
		c.failFor(path+".path", asMistake(err))
	case p.Prefix:
		c.fail(path+".path", "is a prefix, and nothing could stand for its rest", "name each segment: /stock/{item}")
	case len(p.Segments) == 0 || p.shape() == openAPI:
		c.fail(path+".path", "is where the route's description is", "write another path")
	default:
		slot := b.Method + " " + p.shape()
		if first, dup := taken[slot]; dup {
			c.fail(path+".path", fmt.Sprintf("is taken for %s by %s", b.Method, index("bindings", first)), "change the path or the method")
		}
		taken[slot] = i
	}
}

// misspelt reports whether the contract has an operation and lacks one of those that the
// route lists: then the list is wrong, as whoever compiles the route says.
func (c *checker) misspelt(r *Route, operation string) bool {
	contract := c.contracts[string(r.SOAP.Contract)].contract
	if contract == nil {
		return false
	}
	known := map[string]bool{}
	for _, s := range contract.Services {
		for _, p := range s.Ports {
			for _, o := range p.Operations {
				known[o.Name] = true
			}
		}
	}
	for name := range r.SOAP.Operations {
		if known[operation] && !known[name] {
			return true
		}
	}
	return false
}

// TakesBody reports whether a request with a method has a body that means something (RFC
// 9110, section 9.3).
func TakesBody(method string) bool { return method != "GET" && method != "HEAD" && method != "DELETE" }

// member checks a path of members in a JSON body.
func (c *checker) member(path, member string) {
	for name := range strings.SplitSeq(member, ".") {
		if name == "" && member != "" || strings.ContainsAny(name, "[]$/") {
			c.fail(path, strconv.Quote(member)+" is not a path of members", "write names with dots between them: filter.site")
			return
		}
	}
}

func (c *checker) soapHeader(path, name string, h SOAPHeader) {
	c.member(path, name)
	n := 0
	for _, given := range []bool{c.has(path + ".json"), c.has(path + ".header"), c.has(path + ".constant")} {
		if given {
			n++
		}
	}
	if n != 1 {
		c.fail(path, fmt.Sprintf("has %d of json, header and constant", n), "write one of them")
	}
	c.member(path+".json", h.JSON)
	if h.Header != "" {
		c.headerName(path+".header", h.Header)
		if isCredential(h.Header, "") {
			c.fail(path+".header", "is the caller's credential, which is not for the target", "name another field, or write constant: ${file:PATH}")
		}
	}
}
