// Package proxy is the broker's core: it compiles a routes.Table into a Router and
// carries calls through it, audit outermost.
package proxy

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"twohop/audit"
	"twohop/audit/capture"
	"twohop/callers"
	"twohop/internal/fault"
	"twohop/limit"
	"twohop/metrics"
	"twohop/routes"
	"twohop/target"
	"twohop/target/balance"
	"twohop/translate/validate"
	"twohop/translate/wsdl"
)

// Deps is what outlives a configuration.
type Deps struct {
	Targets *balance.Pool
	Limits  *limit.Store
	Audit   Recorder
	Secret  *audit.Secret
	Bodies  *capture.Store
	Metrics *metrics.Metrics
	Log     *slog.Logger
	Now     func() time.Time
}

// Recorder is what the proxy needs of *audit.Tally.
type Recorder interface {
	Append(*audit.Record) error
	Healthy() error
}

// Router is one compiled configuration. It is immutable and safe for concurrent use.
type Router struct {
	deps    Deps
	config  string // hash
	doors   doors
	tree    *tree
	callers *callers.Set
	routes  map[string]*route
	none    *metrics.Route // calls that match no route
	held    []held
	plan    *limit.Plan
	to      capture.Reviewers
	long    time.Duration // see longAnswer
}

// State is what holds for a table beside what its file says. The zero State is the
// file alone.
type State struct {
	Off  map[int]*routes.Error    // routes that are switched off, by index (Table.Affected)
	Lost map[string]*routes.Error // callers that cannot be known (Table.Affected)
	Ends map[string]time.Time     // exceptions that were extended, and until when
}

// Compile builds a Router. On an error, a routes.ErrorList, nothing is held. The router
// serves after a Broker took it; one that never does must be Closed.
func Compile(t *routes.Table, st State, d Deps) (*Router, error) {
	c := &compiler{Table: t, state: st, deps: d, shared: map[sharing]*balance.Group{}}
	r := &Router{deps: d, config: t.Hash(), doors: newDoors(t.Listen), tree: newTree(), long: longAnswer, routes: map[string]*route{}, plan: d.Limits.Plan()}
	if d.Metrics != nil {
		r.none = d.Metrics.Route("")
	}
	r.callers = c.callers()
	r.to = c.reviewers()
	for i := range t.Routes {
		compiled := c.route(i, r.plan)
		r.routes[compiled.name] = compiled
		r.tree.add(compiled, t.Routes[i].Hosts)
	}
	r.held = c.held
	if len(c.errs) > 0 {
		r.Close()
		return nil, c.errs
	}
	return r, nil
}

// Close gives the targets and the metrics back; it is called once. Running calls go on.
func (r *Router) Close() {
	for _, h := range r.held {
		r.deps.Targets.Release(h.group)
	}
	if r.none == nil {
		return
	}
	r.none.Release()
	for _, x := range r.routes {
		x.metrics.Release()
	}
}

// WantsCertificates reports whether some caller is known by a client certificate.
func (r *Router) WantsCertificates() bool { return r.callers.WantsCertificates() }

type compiler struct {
	*routes.Table
	state  State
	deps   Deps
	errs   routes.ErrorList
	held   []held
	shared map[sharing]*balance.Group

	validators   map[*wsdl.Contract]*validate.Validator
	defaultsTold bool // what is wrong with defaults.audit, which routes inherit
}

// held is a target of the router, to be given back.
type held struct {
	group *balance.Group
	ends  time.Time // of the exception; zero for none
}

// start begins the checks of the targets. It is called when the router comes into force.
func (r *Router) start() {
	for _, h := range r.held {
		h.group.Start(h.ends)
	}
}

// sharing tells apart the connections to a named target: its phases' limits come
// from the route.
type sharing struct {
	name               string
	connect, handshake time.Duration
}

// fail reports every field that err carries, with its place in the file.
func (c *compiler) fail(prefix string, err error) {
	for _, f := range fault.Fields(err) {
		err := c.Error(prefix+"."+f.Path, f.What, f.Fix)
		if !slices.ContainsFunc(c.errs, func(e *routes.Error) bool { return *e == *err }) { // a header has one mistake for each operation
			c.errs = append(c.errs, err)
		}
	}
}

