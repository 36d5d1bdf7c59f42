package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// used has every metric of twohop with a value.
func used() *Metrics {
	m := New()
	r := m.Route("stock")
	r.InFlight.Inc()
	r.Caller.Observe(.5)
	r.Target.Observe(.25)
	r.In.Add(10)
	r.Out.Add(20)
	r.Done("502", "target_refused")
	m.HandshakeFailed("target", "target_tls_version")
	m.Reloaded(true, time.Unix(1000, 0))
	m.Reloaded(false, time.Unix(2000, 0))
	m.Unparsed("malformed")
	m.ConnectionRefused("handshake_rate")
	m.Connections(1)
	m.AuditHealthy(true)
	m.Certificate("broker.example.com", "files", 36*time.Hour)
	m.CertificateBroken("cert.pem", true)
	m.Exception("WMS-2019", -12*time.Hour)
	m.Sinks(func() []Sink {
		return []Sink{{Name: "siem", Up: true, Shipped: 90, Refused: 1}, {Name: "otel", Lag: 70, Age: 90 * time.Second, Failures: 4}}
	})
	m.Targets(func() []Target {
		return []Target{
			{Name: "wms", Circuit: Open, Opened: 2, Refused: 9, Retries: 4, Denied: 1, Endpoints: []Endpoint{
				{Name: "wms1:443", Up: true, InFlight: 3, Checks: 10, BadChecks: 1}, {Name: "wms2:443", Ejected: true, Failures: 7, Ejections: 2}}},
			{Name: "wms", Retries: 1, Endpoints: []Endpoint{{Name: "wms1:443", InFlight: 1}}}, // a route's own target of that name
		}
	})
	return m
}

func TestEveryNameIsAsPrometheusWantsItAndExplained(t *testing.T) {
	m := used()
	problems, err := testutil.GatherAndLint(m.Registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasSuffix(p.Metric, "_days_left") {
			continue // read by people, as exceptions and certificates are counted in days
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		name, help := f.GetName(), f.GetHelp()
		if !strings.HasPrefix(name, "twohop_") {
			if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
				t.Errorf("%s is nobody's", name)
			}
			continue
		}
		if len(help) < 10 || !strings.HasSuffix(help, ".") {
			t.Errorf("%s is explained as %q", name, help)
		}
	}
}

