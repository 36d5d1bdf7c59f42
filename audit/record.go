// Package audit keeps the record of every call: who called what, over which two
// hops, under which exception, with what outcome. No audit, no service: a call is
// made only after its begin record is on stable storage, and the caller gets the
// last byte only after its end record is.
package audit

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Stages of a call. A call that is forwarded has a begin and an end record; one that
// is refused has only an end record.
const (
	Begin = "begin"
	End   = "end"
	Amend = "amend" // the last bytes did not reach the caller after end said so
)

// Outcomes of a call.
const (
	Answered  = "answered"  // the target's answer reached the caller whole
	Refused   = "refused"   // the broker did not forward it
	Failed    = "failed"    // the second hop failed and the caller got an error
	Truncated = "truncated" // the answer broke off after its head was sent
	Gone      = "gone"      // the caller hung up
	Broken    = "broken"    // the broker itself failed
)

// Record is what is kept of one call. It never holds a credential, a query or a body.
type Record struct {
	Stage       string
	Time        time.Time // when the call began, for every stage
	Logged      time.Time // when this stage was recorded
	ID          string    // unique for the call; the same in all its stages
	Correlation string    // shown to the caller in X-Correlation-Id

	Caller     string // name in routes.yaml; "" when not identified
	CallerBy   string // api_key, client_certificate, anyone
	Credential string // fingerprint of what was shown
	Source     string // the caller's address

	Method, Host, Path, Proto string // Path has its {variables} by name, no query
	SOAPAction                string

	Route, Target, Exception, ExceptionEnds string
	Config                                  string // hash of the configuration in force

	Hop1, Hop2 Hop

	Status  int    // sent to the caller; 499 when it was gone
	Outcome string // one of the outcomes above; "" at begin
	Code    string // fault code; "" when answered
	Cause   string // the fault's cause
}

// Hop is one leg of the call.
type Hop struct {
	Address     string        // of the peer; hop 2 only
	Version     string        // TLS 1.3; "" for plain HTTP
	Suite       string        // IANA name
	SNI         string        // hop 1 only
	Peer        string        // SHA-256 of the peer's certificate
	Verify      string        // how the target was verified: roots, ca, pin, ca+pin
	Resumed     bool          // TLS session resumption
	Reused      bool          // the connection had served another call
	Retries     int           // further connections tried
	Status      int           // of the target's answer
	BytesIn     int64         // body bytes read from the peer
	BytesOut    int64         // body bytes written to the peer
	Connect     time.Duration // 0 on a reused connection
	Handshake   time.Duration
	FirstByte   time.Duration
	Total       time.Duration
	Established bool // a connection was there
}

// The line is an OCSF 1.8.0 HTTP Activity (class 4002); what OCSF has no place for
// stands under unmapped. Field names are OCSF's.
type line struct {
	ClassUID      int       `json:"class_uid"`
	CategoryUID   int       `json:"category_uid"`
	ActivityID    int       `json:"activity_id"`
	TypeUID       int       `json:"type_uid"`
	SeverityID    int       `json:"severity_id"`
	Time          int64     `json:"time"`
	StatusID      int       `json:"status_id,omitempty"`
	StatusCode    string    `json:"status_code,omitempty"`
	StatusDetail  string    `json:"status_detail,omitempty"`
	ActionID      int       `json:"action_id"`
	DispositionID int       `json:"disposition_id"`
	Metadata      metadata  `json:"metadata"`
	Actor         *actor    `json:"actor,omitempty"`
	Src           endpoint  `json:"src_endpoint"`
	Dst           endpoint  `json:"dst_endpoint"`
	Request       request   `json:"http_request"`
	Response      *response `json:"http_response,omitempty"`
	TLS           *tlsInfo  `json:"tls,omitempty"`
	Proxy         *endpoint `json:"proxy_endpoint,omitempty"`
	ProxyTLS      *tlsInfo  `json:"proxy_tls,omitempty"`
	ProxyResponse *response `json:"proxy_http_response,omitempty"`
	Traffic       *traffic  `json:"traffic,omitempty"`
	ProxyTraffic  *traffic  `json:"proxy_traffic,omitempty"`
	Policy        *policy   `json:"policy,omitempty"`
	Duration      int64     `json:"duration,omitempty"` // ms
	Unmapped      unmapped  `json:"unmapped"`
}

type metadata struct {
	Version     string   `json:"version"`
	UID         string   `json:"uid"`
	Correlation string   `json:"correlation_uid"`
	Logged      int64    `json:"logged_time"`
	Profiles    []string `json:"profiles"`
	Product     product  `json:"product"`
}

type product struct {
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
	Method  string `json:"http_method"`
	URL     url    `json:"url"`
	Version string `json:"version"`
}

type url struct {
	Hostname string `json:"hostname"`
	Path     string `json:"path"`
	Scheme   string `json:"scheme"`
}

type response struct {
	Code int `json:"code"`
}

type tlsInfo struct {
	Version   string       `json:"version"`
	Cipher    string       `json:"cipher"`
	SNI       string       `json:"sni,omitempty"`
	Handshake int64        `json:"handshake_dur,omitempty"` // ms
	Cert      *certificate `json:"certificate,omitempty"`
}

type certificate struct {
	Fingerprints []fingerprint `json:"fingerprints"`
}

