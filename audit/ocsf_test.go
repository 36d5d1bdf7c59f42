package audit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// ocsfObject is an excerpt of an OCSF 1.8.0 object (github.com/ocsf/ocsf-schema, objects/
// and events/): what it requires, of what it needs at least one, what it may hold.
type ocsfObject struct {
	required, oneOf, fields string
	objects                 map[string]string // field -> object
}

var ocsf = map[string]ocsfObject{
	"http_activity": {
		required: "class_uid category_uid activity_id type_uid severity_id time metadata",
		oneOf:    "http_request http_response",
		fields:   "status_id status_code status_detail action_id disposition_id actor src_endpoint dst_endpoint http_request http_response tls traffic proxy_endpoint proxy_tls proxy_http_response proxy_traffic policy duration unmapped",
		objects: map[string]string{"metadata": "metadata", "actor": "actor", "src_endpoint": "network_endpoint", "dst_endpoint": "network_endpoint", "http_request": "http_request",
			"http_response": "http_response", "tls": "tls", "traffic": "network_traffic", "proxy_endpoint": "network_endpoint", "proxy_tls": "tls",
			"proxy_http_response": "http_response", "proxy_traffic": "network_traffic", "policy": "policy"},
	},
	"entity_management": {
		required: "class_uid category_uid activity_id type_uid severity_id time metadata entity",
		fields:   "message actor action_id disposition_id policy",
		objects:  map[string]string{"metadata": "metadata", "actor": "actor", "entity": "managed_entity", "policy": "policy"},
	},
	"metadata":         {required: "version product", fields: "uid correlation_uid logged_time profiles", objects: map[string]string{"product": "product"}},
	"product":          {oneOf: "name uid", fields: "name vendor_name"},
	"actor":            {oneOf: "process user session app_name app_uid", fields: "user app_uid", objects: map[string]string{"user": "user"}},
	"user":             {oneOf: "account name uid", fields: "name"},
	"network_endpoint": {oneOf: "ip uid name hostname svc_name", fields: "ip port name hostname"},
	"http_request":     {fields: "http_method url version", objects: map[string]string{"url": "url"}},
	"url":              {oneOf: "url_string path", fields: "hostname port path scheme"},
	"http_response":    {required: "code"},
	"tls":              {required: "version", fields: "cipher sni handshake_dur certificate", objects: map[string]string{"certificate": "certificate"}},
	"certificate":      {required: "issuer serial_number", fields: "fingerprints"},
	"network_traffic":  {oneOf: "bytes bytes_in bytes_out", fields: "bytes_in bytes_out"},
	"policy":           {oneOf: "name uid", fields: "name uid version"},
	"managed_entity":   {oneOf: "name uid device", fields: "name type"},
}

// check reports what v lacks, or has too much, as the OCSF object name.
func check(t *testing.T, path, name string, v any) {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%s is %v, not an object", path, v)
		return
	}
	o := ocsf[name]
	for _, field := range strings.Fields(o.required) {
		if m[field] == nil || m[field] == "" {
			t.Errorf("%s.%s is required and is missing", path, field)
		}
	}
	one := o.oneOf == ""
	for _, field := range strings.Fields(o.oneOf) {
		one = one || m[field] != nil && m[field] != ""
	}
	if !one {
		t.Errorf("%s has none of %s", path, o.oneOf)
	}
	known := " " + o.required + " " + o.oneOf + " " + o.fields + " "
	for field, value := range m {
		if !strings.Contains(known, " "+field+" ") {
			t.Errorf("%s.%s is not a field of %s", path, field, name)
		}
		if value == nil || value == "" {
			t.Errorf("%s.%s is empty", path, field)
		}
		if inner := o.objects[field]; inner != "" {
			check(t, path+"."+field, inner, value)
		}
	}
}

