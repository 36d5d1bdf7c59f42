package metrics

import "github.com/prometheus/client_golang/prometheus"

// Target is how a target is when it is measured.
type Target struct {
	Name      string
	Circuit   Circuit
	Opened    int64 // times that the circuit did
	Refused   int64 // calls, by the open circuit
	Retries   int64 // calls sent to another endpoint
	Denied    int64 // that were not, for want of budget
	Endpoints []Endpoint
}

// Endpoint is how one of its endpoints is.
type Endpoint struct {
	Name              string // host:port
	Up, Ejected       bool
	InFlight          int64
	Failures          int64
	Ejections         int64
	Checks, BadChecks int64
}

// Circuit is the state of a circuit breaker, as its metric has it.
type Circuit int

const (
	Closed   Circuit = iota // and where there is none
	HalfOpen                // some calls try
	Open                    // calls are refused
)

// Targets measures targets whenever somebody asks: read is called then. It is called once.
func (m *Metrics) Targets(read func() []Target) {
	m.Registry.MustRegister(&targets{read, map[string]*prometheus.Desc{
		"up":              describe("twohop_target_up", "1 while the endpoint gets calls; 0 while checks fail or it is ejected.", "target", "endpoint"),
		"ejected":         describe("twohop_target_ejected", "1 while the endpoint gets no calls because calls to it failed.", "target", "endpoint"),
		"in_flight":       describe("twohop_target_in_flight", "Calls that are running, by endpoint.", "target", "endpoint"),
		"failures":        describe("twohop_target_failures_total", "Calls that failed at the endpoint, before any other one was tried.", "target", "endpoint"),
		"ejections":       describe("twohop_target_ejections_total", "Times that the endpoint was taken out because calls to it failed.", "target", "endpoint"),
		"checks":          describe("twohop_target_checks_total", "Checks of the endpoint by result.", "target", "endpoint", "result"),
		"circuit":         describe("twohop_target_circuit_state", "The circuit breaker: 0 closed, 1 half-open, 2 open.", "target"),
		"opened":          describe("twohop_target_circuit_opened_total", "Times that the circuit opened.", "target"),
		"refused":         describe("twohop_target_circuit_refused_total", "Calls that the open circuit refused.", "target"),
		"retries":         describe("twohop_target_retries_total", "Calls that were sent to another endpoint.", "target"),
		"retries_refused": describe("twohop_target_retries_refused_total", "Calls that were not sent to another endpoint because the budget for it was used up.", "target"),
	}})
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// targets is a prometheus.Collector.
type targets struct {
	read func() []Target
	all  map[string]*prometheus.Desc
}

func (t *targets) Describe(to chan<- *prometheus.Desc) {
	for _, d := range t.all {
		to <- d
	}
}

func (t *targets) Collect(to chan<- prometheus.Metric) {
	gauge := func(name string, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(t.all[name], prometheus.GaugeValue, v, labels...)
	}
	count := func(name string, v int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(t.all[name], prometheus.CounterValue, float64(v), labels...)
	}
	one := map[bool]float64{true: 1}
	for _, x := range merged(t.read()) {
		gauge("circuit", float64(x.Circuit), x.Name)
		count("opened", x.Opened, x.Name)
		count("refused", x.Refused, x.Name)
		count("retries", x.Retries, x.Name)
		count("retries_refused", x.Denied, x.Name)
		for _, e := range x.Endpoints {
			gauge("up", one[e.Up], x.Name, e.Name)
			gauge("ejected", one[e.Ejected], x.Name, e.Name)
			gauge("in_flight", float64(e.InFlight), x.Name, e.Name)
			count("failures", e.Failures, x.Name, e.Name)
			count("ejections", e.Ejections, x.Name, e.Name)
			count("checks", e.Checks-e.BadChecks, x.Name, e.Name, "ok")
			count("checks", e.BadChecks, x.Name, e.Name, "failed")
		}
	}
}

// merged makes one of targets that share a name, as one written in a route may with a
// named one, and of their endpoints: two series must not have the same labels.
func merged(list []Target) []Target {
	var out []Target
	at := map[string]int{}
	for _, x := range list {
		i, known := at[x.Name]
		if !known {
			at[x.Name] = len(out)
			out = append(out, Target{Name: x.Name, Circuit: x.Circuit})
			i = len(out) - 1
		}
		o := &out[i]
		o.Circuit = max(o.Circuit, x.Circuit)
		o.Opened, o.Refused, o.Retries, o.Denied = o.Opened+x.Opened, o.Refused+x.Refused, o.Retries+x.Retries, o.Denied+x.Denied
		for _, e := range x.Endpoints {
			o.add(e)
		}
	}
	return out
}

func (t *Target) add(e Endpoint) {
	for i := range t.Endpoints {
		if o := &t.Endpoints[i]; o.Name == e.Name {
			o.Up, o.Ejected = o.Up && e.Up, o.Ejected || e.Ejected
			o.InFlight, o.Failures, o.Ejections = o.InFlight+e.InFlight, o.Failures+e.Failures, o.Ejections+e.Ejections
			o.Checks, o.BadChecks = o.Checks+e.Checks, o.BadChecks+e.BadChecks
			return
		}
	}
	t.Endpoints = append(t.Endpoints, e)
}
