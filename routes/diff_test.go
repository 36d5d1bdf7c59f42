package routes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// diffBase is changed by each test of Diff.
const diffBase = head + `
  edi: {client_certificate: {ca: ca.pem, subject: "CN=edi,O=Contoso", dns: edi.example}}
exceptions:
  OLD:
    allows: [tls1.1, rsa_key_exchange]
    targets: ["old.example:443"]
    owner: o
    approved_by: b
    ticket: t
    reason: r
    expires: 2027-01-01
targets:
  old: {url: "https://old.example/ws", exception: OLD, tls: {min: 1.1, pins: ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}}
  new: {url: "https://new.example/ws", tls: {ca: ca.pem}}
routes:
  - name: main
    path: /main/*
    hosts: [a.example, b.example]
    soap_actions: ["urn:a", "urn:b"]
    methods: [GET, POST]
    callers: [fno]
    target: new
    limit: {rate: 10/s, burst: 5, per: route, concurrent: 5}
    timeout: {total: 5m}
    headers: {set: {X-Role: reader}, remove: [X-User]}
  - {name: legacy, path: /legacy, callers: [fno], target: old}
  - {name: map, path: /map, callers: {fno: old, uat: new}}
  - {name: inline, path: /inline, callers: [edi], target: {url: "https://inline.example/"}}
  - {name: open, path: /open, callers: [anyone], target: new}
`

