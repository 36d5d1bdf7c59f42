package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sink is how a sink of the audit log is when it is measured.
type Sink struct {
	Name     string
	Up       bool
	Lag      int64         // records that are not yet delivered
	Age      time.Duration // of the oldest of them
	Shipped  int64
	Failures int64
	Refused  int64
}

// Sinks measures sinks whenever somebody asks: read is called then. It is called once.
func (m *Metrics) Sinks(read func() []Sink) {
	m.Registry.MustRegister(&sinks{read: read,
		up:       describe("twohop_audit_sink_up", "1 while the audit log is delivered to the sink; at 0 it waits on the disk.", "sink"),
		lag:      describe("twohop_audit_sink_lag_records", "Lines of the audit log that the sink has not got yet.", "sink"),
		age:      describe("twohop_audit_sink_lag_seconds", "Age of the oldest line that the sink has not got yet; 0 when it has all.", "sink"),
		shipped:  describe("twohop_audit_sink_shipped_total", "Lines of the audit log that were delivered to the sink.", "sink"),
		failures: describe("twohop_audit_sink_failures_total", "Tries to ship to the sink that failed.", "sink"),
		refused:  describe("twohop_audit_sink_refused_total", "Lines that the sink refused for good; they are only in the audit log itself.", "sink"),
	})
}

// sinks is a prometheus.Collector.
type sinks struct {
	read                                     func() []Sink
	up, lag, age, shipped, failures, refused *prometheus.Desc
}

func (s *sinks) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.up, s.lag, s.age, s.shipped, s.failures, s.refused} {
		to <- d
	}
}

func (s *sinks) Collect(to chan<- prometheus.Metric) {
	one := map[bool]float64{true: 1}
	for _, x := range s.read() {
		for d, v := range map[*prometheus.Desc]float64{s.up: one[x.Up], s.lag: float64(x.Lag), s.age: x.Age.Seconds()} {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, x.Name)
		}
		for d, v := range map[*prometheus.Desc]int64{s.shipped: x.Shipped, s.failures: x.Failures, s.refused: x.Refused} {
			to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), x.Name)
		}
	}
}
