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
	"unicode/utf8"
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

// sampleEvents are events of every kind and activity.
func sampleEvents() []Event {
	config := Event{Time: at, User: "root", Kind: AboutConfiguration, Name: "a\"b.yaml", What: "is loaded", Config: "sha256:abc", Severity: Medium,
		Details: strings.Repeat("route r newly allows TLS 1.0\n", 500) + strings.Repeat("ü", 4000)}
	refused := config
	refused.Failed, refused.Details = true, "routes.yaml:1:1: no"
	return append(config.Split(), refused,
		Event{Time: at, User: "root", Kind: AboutException, Name: "WMS-2019", What: "extended", Config: "sha256:abc"},
		Event{Time: at, User: "twohop", Kind: AboutException, Name: "WMS-2019", What: "ends in 7 days", Activity: Warned, Severity: Low},
		Event{Time: at, User: "root", Kind: AboutConfiguration, Name: "routes.yaml", What: "is loaded for the first time", Activity: Created},
		Event{Time: at, User: "eve", Kind: AboutLog, Name: "audit", What: "was read by show", Activity: Read},
		Event{Time: at, User: "root", Kind: AboutBroker, Name: "/bin/twohop", What: "started", Activity: Launched, Process: 7, Version: "v1"},
		Event{Time: at, User: "root", Kind: AboutBroker, Name: "/bin/twohop", What: "stopped", Activity: Stopped, Process: 7},
	)
}

func TestEveryEventIsWellShaped(t *testing.T) {
	for _, e := range sampleEvents() {
		line := e.line()
		m := decode(t, line)
		class, name := float64(3004), "entity_management"
		if e.Activity == Launched || e.Activity == Stopped {
			class, name = 6002, "application_lifecycle"
		}
		check(t, "line", name, m)
		if number(m, "class_uid") != class || number(m, "type_uid") != class*100+number(m, "activity_id") || number(m, "category_uid") != float64(int(class)/1000) {
			t.Errorf("got %s", line)
		}
		if status := number(m, "status_id"); (status == 2) != e.Failed {
			t.Errorf("status %v: %s", status, line)
		}
	}
	e := sampleEvents()
	if line := string((&e[len(e)-6]).line()); !strings.Contains(line, `"type_uid":300403`) || !strings.Contains(line, `"message":"exception WMS-2019 extended"`) {
		t.Errorf("got %s", line)
	}
}

// TestNoDetailIsLost: however many there are and however long, the events hold them all.
func TestNoDetailIsLost(t *testing.T) {
	for name, details := range map[string]string{
		"none": "", "one": "a", "many": strings.Repeat("route r newly allows TLS 1.0\n", 500) + "end", "one that is long": strings.Repeat("ü", 10_000),
		"one that is long among others": "a\n" + strings.Repeat("x", 7000) + "\nb",
	} {
		var all []string
		events := Event{Time: at, Kind: AboutConfiguration, Name: "f", Details: details}.Split()
		for i, e := range events {
			line := e.line()
			if len(line) > 8<<10 {
				t.Errorf("%s: a line of %d bytes", name, len(line))
			}
			m := decode(t, line)
			if len(events) > 1 && (number(m, "unmapped.part") != float64(i+1) || number(m, "unmapped.parts") != float64(len(events))) {
				t.Errorf("%s: got %s", name, line)
			}
			list, _ := m["unmapped"].(map[string]any)["details"].([]any)
			for _, d := range list {
				all = append(all, d.(string))
			}
		}
		if got := strings.Join(all, ""); got != strings.ReplaceAll(details, "\n", "") {
			t.Errorf("%s: %d bytes of %d", name, len(got), len(details))
		}
	}
}

func FuzzNoDetailIsLost(f *testing.F) {
	f.Add("a\nb\xff", 5000)
	f.Fuzz(func(t *testing.T, details string, n int) {
		details = strings.Repeat(details, max(0, min(n, 20_000))/(len(details)+1))
		var all strings.Builder
		for _, e := range (Event{Details: details}).Split() {
			all.WriteString(e.Details)
		}
		strip := strings.NewReplacer("\n", "")
		if got, want := strip.Replace(all.String()), strip.Replace(strings.ToValidUTF8(details, "\uFFFD")); got != want {
			t.Errorf("%d bytes of %d", len(got), len(want))
		}
	})
}

func sampleSums() []*sum {
	calls := &sum{party: party{what: Calls, network: netip.MustParsePrefix("203.0.113.0/24")}, causes: map[string]*cause{}}
	caller := &sum{party: party{what: Calls, caller: "erp"}, causes: map[string]*cause{}}
	hands := &sum{party: party{what: Handshakes, network: netip.MustParsePrefix("2001:db8::/64")}, causes: map[string]*cause{}}
	long := strings.Repeat("ä\x00\"\xff", 1000)
	for i := range 300 {
		r := sample()
		r.Code, r.Method, r.Path, r.Proto = fmt.Sprint("code", i%20), long, "/"+long, long
		if calls.add(calls.cause(r.Code), at.Add(time.Duration(i)*time.Second)) {
			calls.samples = append(calls.samples, exampleOf(r))
		}
		if caller.add(caller.cause(r.Code), at) {
			caller.samples = append(caller.samples, exampleOf(r))
		}
		h := Handshake{Time: at, Address: netip.MustParseAddr("2001:db8::1"), Cause: fmt.Sprint("cause", i%12), Reason: long, SNI: long,
			Versions: []uint16{0x0a0a, 0x0301, 0x0302}, Suites: []uint16{0x1a1a, 5, 10, 47, 53, 0xc013, 0xc014, 0xc009, 0xc00a, 0xc027, 0xc023, 156, 157, 60, 61}}
		if hands.add(hands.cause(h.Cause), h.Time) {
			hands.samples = append(hands.samples, h.example())
		}
	}
	other := merge(map[party]*sum{calls.party: calls, {what: Calls, network: netip.MustParsePrefix("203.0.114.0/24")}: calls})
	return append(other, calls, hands, caller)
}

// mostOfSum is how long a line can get, in bytes: the least budget has room for one of each kind.
const mostOfSum = 8 << 10

func TestEverySumIsWellShaped(t *testing.T) {
	for _, s := range sampleSums() {
		line := s.line(at)
		m := decode(t, line)
		class, name := float64(4002), "http_activity"
		if s.what == Handshakes {
			class, name = 4001, "network_activity"
		}
		check(t, "line", name, m)
		if number(m, "class_uid") != class || number(m, "type_uid") != class*100+number(m, "activity_id") || number(m, "count") != float64(s.count) {
			t.Errorf("got %s", line)
		}
		if len(line) > mostOfSum || !utf8.Valid(line) || strings.Contains(string(line), "\n") {
			t.Errorf("%d bytes: %s", len(line), line)
		}
	}
}