func TestWhatIsCounted(t *testing.T) {
	m := used()
	want := `
# HELP twohop_requests_total Calls by route and status sent; 499 is a caller that hung up.
# TYPE twohop_requests_total counter
twohop_requests_total{code="502",route="stock"} 1
# HELP twohop_faults_total Calls that ended in an error of the catalogue (docs/errors.md).
# TYPE twohop_faults_total counter
twohop_faults_total{code="target_refused",route="stock"} 1
# HELP twohop_body_bytes_total Body bytes by direction: in is from the caller, out is to the caller.
# TYPE twohop_body_bytes_total counter
twohop_body_bytes_total{direction="in",route="stock"} 10
twohop_body_bytes_total{direction="out",route="stock"} 20
# HELP twohop_requests_in_flight Calls that are running.
# TYPE twohop_requests_in_flight gauge
twohop_requests_in_flight{route="stock"} 1
# HELP twohop_reloads_total Readings of routes.yaml by result.
# TYPE twohop_reloads_total counter
twohop_reloads_total{result="ok"} 1
twohop_reloads_total{result="refused"} 1
# HELP twohop_last_reload_timestamp_seconds When routes.yaml was last read, by result.
# TYPE twohop_last_reload_timestamp_seconds gauge
twohop_last_reload_timestamp_seconds{result="ok"} 1000
twohop_last_reload_timestamp_seconds{result="refused"} 2000
# HELP twohop_certificate_days_left Days until a certificate of the front door ends.
# TYPE twohop_certificate_days_left gauge
twohop_certificate_days_left{name="broker.example.com",source="files"} 1.5
# HELP twohop_exception_days_left Days until an exception ends; negative when it has.
# TYPE twohop_exception_days_left gauge
twohop_exception_days_left{exception="WMS-2019"} -0.5
# HELP twohop_target_up 1 while the endpoint gets calls; 0 while checks fail or it is ejected.
# TYPE twohop_target_up gauge
twohop_target_up{endpoint="wms1:443",target="wms"} 0
twohop_target_up{endpoint="wms2:443",target="wms"} 0
# HELP twohop_target_in_flight Calls that are running, by endpoint.
# TYPE twohop_target_in_flight gauge
twohop_target_in_flight{endpoint="wms1:443",target="wms"} 4
twohop_target_in_flight{endpoint="wms2:443",target="wms"} 0
# HELP twohop_target_ejected 1 while the endpoint gets no calls because calls to it failed.
# TYPE twohop_target_ejected gauge
twohop_target_ejected{endpoint="wms1:443",target="wms"} 0
twohop_target_ejected{endpoint="wms2:443",target="wms"} 1
# HELP twohop_target_checks_total Checks of the endpoint by result.
# TYPE twohop_target_checks_total counter
twohop_target_checks_total{endpoint="wms1:443",result="failed",target="wms"} 1
twohop_target_checks_total{endpoint="wms1:443",result="ok",target="wms"} 9
twohop_target_checks_total{endpoint="wms2:443",result="failed",target="wms"} 0
twohop_target_checks_total{endpoint="wms2:443",result="ok",target="wms"} 0
# HELP twohop_target_circuit_state The circuit breaker: 0 closed, 1 half-open, 2 open.
# TYPE twohop_target_circuit_state gauge
twohop_target_circuit_state{target="wms"} 2
# HELP twohop_target_retries_total Calls that were sent to another endpoint.
# TYPE twohop_target_retries_total counter
twohop_target_retries_total{target="wms"} 5
# HELP twohop_audit_healthy 1 while calls can be recorded; at 0 no call is served.
# TYPE twohop_audit_healthy gauge
twohop_audit_healthy 1
# HELP twohop_audit_sink_up 1 while the audit log is delivered to the sink; at 0 it waits on the disk.
# TYPE twohop_audit_sink_up gauge
twohop_audit_sink_up{sink="otel"} 0
twohop_audit_sink_up{sink="siem"} 1
# HELP twohop_audit_sink_lag_records Lines of the audit log that the sink has not got yet.
# TYPE twohop_audit_sink_lag_records gauge
twohop_audit_sink_lag_records{sink="otel"} 70
twohop_audit_sink_lag_records{sink="siem"} 0
# HELP twohop_audit_sink_lag_seconds Age of the oldest line that the sink has not got yet; 0 when it has all.
# TYPE twohop_audit_sink_lag_seconds gauge
twohop_audit_sink_lag_seconds{sink="otel"} 90
twohop_audit_sink_lag_seconds{sink="siem"} 0
# HELP twohop_audit_sink_shipped_total Lines of the audit log that were delivered to the sink.
# TYPE twohop_audit_sink_shipped_total counter
twohop_audit_sink_shipped_total{sink="otel"} 0
twohop_audit_sink_shipped_total{sink="siem"} 90
# HELP twohop_audit_sink_failures_total Tries to ship to the sink that failed.
# TYPE twohop_audit_sink_failures_total counter
twohop_audit_sink_failures_total{sink="otel"} 4
twohop_audit_sink_failures_total{sink="siem"} 0
# HELP twohop_audit_sink_refused_total Lines that the sink refused for good; they are only in the audit log itself.
# TYPE twohop_audit_sink_refused_total counter
twohop_audit_sink_refused_total{sink="otel"} 0
twohop_audit_sink_refused_total{sink="siem"} 1
`
	if err := testutil.GatherAndCompare(m.Registry, strings.NewReader(want), "twohop_requests_total", "twohop_faults_total", "twohop_body_bytes_total", "twohop_requests_in_flight",
		"twohop_reloads_total", "twohop_last_reload_timestamp_seconds", "twohop_certificate_days_left", "twohop_exception_days_left", "twohop_audit_healthy",
		"twohop_target_up", "twohop_target_in_flight", "twohop_target_ejected", "twohop_target_checks_total", "twohop_target_circuit_state", "twohop_target_retries_total",
		"twohop_audit_sink_up", "twohop_audit_sink_lag_records", "twohop_audit_sink_lag_seconds", "twohop_audit_sink_shipped_total", "twohop_audit_sink_failures_total", "twohop_audit_sink_refused_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(m.Registry, "twohop_duration_seconds"); err != nil || n != 2 {
		t.Errorf("%d durations, %v, want the caller's and the target's", n, err)
	}
}

func TestWhatIsForgotten(t *testing.T) {
	m := used()
	m.Route("kept").Done("200", "")
	stock := m.Route("stock") // a second user, as while a new configuration takes over
	stock.Release()
	if n, err := testutil.GatherAndCount(m.Registry, "twohop_requests_total"); err != nil || n != 2 {
		t.Errorf("%d, %v: a route that is still used lost its series", n, err)
	}
	stock.Release()
	stock.Done("200", "target_refused") // a call that outlived its route
	m.ForgetCertificates()
	m.ForgetExceptions()
	m.CertificatesWhole()
	m.AuditHealthy(false)
	families, err := m.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]bool{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			for _, l := range x.GetLabel() {
				if l.GetName() == "route" {
					routes[l.GetValue()] = true
				}
				if l.GetName() == "exception" || l.GetName() == "source" || l.GetName() == "file" {
					t.Errorf("%s still has %s", f.GetName(), l.GetValue())
				}
			}
		}
	}
	if d := cmp.Diff(map[string]bool{"kept": true}, routes); d != "" {
		t.Error(d)
	}
}

func TestBuild(t *testing.T) {
	if _, _, goVersion := Build(); !strings.HasPrefix(goVersion, "go") {
		t.Errorf("built with %q", goVersion)
	}
	if n, err := testutil.GatherAndCount(New().Registry, "twohop_build_info"); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}