func decode(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(line, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// number looks up a path of numbers and objects; -1 when it is not there.
func number(m map[string]any, path string) float64 {
	var v any = m
	for _, field := range strings.Split(path, ".") {
		inner, _ := v.(map[string]any)
		v = inner[field]
	}
	if n, ok := v.(float64); ok {
		return n
	}
	return -1
}

// edits are calls of every kind, as changes to the sample.
func edits() map[string]func(*Record) {
	edits := map[string]func(*Record){
		"a call":                       func(*Record) {},
		"its beginning":                func(r *Record) { r.Stage, r.Status, r.Outcome, r.Hop2 = Begin, 0, "", Hop{} },
		"plain HTTP to the target":     func(r *Record) { r.Hop2.Version, r.Hop2.Suite, r.Hop2.Peer, r.Hop2.Verify = "", "", "", "" },
		"a certificate without issuer": func(r *Record) { r.Hop2.Issuer = "" },
		"a refusal": func(r *Record) {
			r.Outcome, r.Status, r.Code, r.Cause, r.Caller, r.Target, r.Hop2 = Refused, 401, "credential_unknown", "no caller", "", "", Hop{}
		},
		"no route": func(r *Record) {
			*r = Record{Stage: End, Time: at, Logged: at, ID: "1", Source: "10.0.0.7:1", Method: "GET", Host: "b", Path: "/x", Proto: "HTTP/2.0", Status: 404, Outcome: Refused, Code: "no_such_route"}
		},
		"a target that was not reached": func(r *Record) { r.Outcome, r.Status, r.Hop2 = Failed, 502, Hop{Total: time.Second} },
		"a caller that was gone":        func(r *Record) { r.Stage, r.Outcome, r.Status = Amend, Gone, 499 },
		"a broker that failed":          func(r *Record) { r.Outcome, r.Status = Broken, 0 },
		"a peer without an address":     func(r *Record) { r.Source, r.Host, r.Hop2.Address = "@", "", "?" },
		"a method of its own":           func(r *Record) { r.Method = "PROPFIND" },
	}
	for method, id := range activities {
		edits[fmt.Sprintf("%s is activity %d", method, id)] = func(r *Record) { r.Method = method }
	}
	return edits
}

func TestEveryLineIsAnHTTPActivity(t *testing.T) {
	for name, edit := range edits() {
		t.Run(name, func(t *testing.T) {
			r := sample()
			edit(r)
			line := r.line(nil)
			m := decode(t, line)
			check(t, "line", "http_activity", m)
			activity := number(m, "activity_id")
			if number(m, "class_uid") != 4002 || number(m, "category_uid") != 4 || number(m, "type_uid") != 400200+activity || number(m, "time") != float64(at.UnixMilli()) {
				t.Errorf("got %s", line)
			}
			if id, ok := activities[r.Method]; ok && activity != float64(id) || !ok && activity != 99 {
				t.Errorf("the activity of %s is %v", r.Method, activity)
			}
			denied := float64(1)
			if r.Outcome == Refused {
				denied = 2
			}
			if number(m, "action_id") != denied || number(m, "disposition_id") != denied {
				t.Errorf("action %v, disposition %v", number(m, "action_id"), number(m, "disposition_id"))
			}
			status := map[bool]float64{true: 1, false: 2}[r.Outcome == Answered]
			if r.Stage == Begin {
				status = -1
			}
			if number(m, "status_id") != status {
				t.Errorf("status %v, want %v", number(m, "status_id"), status)
			}
			fingerprint := ""
			if m["unmapped"].(map[string]any)["target_certificate_sha256"] != nil {
				fingerprint = m["unmapped"].(map[string]any)["target_certificate_sha256"].(string)
			}
			if fingerprint != r.Hop2.Peer {
				t.Errorf("the fingerprint is %q", fingerprint)
			}
		})
	}
}

func TestAnEventIsAnEntityManagement(t *testing.T) {
	e := &Event{Time: at, User: "root", Kind: "exception", Name: "WMS-2019", What: "extended", Config: "sha256:abc"}
	line := e.line()
	m := decode(t, line)
	check(t, "line", "entity_management", m)
	if number(m, "type_uid") != 300403 || m["message"] != "exception WMS-2019 extended" {
		t.Errorf("got %s", line)
	}
}
