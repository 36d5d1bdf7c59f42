//go:build linux

package attack

import "strings"

// trailers are fields behind the body.
func trailers() family {
	with := func(lines ...string) string { return chunked() + head("5\r\nhello\r\n0", lines...) }
	announced := func(name, value string) string {
		return chunked("Trailer: "+name) + head("5\r\nhello\r\n0", name+": "+value)
	}
	fine := passed("POST /open/a").body("hello")
	cut := cutAt("400 or -", "POST /open/a")
	return family{"Trailers", "What a target merges into the header after the checks were made was never checked (RFC 9110, section 6.5.1).", []attack{
		{name: "an honest trailer", send: with("X-Checksum: 1"), want: fine.without("X-Checksum"), haproxy: passesTrailers},
		{name: "an announced one", send: announced("X-Checksum", "1"), want: fine.with("Trailer: X-Checksum"), nginx: "passes Trailer on, and no trailer"},
		{name: "Content-Length", send: with("Content-Length: 50"), want: fine, haproxy: passesTrailers},
		{name: "Content-Length, announced", send: announced("Content-Length", "50"), want: refused("400"), nginx: ignoresTrailer, haproxy: passesTrailers},
		{name: "Transfer-Encoding", send: with("Transfer-Encoding: chunked"), want: fine, haproxy: passesTrailers},
		{name: "Host", send: with("Host: evil.example"), want: fine.with("Host: TARGET"), haproxy: passesTrailers},
		{name: "Authorization", send: with("Authorization: Basic YTpi"), want: fine.without("Authorization"), haproxy: passesTrailers},
		{name: "Authorization, announced", send: announced("Authorization", "Basic YTpi"), want: fine.without("Authorization"), haproxy: passesTrailers},
		{name: "the key for a route that asks for it", send: strings.Replace(with("X-Api-Key: "+key), "/open/", "/keyed/", 1), want: refused("401")},
		{name: "X-Forwarded-For", send: with("X-Forwarded-For: 10.0.0.1"), want: fine, haproxy: passesTrailers},
		{name: "X-Forwarded-For, announced", send: announced("X-Forwarded-For", "10.0.0.1"), want: fine, haproxy: passesTrailers},
		{name: "X_Forwarded_For, announced", send: announced("X_Forwarded_For", "10.0.0.1"), want: fine, haproxy: passesTrailers},
		{name: "X-Original-URL, announced", send: announced("X-Original-URL", "/keyed/a"), want: fine, haproxy: passesTrailers},
		{name: "Cookie, announced", send: announced("Cookie", "a=1"), want: fine, haproxy: passesTrailers},
		{name: "SOAPAction, announced", send: announced("SOAPAction", "urn:x"), want: fine, haproxy: passesTrailers},
		{name: "Connection, announced", send: announced("Connection", "close"), want: fine, haproxy: passesTrailers},
		{name: "Transfer-Encoding, announced", send: announced("Transfer-Encoding", "chunked"), want: refused("400"), nginx: ignoresTrailer, haproxy: passesTrailers},
		{name: "the key, announced, for a route that asks for it", send: strings.Replace(announced("X-Api-Key", key), "/open/", "/keyed/", 1), want: refused("401")},
		{name: "no colon", send: with("what is this"), want: cut, nginx: dropsTrailers},
		{name: "a blank before the colon", send: with("X : y"), want: fine, race: true},
		{name: "folded", send: with("X: y", " z"), want: fine, haproxy: passesTrailers},
		{name: "a bare CR", send: with("X: y\rContent-Length: 5"), want: cut},
		{name: "a NUL", send: with("X: \x00"), want: cut, nginx: dropsTrailers, haproxy: passesControl},
		{name: "1000 of them", send: with(strings.Split(strings.Repeat("X: y\n", 1000), "\n")[:1000]...), half: true, want: cut, nginx: dropsTrailers},
		{name: "one of 128 KiB", send: with("X: " + strings.Repeat("y", 128<<10)), half: true, want: cut, nginx: dropsTrailers},
	}}
}
