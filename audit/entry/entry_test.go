package entry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// whole is a line in an order and form that the writer does not use.
const whole = ` { "unmapped" : {"outcome":"answered", "call":"c-1","stage":"end","route":"stock","target":"w\u006ds","call_ms":1.5,"retries":2,"kind":"k","extra":[{"call":"no"},[]],"caller_by":"api_key","exception_ends":"2027-03-31","soap_action":"\"x\"","operation":"Get","target_endpoint":"wms:1","target_verified_by":"pin","counts":{"a":1,"b":2},"samples":[{"correlation_uid":"s-1","time":1},7]},
"time":1000,"class_uid":4002,"activity_id":3,"status_id":2,"severity_id":1,"start_time":999,"metadata":{"logged_time":1001,"uid":"c-1-end","correlation_uid":"c","version":"1.8.0"},"status_code":"","status_detail":"d","action_id":1,"count":7,"message":"m",
"actor":{"app_uid":"fp","user":{"name":"erp","x":null}},"src_endpoint":{"ip":"10.0.0.7","port":5,"name":"10.0.0.0/8"},"http_request":{"http_method":"GET","version":"HTTP/1.1","url":{"hostname":"h","port":8443,"path":"/p","scheme":"https"}},
"http_response":{"code":200},"tls":{"version":"TLS 1.3","cipher":"A"},"traffic":{"bytes_in":1,"bytes_out":2},"proxy_endpoint":{"ip":"10.1.2.3","port":6,"name":"wms"},"proxy_tls":{"version":"TLS 1.0","cipher":"B"},
"proxy_http_response":{"code":201},"proxy_traffic":{"bytes_in":3,"bytes_out":4},"policy":{"uid":"X","version":"sha256:1"},"entity":{"name":"n","type":"t"},"more":true} `

