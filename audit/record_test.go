package audit

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestALineSaysBothHops(t *testing.T) {
	line := sample().line(nil)
	m := decode(t, line)
	for _, part := range []string{
		`"src_endpoint":{"ip":"10.0.0.7","port":50123}`,
		`"dst_endpoint":{"port":8443,"hostname":"broker.example.com"}`,
		`"tls":{"version":"TLS 1.3","cipher":"TLS_AES_128_GCM_SHA256","sni":"broker.example.com"}`,
		`"proxy_tls":{"version":"TLS 1.0","cipher":"TLS_RSA_WITH_3DES_EDE_CBC_SHA","handshake_dur":7,"certificate":{"issuer":"CN=wms01","serial_number":"beef","fingerprints":[{"algorithm_id":3,"value":"ab12"}]}}`,
		`"proxy_endpoint":{"ip":"10.1.2.3","port":8443,"name":"wms"}`,
		`"traffic":{"bytes_in":412,"bytes_out":733}`, `"proxy_traffic":{"bytes_in":733,"bytes_out":412}`,
		`"policy":{"name":"routes.yaml","uid":"WMS-2019","version":"sha256:abc"}`,
		`"stage":"end"`, `"exception_ends":"2027-03-31"`, `"soap_action":"urn:legacy/GetStock"`, `"operation":"GetStock"`, `"target_verified_by":"pin"`,
		`"target_certificate_sha256":"ab12"`, `"target_handshake_ms":7,`, `"call_ms":1.5`,
	} {
		if !strings.Contains(string(line), part) {
			t.Errorf("no %s in %s", part, line)
		}
	}
	if strings.Contains(string(line), "\n") || m["unmapped"] == nil {
		t.Errorf("got %s", line)
	}
}

// TestNothingSecretHasAPlace fills every string that a call could bring and looks for
// what must not be kept; and no field is made for a header, a query or a body.
func TestNothingSecretHasAPlace(t *testing.T) {
	r := sample()
	r.Path = "/stock/A1001?sig=S3cret"
	r.Host = "user:S3cret@broker.example.com:8443"
	text := r.line(nil)
	if strings.Contains(string(text), "S3cret") {
		t.Errorf("the line says %s", text)
	}
	for _, x := range []any{Record{}, Hop{}, Event{}, line{}} {
		for field := range reflect.TypeOf(x).Fields() {
			switch kind := field.Type.Kind(); {
			case kind == reflect.Slice || kind == reflect.Map || kind == reflect.Interface:
				t.Errorf("%T.%s could hold a header or a body", x, field.Name)
			}
			for _, word := range []string{"Header", "Cookie", "Authorization", "Query", "Body", "Password", "Key"} {
				if strings.Contains(field.Name, word) {
					t.Errorf("%T.%s", x, field.Name)
				}
			}
		}
	}
}

func TestStringsOfOthersAreClipped(t *testing.T) {
	long := strings.Repeat("ä\x00\xff\"", 1<<20)
	r := sample()
	r.Method, r.Host, r.Path, r.SOAPAction, r.Operation, r.Cause, r.Hop1.SNI, r.Hop2.Issuer, r.Source, r.Proto, r.Caller = long, long, "/"+long, long, long, long, long, long, long, long, long
	line := r.line(nil)
	decode(t, line)
	if !utf8.Valid(line) || len(line) > 64<<10 {
		t.Errorf("the line has %d bytes", len(line))
	}
	e := &Event{Time: at, User: long, Name: long, What: long}
	if line := e.line(); !utf8.Valid(line) || len(line) > 64<<10 {
		t.Errorf("the event's line has %d bytes", len(line))
	}
}

func FuzzClip(f *testing.F) {
	f.Add("grün", 3)
	f.Add("\xff\xff\xff", 2)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(0, min(n, 1000))
		got := clip(s, n)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > n || utf8.ValidString(s) && len(s) <= n && got != s {
			t.Errorf("clip(%q, %d) = %q", s, n, got)
		}
		if utf8.ValidString(s) && !strings.HasPrefix(s, got) {
			t.Errorf("clip(%q, %d) = %q", s, n, got)
		}
	})
}

func TestHostOf(t *testing.T) {
	for host, want := range map[string]struct {
		name string
		port int64
	}{
		"broker.example.com":      {"broker.example.com", 0},
		"broker.example.com:443":  {"broker.example.com", 443},
		"[2001:db8::1]:443":       {"2001:db8::1", 443},
		"[2001:db8::1]":           {"2001:db8::1", 0},
		"user:pw@broker:443":      {"broker", 443},
		"broker:port":             {"broker", 0},
		"":                        {"", 0},
		"broker.example.com:8o80": {"broker.example.com", 0},
	} {
		if name, port := hostOf(host); name != want.name || port != want.port {
			t.Errorf("hostOf(%q) = %q, %d", host, name, port)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("GET", "/a?b", "h:1", "cause")
	f.Fuzz(func(t *testing.T, method, path, host, cause string) {
		line := (&Record{Method: method, Path: path, Host: host, Cause: cause, Source: host}).line(nil)
		if !json.Valid(line) || strings.ContainsRune(string(line), '\n') {
			t.Errorf("got %s", line)
		}
	})
}
