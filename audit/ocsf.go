package audit

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
	Src           *endpoint `json:"src_endpoint,omitempty"`
	Dst           *endpoint `json:"dst_endpoint,omitempty"`
	Request       request   `json:"http_request"`
	Response      *response `json:"http_response,omitempty"`
	TLS           *tlsInfo  `json:"tls,omitempty"`
	Proxy         *endpoint `json:"proxy_endpoint,omitempty"`
	ProxyTLS      *tlsInfo  `json:"proxy_tls,omitempty"`
	ProxyResponse *response `json:"proxy_http_response,omitempty"`
	Traffic       *traffic  `json:"traffic,omitempty"`
	ProxyTraffic  *traffic  `json:"proxy_traffic,omitempty"`
	Policy        policy    `json:"policy"`
	Duration      int64     `json:"duration,omitempty"` // ms
	Unmapped      unmapped  `json:"unmapped"`
}

type metadata struct {
	Version     string   `json:"version"`
	UID         string   `json:"uid,omitempty"`
	Correlation string   `json:"correlation_uid,omitempty"`
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
	Hostname string `json:"hostname,omitempty"`
	Port     int    `json:"port,omitempty"`
	Path     string `json:"path"`
	Scheme   string `json:"scheme"`
}

type response struct {
	Code int `json:"code"`
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

type traffic struct {
	In  int64 `json:"bytes_in"`
	Out int64 `json:"bytes_out"`
}

type policy struct {
	Name    string `json:"name"`
	UID     string `json:"uid,omitempty"`     // the exception
	Version string `json:"version,omitempty"` // the configuration
}

type unmapped struct {
	Call          string  `json:"call"` // the same in all records of a call
	Stage         string  `json:"stage"`
	Outcome       string  `json:"outcome,omitempty"`
	Route         string  `json:"route,omitempty"`
	Target        string  `json:"target,omitempty"`
	CallerBy      string  `json:"caller_by,omitempty"`
	ExceptionEnds string  `json:"exception_ends,omitempty"`
	SOAPAction    string  `json:"soap_action,omitempty"`
	Verify        string  `json:"target_verified_by,omitempty"`
	Peer          string  `json:"target_certificate_sha256,omitempty"`
	Resumed       bool    `json:"target_tls_resumed,omitempty"`
	Reused        bool    `json:"target_connection_reused,omitempty"`
	Retries       int     `json:"retries,omitempty"`
	ConnectMS     float64 `json:"target_connect_ms,omitempty"`
	HandshakeMS   float64 `json:"target_handshake_ms,omitempty"`
	FirstByteMS   float64 `json:"target_first_byte_ms,omitempty"`
	TotalMS       float64 `json:"target_total_ms,omitempty"`
	CallMS        float64 `json:"call_ms,omitempty"`
}