func TestMembersAreFoundInAnyOrder(t *testing.T) {
	var e Entry
	if err := e.Parse([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	b := func(s string) []byte { return []byte(s) }
	want := Entry{Class: 4002, Severity: 1, First: 999, Network: b("10.0.0.0/8"), Codes: [][]byte{b("a"), b("b")}, Counts: []int64{1, 2}, Traffic1: true, Traffic2: true, Activity: 3, Result: 2, Samples: [][]byte{b("s-1")}, Time: 1000, Logged: 1001, UID: b("c-1-end"), Correlation: b("c"), Call: b("c-1"), Stage: b("end"), Outcome: b("answered"),
		Code: b(""), Cause: b("d"), Action: 1, Count: 7, User: b("erp"), CallerBy: b("api_key"), Credential: b("fp"), SourceIP: b("10.0.0.7"), SourcePort: 5,
		Method: b("GET"), Host: b("h"), Path: b("/p"), Proto: b("HTTP/1.1"), SOAPAction: b(`"x"`), Operation: b("Get"), Port: 8443, Status: 200, Route: b("stock"), Target: b("wms"),
		Endpoint: b("wms:1"), Exception: b("X"), ExceptionEnds: b("2027-03-31"), Config: b("sha256:1"), TargetIP: b("10.1.2.3"), TargetPort: 6, TargetStatus: 201,
		Verified: b("pin"), Retries: 2, TLS1: b("TLS 1.3"), Suite1: b("A"), TLS2: b("TLS 1.0"), Suite2: b("B"), In1: 1, Out1: 2, In2: 3, Out2: 4, MS: 1.5,
		EntityName: b("n"), EntityType: b("t"), Message: b("m"), Kind: b("k"), hop2: true}
	if diff := cmp.Diff(want, e, cmp.AllowUnexported(Entry{}, scanner{})); diff != "" {
		t.Error(diff)
	}
}

func TestHops(t *testing.T) {
	for line, want := range map[string]string{
		`{"class_uid":4002,"tls":{"version":"TLS 1.2"}}`:                           "TLS 1.2 > ",
		`{"class_uid":4002}`:                                                       "plain > ",
		`{"class_uid":4002,"proxy_endpoint":{}}`:                                   "plain > plain",
		`{"class_uid":4002,"proxy_endpoint":{},"proxy_tls":{"version":"TLS 1.0"}}`: "plain > TLS 1.0",
		`{"class_uid":3004}`:                                                       " > ",
	} {
		var e Entry
		if err := e.Parse([]byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if got := fmt.Sprintf("%s > %s", e.Hop1(), e.Hop2()); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestALineOfTheLogNamesItsUser(t *testing.T) {
	for line, want := range map[string]string{
		`{"class_uid":1008,"unmapped":{"kind":"pruned","user":"root"}}`: "root",
		`{"unmapped":{"kind":"pruned","user":"root"},"class_uid":1008}`: "root",
		`{"class_uid":4002,"unmapped":{"user":"root"}}`:                 "",
	} {
		var e Entry
		if err := e.Parse([]byte(line)); err != nil || string(e.User) != want {
			t.Errorf("%s: %q, %v", line, e.User, err)
		}
	}
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for _, line := range []string{"", "x", "[]", `"a"`, "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1}}`, `{"a":1} x`, `{"a":"`, `{"a":"\`, "{\"a\n\":1}", `{"call":{"x":[1,}}`, `{"message":"\q"}`,
		`{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}", `{"a":` + strings.Repeat(`{"a":`, 1000)} {
		var e Entry
		if err := e.Parse([]byte(line)); err == nil {
			t.Errorf("%.60q was taken: %+v", line, e)
		}
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	line := []byte(strings.NewReplacer(`\u006d`, "m", `\"x\"`, "x").Replace(whole))
	var e Entry
	if n := testing.AllocsPerRun(100, func() { e.Parse(line) }); n > 0 {
		t.Errorf("%v allocations a line", n)
	}
}

// FuzzParse compares with encoding/json.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"time":-5,"status_code":null,"metadata":{"correlation_uid":"\ud83d\ude00"}}`))
	f.Add([]byte(`{"time":1e3,"message":[{"a":{}}],"metadata":7}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var e Entry
		err := e.Parse(line)
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if d.Decode(&want) != nil || want == nil || d.More() || !json.Valid(line) || !utf8.Valid(line) || repeats(line) || nested(line) > deepest-2 {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		text := func(v any) []byte {
			if s, ok := v.(string); ok {
				return []byte(s)
			}
			return nil
		}
		sub := func(name string) map[string]any { m, _ := want[name].(map[string]any); return m }
		for name, pair := range map[string][2][]byte{
			"message": {e.Message, text(want["message"])}, "status_code": {e.Code, text(want["status_code"])},
			"correlation": {e.Correlation, text(sub("metadata")["correlation_uid"])}, "call": {e.Call, text(sub("unmapped")["call"])},
			"outcome": {e.Outcome, text(sub("unmapped")["outcome"])}, "hop 2": {e.TLS2, text(sub("proxy_tls")["version"])},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Errorf("%q: %s is %q, want %q", line, name, pair[0], pair[1])
			}
		}
		if n, ok := want["time"].(json.Number); ok {
			if i, err := n.Int64(); err == nil && len(n) < 18 && e.Time != i {
				t.Errorf("%q: time is %d", line, e.Time)
			}
		}
	})
}

// repeats reports whether an object may have two members of one name.
func repeats(line []byte) bool {
	seen := map[string]int{}
	d := json.NewDecoder(bytes.NewReader(line))
	for {
		tok, err := d.Token()
		if err != nil {
			break
		}
		if s, ok := tok.(string); ok {
			seen[s]++
		}
	}
	for _, n := range seen {
		if n > 1 {
			return true
		}
	}
	return false
}

// nested is at least the depth of line.
func nested(line []byte) int { return bytes.Count(line, []byte("[")) + bytes.Count(line, []byte("{")) }

func BenchmarkParse(b *testing.B) {
	line := []byte(whole)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	var e Entry
	for b.Loop() {
		if err := e.Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}