func TestDiff(t *testing.T) {
	t.Chdir(writeFiles(t, map[string]string{"ca.pem": "one", "same.pem": "one", "other.pem": "two"}))
	before := load(t, diffBase)
	pinA, pinB := "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
	for _, c := range []struct {
		name    string
		replace []string // old, new, ...
		want    string   // a line for each change, those that weaken with a !
	}{
		{"nothing", nil, ""},
		{"comments and order", []string{"routes:\n", "# hello\nroutes:\n  - {name: open, path: /open, callers: [anyone], target: new}\n", "  - {name: open, path: /open, callers: [anyone], target: new}\n\x00", ""}, ""},
		{"order within lists", []string{"[a.example, b.example]", "[b.example, A.example]", "[GET, POST]", "[POST, GET]", `["urn:a", "urn:b"]`, `["urn:b", "urn:a"]`, "[tls1.1, rsa_key_exchange]", "[rsa_key_exchange, tls1.1]"}, ""},
		{"inline for shared with the same meaning", []string{"[anyone], target: new", "[anyone], target: {url: \"https://new.example/ws\", tls: {ca: ca.pem}}"}, ""},
		{"shared for inline with the same meaning", []string{`target: {url: "https://inline.example/"}`, "target: inl", "targets:\n", "targets:\n  inl: {url: \"https://inline.example/\"}\n"}, ""},
		{"a shared target renamed", []string{"  new:", "  newer:", "target: new", "target: newer", "uat: new", "uat: newer"}, ""},
		{"a map for a list with the same meaning", []string{"callers: [fno], target: old}", "callers: {fno: old}}"}, ""},
		{"a default spelled out", []string{"listen:", "defaults: {max_body: 100MiB, timeout: {idle: 1m}}\nlisten:"}, ""},
		{"the same limit in other words", []string{"10/s, burst: 5", "600/m, burst: 5"}, ""},
		{"the same authority in another file", []string{"tls: {ca: ca.pem}", "tls: {ca: same.pem}"}, ""},
		{"the same key in capitals", []string{testKey, strings.ToUpper(testKey)}, ""},
		{"a slash at the end of the url", []string{"https://new.example/ws", "https://new.example/ws/"}, ""},
		{"a default port", []string{"https://new.example/ws", "https://NEW.example:443/ws"}, ""},

		// What a route matches.
		{"a wider path", []string{"/main/*", "/*"}, "! route main moves from /main/* to /*\n" +
			"! route main takes calls of route inline: newly lets in fno; sends calls to https://new.example/ws instead of https://inline.example/; verifies its target by ca instead of roots; looks for the name new.example in the certificate instead of inline.example; newly sets X-Role on the way to the target\n" +
			"! route main takes calls of route legacy: sends calls to https://new.example/ws instead of https://old.example/ws; verifies its target by ca instead of pin; looks for the name new.example in the certificate instead of old.example; newly sets X-Role on the way to the target\n" +
			"! route main takes calls of route map: sends calls to https://new.example/ws instead of https://old.example/ws; verifies its target by ca instead of pin; looks for the name new.example in the certificate instead of old.example; newly sets X-Role on the way to the target\n" +
			"! route main takes calls of route open: newly sets X-Role on the way to the target"},
		{"a narrower path", []string{"/main/*", "/main/x/*"}, "route main moves from /main/* to /main/x/*"},
		{"a path beside", []string{"/main/*", "/niam/*"}, "route main moves from /main/* to /niam/*"},
		{"a prefix for an exact path", []string{"path: /legacy", "path: /legacy/*"}, "! route legacy moves from /legacy to /legacy/*"},
		{"an exact path for a prefix", []string{"/main/*", "/main"}, "route main moves from /main/* to /main"},
		{"hosts removed", []string{"    hosts: [a.example, b.example]\n", ""}, "! route main takes hosts any instead of a.example, b.example"},
		{"a host added", []string{"[a.example, b.example]", "[a.example, b.example, c.example]"}, "! route main takes hosts a.example, b.example, c.example instead of a.example, b.example"},
		{"a host less", []string{"[a.example, b.example]", "[a.example]"}, "route main takes hosts a.example instead of a.example, b.example"},
		{"soap_actions dropped", []string{"    soap_actions: [\"urn:a\", \"urn:b\"]\n", ""}, "! route main takes SOAPActions any instead of urn:a, urn:b"},
		{"a method added", []string{"[GET, POST]", "[GET, POST, DELETE]"}, "! route main newly takes DELETE"},
		{"a method less", []string{"[GET, POST]", "[GET]"}, "route main no longer takes POST"},
		{"defaults edited", []string{"listen:", "defaults: {methods: [GET]}\nlisten:"}, "route inline no longer takes POST\nroute legacy no longer takes POST\nroute map no longer takes POST\nroute open no longer takes POST"},
		{"a route renamed", []string{"name: legacy", "name: heritage"}, "route heritage is route legacy renamed"},
		{"a route renamed to hide a caller", []string{"{name: legacy, path: /legacy, callers: [fno]", "{name: heritage, path: /legacy, callers: [fno, uat]"}, "route heritage is route legacy renamed\n! route heritage newly lets in uat"},
		{"a route removed", []string{"  - {name: legacy, path: /legacy, callers: [fno], target: old}\n", ""}, "route legacy is removed"},

		// New routes, and whose calls they take.
		{"a new route", []string{"routes:\n", "routes:\n  - {name: n, path: /n, callers: [fno], target: new}\n"}, "route n is new: /n for fno"},
		{"a new route for anyone over TLS 1.1", []string{"routes:\n", "routes:\n  - {name: n, path: /n, callers: [anyone], target: old}\n"},
			"route n is new: /n for anyone\n! route n newly lets in anyone\n! route n newly allows TLS 1.1\n! route n newly allows rsa_key_exchange"},
		{"a new route for a map of callers", []string{"routes:\n", "routes:\n  - {name: n, path: /n, callers: {fno: old, uat: new}}\n"},
			"route n is new: /n for fno, uat\n! route n newly allows TLS 1.1\n! route n newly allows rsa_key_exchange"},
		{"a new route in front of another", []string{"routes:\n", "routes:\n  - {name: n, path: /main/x, hosts: [a.example], callers: [uat], target: new, limit: {rate: 1/s}}\n"},
			"route n is new: /main/x for uat\n! route n takes calls of route main: newly lets in uat; no longer sets X-Role on the way to the target; no longer removes X-User on the way to the target; has the limit: 1 calls a second in bursts of 1, no limit at a time, per caller instead of: 10 calls a second in bursts of 5, 5 at a time, per route; ends a call after no limit instead of 5m0s"},
		{"a new stricter route in front of another", []string{"routes:\n", "routes:\n  - {name: n, path: /open, hosts: [a.example], callers: [fno], target: new}\n"},
			"route n is new: /open for fno\nroute n takes calls of route open"},
		{"a route removed before one for anyone", []string{"  - {name: open, path: /open", "  - {name: open, path: /*", "  - {name: legacy, path: /legacy, callers: [fno], target: old}\n", ""},
			"route legacy is removed\n! route legacy leaves calls to route open: newly lets in anyone; sends calls to https://new.example/ws instead of https://old.example/ws; verifies its target by ca instead of pin; looks for the name new.example in the certificate instead of old.example\n! route open moves from /open to /*"},
		{"a route narrowed before one for anyone", []string{"{name: inline, path: /inline", "{name: inline, path: /inline, methods: [GET]", "routes:\n", "routes:\n  - {name: n, path: /*, callers: [anyone], target: new}\n"},
			"route inline no longer takes POST\n! route inline leaves calls to route n: newly lets in anyone; sends calls to https://new.example/ws instead of https://inline.example/; verifies its target by ca instead of roots; looks for the name new.example in the certificate instead of inline.example\nroute n is new: /* for anyone\n! route n newly lets in anyone"},

		// Who may call.
		{"a caller added", []string{"callers: [fno], target: old", "callers: [fno, uat], target: old"}, "! route legacy newly lets in uat"},
		{"a caller less", []string{"callers: {fno: old, uat: new}", "callers: {fno: old}"}, "route map no longer lets in uat"},
		{"anyone", []string{"callers: [fno], target: old", "callers: [anyone], target: old"}, "! route legacy newly lets in anyone\nroute legacy no longer lets in fno"},
		{"a credential for anyone", []string{"callers: [anyone]", "callers: [fno]"}, "route open newly asks for a credential: lets in fno\nroute open no longer lets in anyone"},
		{"a sandbox sent to production", []string{"uat: new", "uat: old"},
			"! route map sends calls to https://old.example/ws instead of https://new.example/ws\n! route map newly allows TLS 1.1\n! route map newly allows rsa_key_exchange\n! route map speaks TLS 1.1 to 1.2 instead of 1.2 to 1.3\n! route map verifies its target by pin instead of ca\nroute map looks for the name old.example in the certificate instead of new.example\n! route map uses exception OLD instead of none"},
		{"a new caller with a target of its own", []string{"{fno: old, uat: new}", "{fno: old, uat: new, edi: plain}", "targets:\n", "targets:\n  plain: {url: \"http://127.0.0.1\"}\n"},
			"! route map newly lets in edi\n! route map sends edi to http://127.0.0.1"},
		{"an API key replaced", []string{"00aa", "00ab"}, "! caller uat has another API key"},
		{"a second credential", []string{"00aa\"}}", "00aa\"}, client_certificate: {ca: ca.pem}}"}, "caller uat newly needs a client certificate"},
		{"an API key instead of a certificate", []string{"{client_certificate: {ca: ca.pem, subject: \"CN=edi,O=Contoso\", dns: edi.example}}", "{api_key: {sha256: \"00000000000000000000000000000000000000000000000000000000000000bb\"}}"},
			"! caller edi newly needs an API key\n! caller edi no longer needs a client certificate"},
		{"a certificate instead of an API key", []string{"{api_key: {sha256: \"00000000000000000000000000000000000000000000000000000000000000aa\"}}", "{client_certificate: {ca: other.pem, dns: uat.example}}"},
			"! caller uat no longer needs an API key\n! caller uat newly needs a client certificate"},
		{"a caller's authority replaced", []string{"ca: ca.pem, subject", "ca: other.pem, subject"}, "! caller edi is known by certificates of other authorities"},
		{"a subject loosened", []string{"CN=edi,O=Contoso", "O=Contoso"}, "! caller edi is known by the subject O=Contoso instead of CN=edi, O=Contoso"},
		{"a subject narrowed", []string{"CN=edi,O=Contoso", "CN=edi,O=Contoso,OU=x"}, "caller edi is known by the subject CN=edi, O=Contoso, OU=x instead of CN=edi, O=Contoso"},
		{"a subject in another order", []string{"CN=edi,O=Contoso", "O=Contoso, CN=edi"}, ""},
		{"dns dropped", []string{", dns: edi.example", ""}, "! caller edi is known by the DNS name any instead of edi.example"},
		{"dns replaced", []string{"dns: edi.example", "dns: eve.example"}, "! caller edi is known by the DNS name eve.example instead of edi.example"},
		{"a new caller", []string{"exceptions:", "  x: {client_certificate: {ca: ca.pem, dns: x.example}}\nexceptions:"}, "caller x is new"},

		// The second hop.
		{"another host", []string{"https://inline.example/", "https://evil.example/"}, "! route inline sends calls to https://evil.example/ instead of https://inline.example/\n! route inline looks for the name evil.example in the certificate instead of inline.example"},
		{"another port", []string{"https://inline.example/", "https://inline.example:8443/"}, "! route inline sends calls to https://inline.example:8443/ instead of https://inline.example/"},
		{"a path above", []string{"https://new.example/ws", "https://new.example/"}, "! route main sends calls to https://new.example/ instead of https://new.example/ws\n! route map sends calls to https://new.example/ instead of https://new.example/ws\n! route open sends calls to https://new.example/ instead of https://new.example/ws"},
		{"a path below", []string{"https://inline.example/", "https://inline.example/x"}, "route inline sends calls to https://inline.example/x instead of https://inline.example/"},
		{"plain HTTP on this machine", []string{"https://inline.example/", "http://127.0.0.1/"}, "! route inline sends calls to http://127.0.0.1/ instead of https://inline.example/\n! route inline speaks plain HTTP instead of TLS"},
		{"a lower version", []string{"tls1.1, rsa", "tls1.0, rsa", "min: 1.1", "min: 1.0"}, "! route legacy newly allows TLS 1.0\n! route map newly allows TLS 1.0\n! exception OLD newly allows tls1.0\nexception OLD no longer allows tls1.1"},
		{"a higher lowest version", []string{"min: 1.1", "min: 1.2"}, "route legacy no longer allows TLS 1.1\nroute legacy speaks TLS 1.2 to 1.3 instead of 1.1 to 1.2\nroute map no longer allows TLS 1.1\nroute map speaks TLS 1.2 to 1.3 instead of 1.1 to 1.2"},
		{"a lower highest version", []string{`"https://inline.example/"}`, `"https://inline.example/", tls: {max: 1.2}}`}, "! route inline speaks TLS 1.2 to 1.2 instead of 1.2 to 1.3"},
		{"only TLS 1.3", []string{`"https://inline.example/"}`, `"https://inline.example/", tls: {min: 1.3}}`}, "route inline speaks TLS 1.3 to 1.3 instead of 1.2 to 1.3"},
		{"suites less", []string{`"https://inline.example/"}`, `"https://inline.example/", tls: {suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]}}`},
			"route inline no longer offers TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
		{"a weak suite allowed", []string{"tls1.1, rsa", "tls1.1, 3des, rsa"}, "! route legacy newly allows 3des\n! route map newly allows 3des\n! exception OLD newly allows 3des"},
		{"groups without the hybrid one", []string{`"https://inline.example/"}`, `"https://inline.example/", tls: {curves: [X25519]}}`}, "! route inline offers the groups X25519 instead of the default"},
		{"a pin added", []string{pinA + `"]`, pinA + `", "` + pinB + `"]`}, "! route legacy trusts 1 more pinned key\n! route map trusts 1 more pinned key"},
		{"a pin replaced", []string{pinA, pinB}, "! route legacy trusts 1 more pinned key\nroute legacy no longer trusts 1 pinned key\n! route map trusts 1 more pinned key\nroute map no longer trusts 1 pinned key"},
		{"pins removed", []string{`, pins: ["` + pinA + `"]`, ""}, "! route legacy verifies its target by roots instead of pin\n! route map verifies its target by roots instead of pin"},
		{"pins beside the authority", []string{"tls: {ca: ca.pem}", `tls: {ca: ca.pem, pins: ["` + pinA + `"]}`}, "route main verifies its target by ca+pin instead of ca\nroute map verifies its target by ca+pin instead of ca\nroute open verifies its target by ca+pin instead of ca"},
		{"pins instead of the authority", []string{"tls: {ca: ca.pem}}\nroutes", `tls: {pins: ["` + pinA + `"]}}` + "\nroutes"}, "! route main verifies its target by pin instead of ca\n! route map verifies its target by pin instead of ca\n! route open verifies its target by pin instead of ca"},
		{"another authority", []string{"tls: {ca: ca.pem}", "tls: {ca: other.pem}"}, "! route main verifies its target by other authorities\n! route map verifies its target by other authorities\n! route open verifies its target by other authorities"},
		{"another server name", []string{`"https://inline.example/"}`, `"https://inline.example/", tls: {server_name: evil.example}}`}, "! route inline looks for the name evil.example in the certificate instead of inline.example"},
		{"a proxy", []string{`"https://inline.example/"}`, `"https://inline.example/", via: "http://p:1"}`}, "! route inline goes through a proxy"},
		{"a source address", []string{`"https://inline.example/"}`, `"https://inline.example/", source_address: 10.0.0.1}`}, "route inline calls from 10.0.0.1 instead of any address"},
		{"the caller's Host", []string{`"https://inline.example/"}`, `"https://inline.example/", host: caller}`}, "! route inline sends as Host caller instead of target"},
		{"a larger buffer", []string{`"https://inline.example/"}`, `"https://inline.example/", buffer_request: 1MiB}`}, "! route inline keeps requests in memory up to 1MiB instead of 0B"},
		{"connections bounded", []string{`"https://inline.example/"}`, `"https://inline.example/", connections: {max: 5, idle: 2s, age: 1m}}`}, "route inline opens as many connections at a time as 5 instead of no limit\nroute inline keeps an unused connection for 2s instead of 4s\nroute inline reuses a connection for 1m0s instead of 5m0s"},

		// What a route does to a call.
		{"a header removal dropped", []string{", remove: [X-User]", ""}, "! route main no longer removes X-User on the way to the target"},
		{"a header removed", []string{"remove: [X-User]", "remove: [X-User, X-Other]"}, "route main newly removes X-Other on the way to the target"},
		{"a header no longer set", []string{"set: {X-Role: reader}, ", ""}, "! route main no longer sets X-Role on the way to the target"},
		{"a header set otherwise", []string{"X-Role: reader", "X-Role: admin"}, "! route main sets another value of X-Role on the way to the target"},
		{"a header set instead of removed", []string{"{X-Role: reader}, remove: [X-User]", "{X-Role: reader, X-User: root}"}, "! route main newly sets X-User on the way to the target"},
		{"a header removed instead of set", []string{"set: {X-Role: reader}, remove: [X-User]", "remove: [X-User, X-Role]"}, "! route main newly removes X-Role on the way to the target"},
		{"a header for the caller", []string{"target: old}\n  - {name: map", "target: old, response_headers: {set: {X-A: a, access-control-allow-origin: '*'}}}\n  - {name: map"}, "! route legacy newly sets Access-Control-Allow-Origin on the way to the caller\nroute legacy newly sets X-A on the way to the caller"},
		{"header edits moved to the target", []string{"  new: {url: \"https://new.example/ws\"", "  newh: {url: \"https://new.example/ws\", headers: {set: {x-role: reader}, remove: [x-user]}, tls: {ca: ca.pem}}\n  new: {url: \"https://new.example/ws\"",
			"target: new\n", "target: newh\n", "    headers: {set: {X-Role: reader}, remove: [X-User]}\n", ""}, ""},
		{"another path at the target", []string{"{name: legacy, path: /legacy", "{name: legacy, rewrite: /admin, path: /legacy"}, "! route legacy reaches path /admin at its target instead of the default"},
		{"calls repeated", []string{"{name: legacy, path", "{name: legacy, idempotent: true, path"}, "! route legacy has idempotent: true"},
		{"an upgrade", []string{"{name: legacy, path", "{name: legacy, upgrade: [websocket], path"}, "! route legacy newly lets callers switch to websocket"},
		{"a field spelled among edits", []string{"set: {X-Role: reader}, remove: [X-User]", "set: {X-Role: reader}, remove: [X-User], spell: [a]"}, "route main spells a on the way to the target"},
		{"fields spelled", []string{"{name: legacy, path", "{name: legacy, headers: {spell: [SOAPACTION, x-a]}, response_headers: {spell: [x-b]}, path"}, "route legacy spells SOAPACTION, x-a on the way to the target\nroute legacy spells x-b on the way to the caller"},
		{"a larger body", []string{"{name: legacy, path", "{name: legacy, max_body: 1GiB, path"}, "! route legacy takes bodies up to 1GiB instead of 100MiB"},
		{"a smaller body", []string{"{name: legacy, path", "{name: legacy, max_body: 1KiB, path"}, "route legacy takes bodies up to 1KiB instead of 100MiB"},
		{"a higher rate", []string{"10/s", "11/s"}, "! route main has the limit: 11 calls a second in bursts of 5, 5 at a time, per route instead of: 10 calls a second in bursts of 5, 5 at a time, per route"},
		{"no burst, which is more", []string{", burst: 5", ""}, "! route main has the limit: 10 calls a second in bursts of 10, 5 at a time, per route instead of: 10 calls a second in bursts of 5, 5 at a time, per route"},
		{"a limit for each caller", []string{"per: route", "per: caller"}, "! route main has the limit: 10 calls a second in bursts of 5, 5 at a time, per caller instead of: 10 calls a second in bursts of 5, 5 at a time, per route"},
		{"no limit", []string{"    limit: {rate: 10/s, burst: 5, per: route, concurrent: 5}\n", ""}, "! route main has the limit: none instead of: 10 calls a second in bursts of 5, 5 at a time, per route"},
		{"a lower limit", []string{"concurrent: 5", "concurrent: 4"}, "route main has the limit: 10 calls a second in bursts of 5, 4 at a time, per route instead of: 10 calls a second in bursts of 5, 5 at a time, per route"},
		{"no end of a call", []string{"    timeout: {total: 5m}\n", ""}, "! route main ends a call after no limit instead of 5m0s"},
		{"longer waits", []string{"timeout: {total: 5m}", "timeout: {total: 5m, connect: 11s, handshake: 11s, first_byte: 56s, idle: 61s}"},
			"! route main waits for a connection for 11s instead of 10s\n! route main waits for a handshake for 11s instead of 10s\n! route main waits for an answer for 56s instead of 55s\n! route main waits in a pause for 1m1s instead of 1m0s"},

		// Endpoints of one target.
		{"a second endpoint", []string{`new: {url: "https://new.example/ws"`, `new: {urls: ["https://new.example/ws", "https://two.example/ws"]`},
			forEach("main map open", "! route %s newly sends calls to https://two.example/ws\n! route %s looks for the name new.example, two.example in the certificate instead of new.example")},
		{"a list of one means the same", []string{`new: {url: "https://new.example/ws"`, `new: {urls: ["https://new.example/ws"]`}, ""},
		{"how calls are spread does not count for one endpoint", []string{`new: {url:`, `new: {balance: least_busy, slow_start: 1m, health: {passive: {failures: 1}}, url:`}, ""},
		{"checks", []string{`new: {url:`, `new: {health: {active: {kind: http, path: /up}}, url:`}, forEach("main map open", "route %s checks its endpoints by http /up every 10s for 5s, out after 3, back after 2 instead of never")},
		{"no circuit breaker", []string{`new: {url:`, `new: {circuit_breaker: {failures: 0}, url:`}, forEach("main map open", "route %s opens the circuit never instead of after 5 failures in a row, of connection, for 2s, 1 to try")},

		// Exceptions.
		{"an exception extended", []string{"2027-01-01", "2027-01-02"}, "! exception OLD ends 2027-01-02 instead of 2027-01-01"},
		{"an exception shortened", []string{"2027-01-01", "2026-12-31"}, "exception OLD ends 2026-12-31 instead of 2027-01-01"},
		{"an exception for more targets", []string{`["old.example:443"]`, `["OLD.example:443", "older.example:443"]`}, "! exception OLD newly holds for older.example:443"},
		{"an exception for another target", []string{`["old.example:443"]`, `["old.example:443", "b.example:1"]`, "approved_by: b", "approved_by: c"}, "! exception OLD newly holds for b.example:1\nexception OLD has the approver c instead of b"},
		{"an exception with other words", []string{"owner: o", "owner: p", "ticket: t", "ticket: u", "reason: r", "reason: s"}, "exception OLD has the owner p instead of o\nexception OLD has the ticket u instead of t\nexception OLD has the reason s instead of r"},
		{"an exception renamed", []string{"OLD:", "OLDER:", "exception: OLD", "exception: OLDER"}, "! route legacy uses exception OLDER instead of OLD\n! route map uses exception OLDER instead of OLD\nexception OLD is removed\n! exception OLDER is new: allows tls1.1, rsa_key_exchange until 2027-01-01"},

		// The broker itself.
		{"another address", []string{`":8443"`, `":443"`}, "! front door newly listens on :443\nfront door no longer listens on :8443"},
		{"a name more for the local CA", []string{"hosts: [localhost, ", "hosts: [localhost, evil.example, "}, "! front door has the hosts a.example, b.example, c.example, evil.example, localhost instead of a.example, b.example, c.example, localhost on :8443"},
		{"any host", []string{"hosts: [localhost, a.example, b.example, c.example]", "max_header: 64KiB", "{local: true}", "{files: [{cert: ca.pem, key: ca.pem}]}"}, "! front door has the hosts any instead of a.example, b.example, c.example, localhost on :8443\nfront door no longer uses a local CA\nfront door shows other certificates"},
		{"more room", []string{"hosts: [localhost, ", "max_connections: 2000, max_calls: 100, per_network: {connections: 1000, calls: 50, handshakes: 100/s, burst: 300, ipv4: 32, ipv6: 128}, exempt: [192.0.2.0/24], hosts: [localhost, "},
			`front door holds connections up to 2000 instead of its share
front door runs calls at a time up to 100 instead of its share
front door holds connections of one network up to 1000 instead of its share
front door runs calls of one network up to 50 instead of its share
! front door lets one network connect at 100/s instead of 50/s
! front door lets one network connect at once up to 300 instead of 200
! front door counts as an IPv4 network /32 instead of /24
! front door counts as an IPv6 network /128 instead of /64
! front door newly exempts 192.0.2.0/24 from the limits of a network
front door no longer exempts 127.0.0.0/8 from the limits of a network
front door no longer exempts ::1/128 from the limits of a network`},
		{"looser limits for headers", []string{"hosts: [localhost, ", "header_timeout: 1m, max_header: 1MiB, idle: 1h, hosts: [localhost, "}, "! front door waits for a header for 1m0s instead of 10s\n! front door takes headers up to 1MiB instead of 64KiB\n! front door keeps an idle connection for 1h0m0s instead of 3m0s"},
		{"certificates for the local CA", []string{"{local: true}", "{files: [{cert: ca.pem, key: ca.pem}]}"}, "front door no longer uses a local CA\nfront door shows other certificates"},
		{"another admin address", []string{"listen:", "admin: {address: \"127.0.0.1:1\"}\nlisten:"}, "! broker has its admin address on 127.0.0.1:1 instead of 127.0.0.1:9443"},
		{"an admin address for others, by token", []string{"listen:", `admin: {address: ":1", token: {sha256: "` + testKey + `"}}` + "\nlisten:"}, "! broker has its admin address on :1 instead of 127.0.0.1:9443\noperator at admin.address newly needs a token"},
		{"an admin address by certificate", []string{"listen:", `admin: {client_certificate: {ca: ca.pem, dns: p.example}}` + "\nlisten:"}, "operator at admin.address newly needs a client certificate"},
		{"no admin address", []string{"listen:", "admin: {address: off}\nlisten:"}, "broker has its admin address on off instead of 127.0.0.1:9443"},
		{"probes from elsewhere", []string{"listen:", "health: {address: \":1\"}\nlisten:"}, "! broker answers probes on :1 instead of no address"},
		{"reviewers of bodies", []string{"listen:", "audit: {reviewers: [age1x, age1y], bodies_keep: 7d}\nlisten:"}, "! broker newly encrypts kept bodies to age1x\n! broker newly encrypts kept bodies to age1y\n! broker keeps bodies for 168h0m0s instead of 720h0m0s"},
		{"the level metadata spelled out", []string{"    timeout: {total: 5m}", "    timeout: {total: 5m}\n    audit: {level: metadata, headers: [Accept], bodies: {redact: [Pin]}}"}, ""},
		{"header fields", []string{"    timeout: {total: 5m}", "    timeout: {total: 5m}\n    audit: {level: headers, headers: [Accept]}"}, "! route main is recorded at the level headers instead of metadata\n! route main newly records the header fields Accept"},
		{"bodies", []string{"    timeout: {total: 5m}", "    timeout: {total: 5m}\n    audit: {level: bodies, bodies: {types: [text/xml], redact: [Pin]}}", "listen:", "audit: {reviewers: [age1x]}\nlisten:"},
			"! route main is recorded at the level bodies instead of metadata\n! route main newly records bodies of the types text/xml\nroute main newly redacts Pin\n! broker newly encrypts kept bodies to age1x"},
		{"no digests", []string{"    timeout: {total: 5m}", "    timeout: {total: 5m}\n    audit: {digests: false}"}, "! route main no longer records digests of bodies"},
		{"another class of data", []string{"    timeout: {total: 5m}", "    timeout: {total: 5m}\n    data: personal"}, "route main carries data of the class personal instead of internal"},
		{"less evidence of strangers", []string{"listen:", "audit: {refusals: {every: 2m, records: 1, budget: 32MiB}, reserve: 1GiB, stop: 1MiB}\nlisten:"},
			"! broker records of the refusals of a network and code 1 instead of 10\n! broker records refusals of unknown callers a day up to 32MiB instead of 64MiB\n! broker counts refusals in one line for 2m0s instead of 1m0s\nbroker only counts refusals of unknown callers below a free space of 1GiB instead of its part\nbroker stops below a free space of 1MiB instead of its part"},
		{"another audit log", []string{"listen:", "audit: {dir: /dev/shm/x}\nlisten:"}, "! broker keeps its audit log in /dev/shm/x instead of audit"},
		{"a watched file", []string{"listen:", "reload: {watch: true}\nlisten:"}, "! broker newly follows changes of the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := diffBase + "\x00"
			for i := 0; i+1 < len(c.replace); i += 2 {
				if !strings.Contains(src, c.replace[i]) {
					t.Fatalf("%q is not there", c.replace[i])
				}
				if src = strings.ReplaceAll(src, c.replace[i], c.replace[i+1]); strings.HasSuffix(c.replace[i], "\x00") {
					src += "\x00"
				}
			}
			after := load(t, strings.TrimSuffix(src, "\x00"))
			if diff := cmp.Diff(c.want, lines(Diff(before, after))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			back := Diff(after, before)
			if (c.want == "") != (len(back) == 0) {
				t.Errorf("the way back: %v", back)
			}
		})
	}
}

// forEach writes text for each of the routes.
func forEach(routes, text string) string {
	var list []string
	for _, r := range strings.Fields(routes) {
		list = append(list, strings.ReplaceAll(text, "%s", r))
	}
	return strings.Join(list, "\n")
}

// Several endpoints before and after.
func TestDiffOfEndpoints(t *testing.T) {
	table := func(target string) *Table {
		return load(t, head+"routes: [{name: a, path: /a, callers: [fno], target: {"+target+"}}]")
	}
	const two = `urls: ["https://a.example/", "https://b.example/"]`
	before := table(two + ", balance: primary_standby")
	for _, c := range []struct{ after, want string }{
		{two + ", balance: primary_standby", ""},
		{`urls: ["https://b.example/", "https://a.example/"], balance: primary_standby`, "route a prefers its endpoints in another order: https://b.example/, https://a.example/"},
		{two, "route a spreads calls by round_robin instead of primary_standby"},
		{two + ", balance: primary_standby, slow_start: 30s", "route a gives an endpoint that is back its full share after 30s instead of 0s"},
		{two + ", balance: primary_standby, health: {passive: {failures: 0}}", "route a takes out endpoints never instead of after 5 failures in a row, statuses [502 503 504] failing, for 10s to 5m0s, 50% at most"},
		{`url: "https://a.example/"`, "route a no longer sends calls to https://b.example/\n! route a looks for the name a.example in the certificate instead of a.example, b.example\nroute a spreads calls by round_robin instead of primary_standby"},
	} {
		if diff := cmp.Diff(c.want, lines(Diff(before, table(c.after)))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.after, diff)
		}
	}
}

