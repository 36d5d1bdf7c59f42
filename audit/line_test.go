package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The lines are written by hand. Each is read back strictly, and encoding/json must
// write the same from what was read.
func TestALineIsWhatEncodingJSONWouldWrite(t *testing.T) {
	for name, edit := range edits() {
		t.Run(name, func(t *testing.T) {
			r := sample()
			edit(r)
			same(t, r.line(nil), &line{})
		})
	}
	t.Run("odd texts", func(t *testing.T) {
		r := sample()
		r.Path, r.Cause, r.Caller, r.SOAPAction, r.Hop1.SNI, r.Hop2.Issuer = "/<a>&\"\\\x00", "ü\xff\u2028", "\x7f", "\t", "é", "CN=\n"
		same(t, r.line(nil), &line{})
	})
	t.Run("a long call", func(t *testing.T) {
		r := sample()
		r.Hop1.Total, r.Hop2.Connect, r.Hop2.Total = 400*time.Hour+time.Microsecond, time.Nanosecond, 1001*time.Microsecond
		same(t, r.line(nil), &line{})
	})
	t.Run("what others wrote into header fields", func(t *testing.T) {
		r := sample()
		r.RequestFields, r.ResponseFields = Fields("").With("X-<a>", "\"\\\x00").With("ü\xff", "\u2028"), Fields("").With("\n", strings.Repeat("ä", 500))
		same(t, r.line(nil), &line{})
	})
	t.Run("an event", func(t *testing.T) {
		for _, e := range sampleEvents() {
			same(t, e.line(), &eventLine{})
		}
	})
	t.Run("sums", func(t *testing.T) {
		for _, s := range sampleSums() {
			same(t, s.line(at), &sumLine{})
		}
	})
}

func FuzzALineIsWhatEncodingJSONWouldWrite(f *testing.F) {
	f.Add("/a", "cause", "caller", int64(1500))
	f.Fuzz(func(t *testing.T, path, cause, caller string, us int64) {
		r := sample()
		r.Path, r.Cause, r.Caller, r.Hop2.Connect = path, cause, caller, time.Duration(us%int64(time.Hour))*time.Microsecond
		same(t, r.line(nil), &line{})
	})
}

func same(t *testing.T, got []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(got))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil || dec.More() {
		t.Fatalf("%v: %s", err, got)
	}
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(into); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.String(), string(got)+"\n"); d != "" {
		t.Error(d)
	}
}

// line is what a record's line holds, in order, as encoding/json would write it.
type line struct {
	ClassUID      int        `json:"class_uid"`
	CategoryUID   int        `json:"category_uid"`
	ActivityID    int        `json:"activity_id"`
	TypeUID       int        `json:"type_uid"`
	SeverityID    int        `json:"severity_id"`
	Time          int64      `json:"time"`
	StatusID      int        `json:"status_id,omitempty"`
	StatusCode    string     `json:"status_code,omitempty"`
	StatusDetail  string     `json:"status_detail,omitempty"`
	ActionID      int        `json:"action_id"`
	DispositionID int        `json:"disposition_id"`
	Metadata      metadata   `json:"metadata"`
	Actor         *actor     `json:"actor,omitempty"`
	Src           *endpoint  `json:"src_endpoint,omitempty"`
	Dst           *endpoint  `json:"dst_endpoint,omitempty"`
	Request       request    `json:"http_request"`
	Response      *response  `json:"http_response,omitempty"`
	TLS           *tlsInfo   `json:"tls,omitempty"`
	Traffic       *trafficOf `json:"traffic,omitempty"`
	Proxy         *endpoint  `json:"proxy_endpoint,omitempty"`
	ProxyTLS      *tlsInfo   `json:"proxy_tls,omitempty"`
	ProxyResponse *response  `json:"proxy_http_response,omitempty"`
	ProxyTraffic  *trafficOf `json:"proxy_traffic,omitempty"`
	Policy        policyOf   `json:"policy"`
	Duration      int64      `json:"duration,omitempty"` // ms
	Unmapped      unmapped   `json:"unmapped"`
}

type metadata struct {
	Version     string    `json:"version"`
	UID         string    `json:"uid,omitempty"`
	Correlation string    `json:"correlation_uid,omitempty"`
	Logged      int64     `json:"logged_time"`
	Profiles    []string  `json:"profiles"`
	Product     productOf `json:"product"`
}

type productOf struct {
	Name   string `json:"name"`
	Vendor string `json:"vendor_name"`
}

type actor struct {
	User   user   `json:"user"`
	AppUID string `json:"app_uid,omitempty"`
}

type user struct {
	Name string `json:"name"`
}

type endpoint struct {
	IP       string `json:"ip,omitempty"`
	Port     int    `json:"port,omitempty"`
	Hostname string `json:"hostname,omitempty"`
	Name     string `json:"name,omitempty"`
}