type fingerprint struct {
	AlgorithmID int    `json:"algorithm_id"` // 3 is SHA-256
	Value       string `json:"value"`
}

type traffic struct {
	In  int64 `json:"bytes_in"`
	Out int64 `json:"bytes_out"`
}

type policy struct {
	UID     string `json:"uid,omitempty"`     // the exception
	Version string `json:"version,omitempty"` // the configuration
}

type unmapped struct {
	Stage         string  `json:"stage"`
	Outcome       string  `json:"outcome,omitempty"`
	Route         string  `json:"route,omitempty"`
	Target        string  `json:"target,omitempty"`
	CallerBy      string  `json:"caller_by,omitempty"`
	ExceptionEnds string  `json:"exception_ends,omitempty"`
	SOAPAction    string  `json:"soap_action,omitempty"`
	Verify        string  `json:"target_verified_by,omitempty"`
	Resumed       bool    `json:"target_tls_resumed,omitempty"`
	Reused        bool    `json:"target_connection_reused,omitempty"`
	Retries       int     `json:"retries,omitempty"`
	ConnectMS     float64 `json:"target_connect_ms,omitempty"`
	HandshakeMS   float64 `json:"target_handshake_ms,omitempty"`
	FirstByteMS   float64 `json:"target_first_byte_ms,omitempty"`
	TotalMS       float64 `json:"target_total_ms,omitempty"`
	CallMS        float64 `json:"call_ms,omitempty"`
}

var profiles = []string{"network_proxy", "security_control"}

// activities are OCSF's numbers for HTTP methods.
var activities = map[string]int{"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8, "PATCH": 9}

const (
	classHTTP   = 4002
	fingerSHA   = 3
	severity    = 1 // informational
	allowed     = 1 // action_id and disposition_id
	denied      = 2 // action_id; disposition_id 2 is blocked
	otherMethod = 99
)

// appendLine appends r as one JSON line.
func (r *Record) appendLine(to []byte) ([]byte, error) {
	activity, ok := activities[r.Method]
	if !ok {
		activity = otherMethod
	}
	l := line{
		ClassUID: classHTTP, CategoryUID: classHTTP / 1000, ActivityID: activity, TypeUID: classHTTP*100 + activity, SeverityID: severity,
		Time: r.Time.UnixMilli(), StatusCode: r.Code, StatusDetail: r.Cause, ActionID: allowed, DispositionID: allowed,
		Metadata: metadata{Version: "1.8.0", UID: r.ID, Correlation: r.Correlation, Logged: r.Logged.UnixMilli(), Profiles: profiles,
			Product: product{Name: "twohop", Vendor: "twohop"}},
		Src:     peerOf(r.Source),
		Dst:     endpoint{Hostname: r.Host},
		Request: request{Method: r.Method, URL: url{r.Host, r.Path, "https"}, Version: r.Proto},
		TLS:     r.Hop1.tls(),
		Policy:  &policy{UID: r.Exception, Version: r.Config},
		Unmapped: unmapped{Stage: r.Stage, Outcome: r.Outcome, Route: r.Route, Target: r.Target, CallerBy: r.CallerBy,
			ExceptionEnds: r.ExceptionEnds, SOAPAction: r.SOAPAction},
	}
	if r.Caller != "" {
		l.Actor = &actor{User: user{r.Caller}, AppUID: r.Credential}
	}
	if r.Stage != Begin {
		l.end(r)
	}
	enc, err := json.Marshal(&l)
	if err != nil {
		return to, err
	}
	return append(append(to, enc...), '\n'), nil
}

// end adds what is known when the call is over.
func (l *line) end(r *Record) {
	l.StatusID = 1
	if r.Outcome != Answered {
		l.StatusID = 2
	}
	if r.Outcome == Refused {
		l.ActionID, l.DispositionID = denied, denied
	}
	l.Response = &response{r.Status}
	l.Traffic = &traffic{r.Hop1.BytesIn, r.Hop1.BytesOut}
	l.Duration = r.Hop1.Total.Milliseconds()
	u, h := &l.Unmapped, &r.Hop2
	u.CallMS = ms(r.Hop1.Total)
	if r.Target == "" || !h.Established {
		return
	}
	proxy := peerOf(h.Address)
	proxy.Name = r.Target
	l.Proxy, l.ProxyTLS = &proxy, h.tls()
	l.ProxyTraffic = &traffic{h.BytesIn, h.BytesOut}
	if h.Status != 0 {
		l.ProxyResponse = &response{h.Status}
	}
	u.Verify, u.Resumed, u.Reused, u.Retries = h.Verify, h.Resumed, h.Reused, h.Retries
	u.ConnectMS, u.HandshakeMS, u.FirstByteMS, u.TotalMS = ms(h.Connect), ms(h.Handshake), ms(h.FirstByte), ms(h.Total)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (h *Hop) tls() *tlsInfo {
	if h.Version == "" {
		return nil
	}
	t := &tlsInfo{Version: h.Version, Cipher: h.Suite, SNI: h.SNI, Handshake: h.Handshake.Milliseconds()}
	if h.Peer != "" {
		t.Cert = &certificate{[]fingerprint{{fingerSHA, h.Peer}}}
	}
	return t
}

func peerOf(address string) endpoint {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return endpoint{}
	}
	return endpoint{IP: ap.Addr().Unmap().String(), Port: int(ap.Port())}
}