func (c *compiler) callers() *callers.Set {
	var configs []callers.Config
	for _, name := range slices.Sorted(maps.Keys(c.Callers)) {
		if c.state.Lost[name] != nil {
			continue
		}
		x := callers.Config{Name: name}
		if k := c.Callers[name].APIKey; k != nil {
			x.KeySHA256 = k.SHA256
		}
		if cert := c.Callers[name].ClientCertificate; cert != nil {
			x.CA, x.Subject, x.DNS = string(cert.CA), cert.Subject, cert.DNS
		}
		configs = append(configs, x)
	}
	set, err := callers.New(configs, c.deps.Now)
	if err != nil {
		c.fail("callers", err)
	}
	return set
}

func (c *compiler) route(i int, plan *limit.Plan) *route {
	r := &c.Routes[i]
	pattern, _ := routes.ParsePattern(r.Path) // checked by Load
	out := &route{name: r.Name, pattern: pattern, path: r.Path, methods: takes(r), actions: r.SOAPActions, open: r.Callers.Anyone(),
		ways: map[string]*way{}, request: newHeaderEdit(r.Headers), response: newHeaderEdit(r.ResponseHeaders), maxBody: int64(r.MaxBody),
		limits: target.Limits{FirstByte: r.Timeout.FirstByte, Idle: r.Timeout.Idle, Total: r.Timeout.Total}, idempotent: r.Idempotent,
		websocket: slices.Contains(r.Upgrade, "websocket"), vars: pattern.Vars(), evidence: c.evidence(i, r)}
	out.response.spelled = spellings(out.response.spelled)
	if c.deps.Metrics != nil {
		out.metrics = c.deps.Metrics.Route(r.Name)
	}
	if off := c.state.Off[i]; off != nil {
		out.unavailable = off.Error()
		return out
	}
	out.pass = c.pass(i, r)
	if r.Rewrite != "" {
		t := parseTemplate(r.Rewrite, pattern.Vars())
		out.rewrite = &t
	}
	if r.Translates() {
		out.translation = c.translation(i, r)
	}
	for _, caller := range r.Callers.Names {
		x, name := c.TargetFor(r, caller), r.Target.Name
		if r.Callers.Targets != nil {
			name = r.Callers.Targets[caller]
		}
		path := "targets." + name
		if x == r.Target.Inline {
			path = fmt.Sprintf("routes[%d].target", i)
		}
		w := c.way(x, name, path, r)
		if w == nil {
			continue
		}
		key := limit.Key{Route: r.Name, Caller: caller}
		if r.Limit.Per == "route" {
			key.Caller = ""
		}
		w.limiter = plan.Limiter(key, limit.Config{PerSecond: r.Limit.Rate.PerSecond(), Burst: r.Limit.Burst, Concurrent: r.Limit.Concurrent})
		w.operations = limiters(plan, r, caller)
		out.ways[caller] = w
	}
	return out
}

func (c *compiler) way(x *routes.Target, name, path string, r *routes.Route) *way {
	urls := parsed(x)
	u := urls[0]
	p := c.ProtectionOf(x)
	w := &way{name: name, scheme: u.Scheme, host: u.Host, hosts: hostnames(urls), base: u.EscapedPath(), query: u.RawQuery, hostPolicy: x.Host,
		headers: newHeaderEdit(x.Headers), bufferRequest: int64(x.BufferRequest), verify: p.Verify, exception: x.Exception}
	w.spelled = spellings(usual, w.headers.spelled, newHeaderEdit(r.Headers).spelled)
	if x.Exception != "" {
		w.ends = p.Expires.End()
		if longer, ok := c.state.Ends[x.Exception]; ok {
			w.ends = longer
		}
	}
	if w.name == "" {
		w.name = r.Name
	}
	if w.base == "" {
		w.base = "/"
	}
	var err error
	if w.target, err = c.connect(x, urls, w, p, name, r.Timeout); err != nil {
		c.fail(path, err)
		return nil
	}
	return w
}
