package sink

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// fields are what a line of the log says that a receiver can search by without reading
// JSON. What a line lacks is empty.
type fields struct {
	Class      int    `json:"class_uid"`
	Severity   int    `json:"severity_id"`
	Time       int64  `json:"time"` // ms
	StatusCode string `json:"status_code"`
	Log        string `json:"log_name"` // of a line of the log about itself
	Metadata   struct {
		Logged      int64  `json:"logged_time"` // ms
		Correlation string `json:"correlation_uid"`
	} `json:"metadata"`
	Actor struct {
		User struct {
			Name string `json:"name"`
		} `json:"user"`
	} `json:"actor"`
	Source struct {
		IP string `json:"ip"`
	} `json:"src_endpoint"`
	Request struct {
		Method string `json:"http_method"`
		URL    struct {
			Path string `json:"path"`
		} `json:"url"`
	} `json:"http_request"`
	Response struct {
		Code int64 `json:"code"`
	} `json:"http_response"`
	Hop1 struct {
		Version string `json:"version"`
	} `json:"tls"`
	Hop2 struct {
		Version string `json:"version"`
	} `json:"proxy_tls"`
	Entity struct {
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"entity"`
	Policy struct {
		UID string `json:"uid"`
	} `json:"policy"`
	Unmapped struct {
		Call    string `json:"call"`
		Stage   string `json:"stage"`
		Outcome string `json:"outcome"`
		Route   string `json:"route"`
		Target  string `json:"target"`
		Kind    string `json:"kind"` // of an event, or of a line of the log about itself
		Name    string `json:"name"` // of what the event is about
	} `json:"unmapped"`
}

// fieldsOf reads what it can: a line that is not as expected is shipped all the same.
func fieldsOf(line []byte) (f fields) {
	json.Unmarshal(line, &f)
	return f
}

// classLog is OCSF's Event Log Activity: a line of the log about itself.
const classLog = 1008

// kind says what a line is: call/begin, event/configuration, log/checkpoint.
func (f *fields) kind() string {
	switch {
	case f.Unmapped.Stage != "":
		return "call/" + f.Unmapped.Stage
	case f.Class == classLog:
		return "log/" + f.Unmapped.Kind
	case f.Unmapped.Kind != "":
		return "event/" + f.Unmapped.Kind
	case f.Entity.Type != "":
		return "event/" + f.Entity.Type
	}
	return "other"
}

// written is when the line was written, the zero time when it does not say.
func (f *fields) written() time.Time {
	ms := f.Metadata.Logged
	if ms <= 0 {
		ms = f.Time
	}
	if ms <= 0 || ms > lastMS {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// lastMS is the end of the year 9999, the last that RFC 3339 can write.
const lastMS = 253402300799999

// trace returns the correlation id when it is a trace id (W3C Trace Context, section
// 3.2.2.3), else nil.
func (f *fields) trace() []byte {
	id := f.Metadata.Correlation
	if len(id) != 32 || strings.Trim(id, "0") == "" || strings.ToLower(id) != id {
		return nil
	}
	trace, err := hex.DecodeString(id)
	if err != nil {
		return nil
	}
	return trace
}

// timeOf returns when a line was written; one that does not say is as good as new.
func timeOf(line []byte) time.Time {
	f := fieldsOf(line)
	if at := f.written(); !at.IsZero() {
		return at
	}
	return time.Now()
}
