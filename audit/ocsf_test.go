package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// ocsfAttribute is an attribute of an OCSF class or object.
type ocsfAttribute struct {
	Requirement string
	Type        string
	IsArray     bool `json:"is_array"`
	Enum        []float64
}

type ocsfObject struct {
	Attributes map[string]ocsfAttribute
	AtLeastOne []string `json:"at_least_one"`
}

// ocsf is an excerpt of the public schema; the file names its source.
var ocsf = func() map[string]ocsfObject {
	text, err := os.ReadFile("testdata/ocsf-1.8.0.json")
	if err != nil {
		panic(err)
	}
	var excerpt struct {
		Classes, Objects map[string]ocsfObject
	}
	if err := json.Unmarshal(text, &excerpt); err != nil {
		panic(err)
	}
	maps.Copy(excerpt.Objects, excerpt.Classes)
	return excerpt.Objects
}()

// check reports what v lacks, has too much or has in another form, as the OCSF object name.
func check(t *testing.T, path, name string, v any) {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%s is %v, not an object", path, v)
		return
	}
	o := ocsf[name]
	for field, a := range o.Attributes {
		if a.Requirement == "required" && (m[field] == nil || m[field] == "") {
			t.Errorf("%s.%s is required and is missing", path, field)
		}
	}
	one := len(o.AtLeastOne) == 0
	for _, field := range o.AtLeastOne {
		one = one || m[field] != nil && m[field] != ""
	}
	if !one {
		t.Errorf("%s has none of %s", path, o.AtLeastOne)
	}
	for field, value := range m {
		a, known := o.Attributes[field]
		if !known {
			t.Errorf("%s.%s is not a field of %s", path, field, name)
		}
		if value == nil || value == "" {
			t.Errorf("%s.%s is empty", path, field)
		}
		list, isList := value.([]any)
		if isList != a.IsArray {
			t.Errorf("%s.%s: a list: %t, want %t", path, field, isList, a.IsArray)
		}
		if !isList {
			list = []any{value}
		}
		for _, item := range list {
			checkValue(t, path+"."+field, a, item)
		}
	}
}

func checkValue(t *testing.T, path string, a ocsfAttribute, value any) {
	t.Helper()
	_, isObject := ocsf[a.Type]
	if isObject {
		check(t, path, a.Type, value)
		return
	}
	n, isNumber := value.(float64)
	text, isText := value.(string)
	ok := false
	switch a.Type {
	case "integer_t", "long_t", "timestamp_t":
		ok = isNumber && n == math.Trunc(n)
	case "port_t":
		ok = isNumber && n == math.Trunc(n) && n >= 0 && n <= math.MaxUint16
	case "string_t", "hostname_t", "url_t":
		ok = isText
	case "ip_t":
		_, err := netip.ParseAddr(text)
		ok = err == nil
	case "object": // of any form
		_, ok = value.(map[string]any)
	}
	if !ok || a.Enum != nil && !slices.Contains(a.Enum, n) {
		t.Errorf("%s: %v is not %s of %v", path, value, a.Type, a.Enum)
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
		"an answer that goes on": func(r *Record) {
			r.Stage, r.Outcome, r.Hop2.BytesIn, r.Hop2.BytesOut, r.Hop2.Total = Started, "", 0, 0, 0
		},
		"the level metadata without digests": func(r *Record) {
			r.RequestDigest, r.ResponseDigest, r.Variables, r.RequestFields, r.ResponseFields, r.RequestKept, r.ResponseKept = Sum{}, Sum{}, "", "", "", Kept{}, Kept{}
		},
		"a caller's certificate": func(r *Record) { r.Hop1.Peer, r.Hop1.Issuer, r.Hop1.Serial, r.Hop1.Verify = "cd34", "CN=ca", "1", "ca" },
		"a method of its own":    func(r *Record) { r.Method = "PROPFIND" },
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
			if r.Stage == Begin || r.Stage == Started {
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
