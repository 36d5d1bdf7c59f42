package sink

import (
	"cmp"
	"os"
	"strings"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"

	"twohop/audit/trail"
)

// encoder makes OTLP of lines. The body is the line as it is, so that its hash can be
// computed from it; what is searched for stands in attributes too.
type encoder struct {
	origin   string
	resource *resource.Resource
	scope    *common.InstrumentationScope
}

func newEncoder(origin, version string) *encoder {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	var a attributes
	a.text("service.name", "twohop")
	a.text("service.version", version)
	a.text("host.name", host)
	a.number("process.pid", int64(os.Getpid()))
	return &encoder{origin, &resource.Resource{Attributes: a}, &common.InstrumentationScope{Name: "twohop/audit"}}
}

func (e *encoder) request(lines []trail.Line) *collector.ExportLogsServiceRequest {
	records := make([]*logs.LogRecord, len(lines))
	for i, line := range lines {
		records[i] = e.record(line)
	}
	return &collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource: e.resource, ScopeLogs: []*logs.ScopeLogs{{Scope: e.scope, LogRecords: records}}}}}
}

func (e *encoder) record(line trail.Line) *logs.LogRecord {
	text := line.Text
	f := fieldsOf(text)
	number, name := f.otlpSeverity()
	r := &logs.LogRecord{SeverityNumber: number, SeverityText: name, Body: textValue(string(text)), TraceId: f.trace(),
		EventName: "twohop." + strings.ReplaceAll(f.kind(), "/", ".")}
	if at := f.written(); !at.IsZero() {
		r.TimeUnixNano = uint64(at.UnixNano())
		r.ObservedTimeUnixNano = r.TimeUnixNano // the same when it is sent again
	}
	r.Attributes = e.attributes(line.Index, &f)
	return r
}

// attributes follow OpenTelemetry's semantic conventions where these have a name.
func (e *encoder) attributes(index int64, f *fields) attributes {
	a := make(attributes, 0, 20)
	a.text("twohop.log", e.origin)
	a.number("twohop.index", index)
	a.text("twohop.call", f.Unmapped.Call)
	a.text("twohop.correlation", f.Metadata.Correlation)
	a.text("twohop.stage", f.Unmapped.Stage)
	a.text("twohop.outcome", f.Unmapped.Outcome)
	a.text("twohop.route", f.Unmapped.Route)
	a.text("twohop.target", f.Unmapped.Target)
	a.text("twohop.exception", f.Policy.UID)
	a.text("twohop.hop1.tls", f.Hop1.Version)
	a.text("twohop.hop2.tls", f.Hop2.Version)
	a.text("twohop.subject", cmp.Or(f.Entity.Name, f.Unmapped.Name)) // of an event
	a.text("user.name", f.Actor.User.Name)
	a.text("client.address", f.Source.IP)
	a.text("http.request.method", f.Request.Method)
	a.text("url.path", f.Request.URL.Path)
	if f.Response.Code != 0 {
		a.number("http.response.status_code", f.Response.Code)
	}
	a.text("error.type", f.StatusCode)
	return a
}

// otlpSeverity maps OCSF's severity_id as syslog's levels are mapped (OpenTelemetry logs
// data model, appendix B).
func (f *fields) otlpSeverity() (logs.SeverityNumber, string) {
	switch f.Severity {
	case 2:
		return logs.SeverityNumber_SEVERITY_NUMBER_INFO2, "Low"
	case 3:
		return logs.SeverityNumber_SEVERITY_NUMBER_WARN, "Medium"
	case 4:
		return logs.SeverityNumber_SEVERITY_NUMBER_ERROR, "High"
	case 5:
		return logs.SeverityNumber_SEVERITY_NUMBER_ERROR2, "Critical"
	case 6:
		return logs.SeverityNumber_SEVERITY_NUMBER_FATAL, "Fatal"
	}
	return logs.SeverityNumber_SEVERITY_NUMBER_INFO, "Informational"
}

// attributes leave out what is empty.
type attributes []*common.KeyValue

func (a *attributes) text(name, value string) {
	if value != "" {
		*a = append(*a, &common.KeyValue{Key: name, Value: textValue(value)})
	}
}

func (a *attributes) number(name string, n int64) {
	*a = append(*a, &common.KeyValue{Key: name, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}})
}

// textValue is valid UTF-8, which protobuf asks for.
func textValue(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: strings.ToValidUTF8(s, "\uFFFD")}}
}
