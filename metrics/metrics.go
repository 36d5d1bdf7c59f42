// Package metrics holds every metric of twohop: one name, one place, one constructor.
package metrics

import (
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics is the set of instruments. It is safe for concurrent use.
type Metrics struct {
	Registry *prometheus.Registry

	requests   *prometheus.CounterVec
	inFlight   *prometheus.GaugeVec
	duration   *prometheus.HistogramVec
	bytes      *prometheus.CounterVec
	faults     *prometheus.CounterVec
	handshakes *prometheus.CounterVec
	reloads    *prometheus.CounterVec
	reloaded   *prometheus.GaugeVec
	unparsed   *prometheus.CounterVec
	refused    *prometheus.CounterVec
	conns      prometheus.Gauge
	audited    prometheus.Gauge
	tallied    *prometheus.CounterVec
	auditFree  prometheus.Gauge
	certDays   *prometheus.GaugeVec
	certBroken *prometheus.GaugeVec
	exceptDays *prometheus.GaugeVec

	mu     sync.Mutex
	routes map[string]*Route // in use
}

// Build says which twohop runs: version, revision and Go version.
func Build() (version, revision, goVersion string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", "", ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return info.Main.Version, revision, info.GoVersion
}

// New returns the instruments, registered in a registry of their own.
func New() *Metrics {
	r := prometheus.NewRegistry()
	m := &Metrics{
		routes:     map[string]*Route{},
		Registry:   r,
		requests:   counters("twohop_requests_total", "Calls by route and status sent; 499 is a caller that hung up.", "route", "code"),
		inFlight:   gauges("twohop_requests_in_flight", "Calls that are running.", "route"),
		duration:   durations("twohop_duration_seconds", "Time of a call by hop: caller is the whole call, target is the second hop up to the head of the answer.", "route", "hop"),
		bytes:      counters("twohop_body_bytes_total", "Body bytes by direction: in is from the caller, out is to the caller.", "route", "direction"),
		faults:     counters("twohop_faults_total", "Calls that ended in an error of the catalogue (docs/errors.md).", "route", "code"),
		handshakes: counters("twohop_handshake_failures_total", "TLS handshakes that failed, by hop and cause.", "hop", "cause"),
		reloads:    counters("twohop_reloads_total", "Readings of routes.yaml by result.", "result"),
		reloaded:   gauges("twohop_last_reload_timestamp_seconds", "When routes.yaml was last read, by result.", "result"),
		unparsed:   counters("twohop_unparsed_requests_total", "Requests that got no further than the server, by reason: malformed (400), too_large (431), timeout, broken_off.", "reason"),
		refused:    counters("twohop_connections_refused_total", "Connections that the front door closed, by reason: handshake_rate, network_connections and connections refuse a new one, made_room and unread_bytes close an old one, calls cuts one call of it.", "reason"),
		conns:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "twohop_connections", Help: "Open connections at the front door."}),
		audited:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "twohop_audit_healthy", Help: "1 while calls can be recorded; at 0 no call is served."}),
		tallied:    counters("twohop_audit_refusals_total", "Refusals of callers that nobody knows, by what was refused (call, handshake) and whether it has a record of its own (recorded) or is in a line for its network (counted).", "what", "how"),
		auditFree:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "twohop_audit_free_bytes", Help: "Free bytes on the disk of the audit log."}),
		certDays:   gauges("twohop_certificate_days_left", "Days until a certificate of the front door ends.", "name", "source"),
		certBroken: gauges("twohop_certificate_broken", "1 while a certificate file cannot be used and the old content serves.", "file"),
		exceptDays: gauges("twohop_exception_days_left", "Days until an exception ends; negative when it has.", "exception"),
	}
	version, revision, goVersion := Build()
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "twohop_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": goVersion}})
	build.Set(1)
	r.MustRegister(m.requests, m.inFlight, m.duration, m.bytes, m.faults, m.handshakes, m.reloads, m.reloaded, m.unparsed, m.refused, m.conns,
		m.audited, m.tallied, m.auditFree, m.certDays, m.certBroken, m.exceptDays, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func durations(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help,
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}}, labels)
}