func lines(changes []Change) string {
	var list []string
	for _, c := range changes {
		mark := ""
		if c.Weaker {
			mark = "! "
		}
		list = append(list, mark+c.String())
	}
	return strings.Join(list, "\n")
}

// Values of secrets are compared and never shown.
func TestDiffOfSecrets(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a": hidden, "b": hidden + "-other"})
	table := func(via, header string) *Table {
		return load(t, head+fmt.Sprintf("routes: [{name: a, path: /a, callers: [fno], target: {url: \"https://a.example\", via: %q, headers: {set: {Authorization: %q}}}}]", via, header))
	}
	a, b := "${file:"+filepath.Join(dir, "a")+"}", "${file:"+filepath.Join(dir, "b")+"}"
	before := table("http://u:"+a+"@p:1", a)
	for _, c := range []struct{ via, header, want string }{
		{"http://u:" + a + "@p:1", a, ""},
		{"http://u:" + b + "@p:1", a, "! route a shows its proxy another credential"},
		{"http://u:" + a + "@q:1", a, "! route a goes through another proxy"},
		{"", a, "! route a no longer goes through its proxy"},
		{"http://u:" + a + "@p:1", b, "! route a sets another value of Authorization on the way to the target"},
	} {
		if diff := cmp.Diff(c.want, lines(Diff(before, table(c.via, c.header)))); diff != "" || strings.Contains(diff, hidden) {
			t.Error(diff)
		}
	}
}