type request struct {
	Method  string   `json:"http_method"`
	URL     url      `json:"url"`
	Version string   `json:"version"`
	Headers []header `json:"http_headers,omitempty"`
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type url struct {
	Hostname string `json:"hostname,omitempty"`
	Port     int    `json:"port,omitempty"`
	Path     string `json:"path"`
	Scheme   string `json:"scheme"`
}

type response struct {
	Code    int      `json:"code"`
	Headers []header `json:"http_headers,omitempty"`
}

type tlsInfo struct {
	Version   string       `json:"version"`
	Cipher    string       `json:"cipher,omitempty"`
	SNI       string       `json:"sni,omitempty"`
	Handshake int64        `json:"handshake_dur,omitempty"` // ms
	Cert      *certificate `json:"certificate,omitempty"`
}

// certificate is left out where its issuer or serial number, which OCSF requires, is
// not known; its fingerprint always stands under unmapped too.
type certificate struct {
	Issuer       string        `json:"issuer"`
	Serial       string        `json:"serial_number"`
	Fingerprints []fingerprint `json:"fingerprints"`
}

type fingerprint struct {
	AlgorithmID int    `json:"algorithm_id"` // 3 is SHA-256
	Value       string `json:"value"`
}

type trafficOf struct {
	In  int64 `json:"bytes_in"`
	Out int64 `json:"bytes_out"`
}

type policyOf struct {
	Name    string `json:"name"`
	UID     string `json:"uid,omitempty"`     // the exception
	Version string `json:"version,omitempty"` // the configuration
}

type unmapped struct {
	Call          string            `json:"call"` // the same in all records of a call
	Stage         string            `json:"stage"`
	Outcome       string            `json:"outcome,omitempty"`
	Route         string            `json:"route,omitempty"`
	Target        string            `json:"target,omitempty"`
	CallerBy      string            `json:"caller_by,omitempty"`
	VerifiedBy    string            `json:"caller_verified_by,omitempty"`
	ExceptionEnds string            `json:"exception_ends,omitempty"`
	SOAPAction    string            `json:"soap_action,omitempty"`
	Operation     string            `json:"operation,omitempty"`
	Variables     map[string]string `json:"variables,omitempty"`
	RequestHMAC   string            `json:"request_body_hmac,omitempty"`
	ResponseHMAC  string            `json:"response_body_hmac,omitempty"`
	Request       *kept             `json:"request_body,omitempty"`
	Response      *kept             `json:"response_body,omitempty"`
	Endpoint      string            `json:"target_endpoint,omitempty"`
	Retries       int               `json:"retries,omitempty"`
	Verify        string            `json:"target_verified_by,omitempty"`
	Peer          string            `json:"target_certificate_sha256,omitempty"`
	Resumed       bool              `json:"target_tls_resumed,omitempty"`
	Reused        bool              `json:"target_connection_reused,omitempty"`
	ConnectMS     float64           `json:"target_connect_ms,omitempty"`
	HandshakeMS   float64           `json:"target_handshake_ms,omitempty"`
	FirstByteMS   float64           `json:"target_first_byte_ms,omitempty"`
	TotalMS       float64           `json:"target_total_ms,omitempty"`
	CallMS        float64           `json:"call_ms,omitempty"`
}

type kept struct {
	File    string `json:"file,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	Cut     bool   `json:"cut,omitempty"`
	LeftOut string `json:"left_out,omitempty"`
}

// eventLine is an OCSF 1.8.0 Entity Management (class 3004) or Application Lifecycle (6002).
type eventLine struct {
	ClassUID      int       `json:"class_uid"`
	CategoryUID   int       `json:"category_uid"`
	ActivityID    int       `json:"activity_id"`
	TypeUID       int       `json:"type_uid"`
	SeverityID    int       `json:"severity_id"`
	Time          int64     `json:"time"`
	ActivityName  string    `json:"activity_name,omitempty"`
	StatusID      int       `json:"status_id"`
	ActionID      int       `json:"action_id,omitempty"`
	DispositionID int       `json:"disposition_id,omitempty"`
	Message       string    `json:"message"`
	Metadata      metadata  `json:"metadata"`
	Actor         actor     `json:"actor"`
	Entity        *entity   `json:"entity,omitempty"`
	App           *app      `json:"app,omitempty"`
	Policy        policyOf  `json:"policy"`
	Unmapped      eventRest `json:"unmapped"`
}

type entity struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type app struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

type eventRest struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Process int      `json:"process,omitempty"`
	Part    int      `json:"part,omitempty"`
	Parts   int      `json:"parts,omitempty"`
	Details []string `json:"details,omitempty"`
}

// sumLine is an HTTP Activity or Network Activity (class 4001) that counts several.
type sumLine struct {
	ClassUID      int        `json:"class_uid"`
	CategoryUID   int        `json:"category_uid"`
	ActivityID    int        `json:"activity_id"`
	TypeUID       int        `json:"type_uid"`
	SeverityID    int        `json:"severity_id"`
	Time          int64      `json:"time"`
	ActivityName  string     `json:"activity_name,omitempty"`
	StartTime     int64      `json:"start_time"`
	EndTime       int64      `json:"end_time"`
	Count         int64      `json:"count"`
	StatusID      int        `json:"status_id"`
	ActionID      int        `json:"action_id"`
	DispositionID int        `json:"disposition_id"`
	Metadata      metadata   `json:"metadata"`
	Actor         *actor     `json:"actor,omitempty"`
	Src           endpoint   `json:"src_endpoint"`
	Request       *sumReq    `json:"http_request,omitempty"`
	Unmapped      sumDetails `json:"unmapped"`
}

type sumReq struct {
	Method  string `json:"http_method,omitempty"`
	URL     sumURL `json:"url"`
	Version string `json:"version,omitempty"`
}

type sumURL struct {
	Path string `json:"path"`
}

type sumDetails struct {
	Kind     string           `json:"kind"`
	Networks int              `json:"networks,omitempty"`
	Counts   map[string]int64 `json:"counts"`
	Recorded map[string]int64 `json:"recorded"`
	Samples  []sumSample      `json:"samples"`
}

type sumSample struct {
	Time        int64  `json:"time"`
	IP          string `json:"ip,omitempty"`
	Code        string `json:"code,omitempty"`
	Correlation string `json:"correlation_uid,omitempty"`
	Method      string `json:"http_method,omitempty"`
	Path        string `json:"path,omitempty"`
	Reason      string `json:"reason,omitempty"`
	SNI         string `json:"sni,omitempty"`
	Versions    string `json:"versions,omitempty"`
	Suites      string `json:"suites,omitempty"`
}