// Route is the instruments of one route.
type Route struct {
	m     *Metrics
	name  string
	users int // guarded by m.mu

	mu   sync.RWMutex
	gone bool // its series are dropped, and must not come back

	InFlight prometheus.Gauge
	Caller   prometheus.Observer // seconds of the whole call
	Target   prometheus.Observer // seconds to the head of the target's answer
	In, Out  prometheus.Counter  // body bytes
}

// Route returns the instruments for a route; "" stands for calls that matched none.
// Routes of the same name share them. Each needs a Release.
func (m *Metrics) Route(name string) *Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[name]
	if r == nil {
		r = &Route{m: m, name: name, InFlight: m.inFlight.WithLabelValues(name),
			Caller: m.duration.WithLabelValues(name, "caller"), Target: m.duration.WithLabelValues(name, "target"),
			In: m.bytes.WithLabelValues(name, "in"), Out: m.bytes.WithLabelValues(name, "out")}
		m.routes[name] = r
	}
	r.users++
	return r
}

// Release gives a Route back. With the last one its series are dropped: calls that
// still run with it can go on using it, and are no longer counted.
func (r *Route) Release() {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if r.users--; r.users > 0 {
		return
	}
	delete(r.m.routes, r.name)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	match := prometheus.Labels{"route": r.name}
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{r.m.requests, r.m.inFlight, r.m.duration, r.m.bytes, r.m.faults} {
		v.DeletePartialMatch(match)
	}
}

// Done counts a call that ended with status and, unless "", an error code.
func (r *Route) Done(status string, code string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.gone {
		return
	}
	r.m.requests.WithLabelValues(r.name, status).Inc()
	if code != "" {
		r.m.faults.WithLabelValues(r.name, code).Inc()
	}
}

// HandshakeFailed counts a TLS handshake that failed; hop is caller or target.
func (m *Metrics) HandshakeFailed(hop, cause string) { m.handshakes.WithLabelValues(hop, cause).Inc() }

// Reloaded counts a reading of routes.yaml.
func (m *Metrics) Reloaded(ok bool, now time.Time) {
	result := "ok"
	if !ok {
		result = "refused"
	}
	m.reloads.WithLabelValues(result).Inc()
	m.reloaded.WithLabelValues(result).Set(float64(now.Unix()))
}

// Unparsed counts a request that got no further than the server.
func (m *Metrics) Unparsed(reason string) { m.unparsed.WithLabelValues(reason).Inc() }

// ConnectionRefused counts a connection that the front door closed.
func (m *Metrics) ConnectionRefused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// Connections counts open connections at the front door; delta is 1 or -1.
func (m *Metrics) Connections(delta float64) { m.conns.Add(delta) }

// AuditHealthy says whether calls can be recorded.
func (m *Metrics) AuditHealthy(ok bool) { m.audited.Set(map[bool]float64{true: 1}[ok]) }

// Refused counts a refusal of a caller that nobody knows; what is call or handshake.
func (m *Metrics) Refused(what string, recorded bool) {
	m.tallied.WithLabelValues(what, map[bool]string{true: "recorded", false: "counted"}[recorded]).Inc()
}

// AuditFree sets the free bytes on the disk of the audit log.
func (m *Metrics) AuditFree(bytes int64) { m.auditFree.Set(float64(bytes)) }

// Certificate sets the days that a front-door certificate has left.
func (m *Metrics) Certificate(name, source string, left time.Duration) {
	m.certDays.WithLabelValues(name, source).Set(left.Hours() / 24)
}

// CertificateBroken says whether a certificate file cannot be used.
func (m *Metrics) CertificateBroken(file string, broken bool) {
	m.certBroken.WithLabelValues(file).Set(map[bool]float64{true: 1}[broken])
}

// CertificatesWhole says that no certificate file is broken, whichever there are now.
func (m *Metrics) CertificatesWhole() { m.certBroken.Reset() }

// ForgetCertificates drops the series of all certificates, before they are set anew.
func (m *Metrics) ForgetCertificates() { m.certDays.Reset() }

// Exception sets the days that an exception has left.
func (m *Metrics) Exception(name string, left time.Duration) {
	m.exceptDays.WithLabelValues(name).Set(left.Hours() / 24)
}

// ForgetExceptions drops the series of all exceptions, before they are set anew.
func (m *Metrics) ForgetExceptions() { m.exceptDays.Reset() }