// A file whose content changed between two loads is another one.
func TestDiffSeesTheContentOfFiles(t *testing.T) {
	t.Chdir(writeFiles(t, map[string]string{"ca.pem": "one"}))
	before := load(t, diffBase)
	if err := os.WriteFile("ca.pem", []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := lines(Diff(before, load(t, diffBase)))
	if !strings.Contains(got, "! route main verifies its target by other authorities") || !strings.Contains(got, "! caller edi is known by certificates of other authorities") {
		t.Error(got)
	}
}

// Two copies in different directories mean the same.
func TestDiffOfCopies(t *testing.T) {
	tables := make([]*Table, 2)
	for i := range tables {
		dir := writeFiles(t, map[string]string{"ca.pem": "one", "routes.yaml": diffBase})
		table, err := Load(filepath.Join(dir, "routes.yaml"), []byte(diffBase), today)
		if err != nil {
			t.Fatal(err)
		}
		tables[i] = table
	}
	if changes := Diff(tables[0], tables[1]); len(changes) > 0 {
		t.Error(changes)
	}
}

// Fewer credentials for the operator, or others, are told.
func TestDiffOfTheAdminAddress(t *testing.T) {
	t.Chdir(writeFiles(t, map[string]string{"ca.pem": "one", "other.pem": "two"}))
	other := strings.Repeat("0", 64)
	admin := func(text string) *Table {
		return load(t, "admin: {"+text+"}\n"+head+`routes: [{name: a, path: /a, callers: [fno], target: {url: "https://a.example"}}]`)
	}
	token, certificate := `token: {sha256: "`+testKey+`"}`, `client_certificate: {ca: ca.pem, subject: "CN=p"}`
	before := admin(token + ", " + certificate)
	for now, want := range map[string]string{
		token + ", " + certificate: "",
		token:                      "! operator at admin.address no longer needs a client certificate",
		certificate:                "! operator at admin.address no longer needs a token",
		`token: {sha256: "` + other + `"}, ` + certificate:                       "! operator at admin.address has another token",
		token + `, client_certificate: {ca: other.pem, subject: "CN=p"}`:         "! operator at admin.address is known by certificates of other authorities",
		token + `, client_certificate: {ca: ca.pem, subject: "CN=p,O=q"}`:        "operator at admin.address is known by the subject CN=p, O=q instead of CN=p",
		token + `, client_certificate: {ca: ca.pem, subject: "CN=p"}, socket: x`: "",
	} {
		if diff := cmp.Diff(want, lines(Diff(before, admin(now)))); diff != "" {
			t.Errorf("%s\n%s", now, diff)
		}
	}
}
