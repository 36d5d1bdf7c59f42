package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"twohop/limit"
	"twohop/metrics"
	"twohop/routes"
	"twohop/target"
	"twohop/target/balance"
)

// route is a compiled routes.Route.
type route struct {
	name        string
	pattern     routes.Pattern
	path        string // as written
	methods     []string
	actions     []string
	open        bool            // callers: [anyone]
	ways        map[string]*way // by caller; routes.Anyone for an open route
	unavailable string          // why it is switched off, "" when it serves
	rewrite     *template       // nil for the default
	request     headerEdit
	response    headerEdit
	maxBody     int64
	limits      target.Limits
	idempotent  bool
	websocket   bool
	metrics     *metrics.Route
	vars        []string // names of the path's {variables}
	evidence    evidence
	translation *translation // nil unless callers speak JSON to a SOAP target
	pass        *pass        // nil unless SOAP messages pass through
}

// way is where one caller's calls on a route go.
type way struct {
	name          string // of the target, or of the route for one written in place
	target        *balance.Group
	limiter       *limit.Limiter
	operations    map[string]*limit.Limiter // of operations that have a limit of their own
	scheme, host  string                    // host as in the url, the first one, for the Host header
	hosts         []string                  // names of all endpoints
	base          string                    // escaped path
	query         string
	hostPolicy    string
	headers       headerEdit
	spelled       []spelling // of the request, the route's included
	bufferRequest int64
	verify        string
	exception     string
	ends          time.Time // of the exception; zero for none
}

// headerEdit is a compiled routes.Headers.
type headerEdit struct {
	remove  []string
	set     []headerField
	spelled []spelling
}

type headerField struct {
	name  string
	value []string
}

// spelling is how a field with a canonical name is written.
type spelling struct{ name, written string }

func newHeaderEdit(h routes.Headers) headerEdit {
	var e headerEdit
	for _, name := range h.Remove {
		e.remove = append(e.remove, http.CanonicalHeaderKey(name))
	}
	written := slices.Sorted(maps.Keys(h.Set))
	for _, name := range written {
		e.set = append(e.set, headerField{http.CanonicalHeaderKey(name), []string{h.Set[name].Reveal()}})
	}
	for _, name := range append(written, h.Spell...) {
		e.spelled = append(e.spelled, spelling{http.CanonicalHeaderKey(name), name})
	}
	return e
}

// names reports whether the edit sets or removes a field.
func (e headerEdit) names(field string) bool {
	return slices.Contains(e.remove, field) || slices.ContainsFunc(e.set, func(f headerField) bool { return f.name == field })
}

func (e headerEdit) apply(h http.Header) {
	for _, name := range e.remove {
		delete(h, name)
	}
	for _, f := range e.set {
		h[f.name] = f.value
	}
}

// label returns the path for the audit record: the pattern with its {variables} by
// name, and what a prefix leaves as it came.
func (r *route) label(rest string) string {
	if !r.pattern.Prefix {
		return r.path
	}
	return strings.TrimSuffix(r.path, "/*") + rest
}
