//go:build linux

package attack

import "strings"

// trailers are fields behind the body.
func trailers() family {
	with := func(lines ...string) string { return chunked() + head("5\r\nhello\r\n0", lines...) }
	fine := passed("POST /open/a").body("hello")
	cut := cutAt("400 or -", "POST /open/a")
	return family{"Trailers", "What a target merges into the header after the checks were made was never checked (RFC 9110, section 6.5.1).", []attack{
		{name: "an honest trailer", send: with("X-Checksum: 1"), want: fine.without("X-Checksum"), haproxy: passesTrailers},
		{name: "an announced one", send: chunked("Trailer: X-Checksum") + head("5\r\nhello\r\n0", "X-Checksum: 1"), want: fine.without("X-Checksum", "Trailer"), nginx: "passes Trailer on, and no trailers", haproxy: passesTrailers},
		{name: "Content-Length", send: with("Content-Length: 50"), want: fine, haproxy: passesTrailers},
		{name: "Content-Length, announced", send: chunked("Trailer: Content-Length") + head("5\r\nhello\r\n0", "Content-Length: 50"), want: refused("400"), nginx: "looks at no announcement, and drops trailers", haproxy: passesTrailers},
		{name: "Transfer-Encoding", send: with("Transfer-Encoding: chunked"), want: fine, haproxy: passesTrailers},
		{name: "Host", send: with("Host: evil.example"), want: fine.with("Host: TARGET"), haproxy: passesTrailers},
		{name: "Authorization", send: with("Authorization: Basic YTpi"), want: fine.without("Authorization"), haproxy: passesTrailers},
		{name: "Authorization, announced", send: chunked("Trailer: Authorization") + head("5\r\nhello\r\n0", "Authorization: Basic YTpi"), want: fine.without("Authorization"), haproxy: passesTrailers},
		{name: "the key for a route that asks for it", send: strings.Replace(with("X-Api-Key: "+key), "/open/", "/keyed/", 1), want: refused("401")},
		{name: "X-Forwarded-For", send: with("X-Forwarded-For: 10.0.0.1"), want: fine, haproxy: passesTrailers},
		{name: "no colon", send: with("what is this"), want: cut, nginx: dropsTrailers},
		{name: "a blank before the colon", send: with("X : y"), want: fine, race: true},
		{name: "folded", send: with("X: y", " z"), want: fine, haproxy: passesTrailers},
		{name: "a bare CR", send: with("X: y\rContent-Length: 5"), want: cut},
		{name: "a NUL", send: with("X: \x00"), want: cut, nginx: dropsTrailers, haproxy: passesControl},
		{name: "1000 of them", send: with(strings.Split(strings.Repeat("X: y\n", 1000), "\n")[:1000]...), half: true, want: cut, nginx: dropsTrailers},
		{name: "one of 128 KiB", send: with("X: " + strings.Repeat("y", 128<<10)), half: true, want: cut, nginx: dropsTrailers},
	}}
}
