//go:build linux

package attack

// http2Headers are header lists that HTTP/1.1 cannot carry, or reads differently.
func http2Headers() family {
	list := func(method, path string, more ...string) []string {
		return append([]string{":method=" + method, ":scheme=https", ":authority=localhost", ":path=" + path}, more...)
	}
	fine := passed("GET /open/a")
	reset := turnedAway("RST_STREAM PROTOCOL_ERROR")
	// The answer to the head and the error of the body race.
	broken := turnedAway("400 or RST_STREAM PROTOCOL_ERROR or 400 RST_STREAM PROTOCOL_ERROR")
	return family{"HTTP/2 header lists", "What HTTP/2 carries and HTTP/1.1 cannot becomes a second request when it is written out (RFC 9113, sections 8.2 and 8.3).", []attack{
		{name: "an honest request", fields: get(), want: fine.with("Host: TARGET")},
		{name: "an honest body", fields: post("content-length=5"), data: "hello", want: passed("POST /open/a").body("hello").with("Content-Length: 5")},
		{name: "a body of no stated length", fields: post(), data: "hello", want: passed("POST /open/a").body("hello")},
		{name: "CRLF in a value", fields: get("x=a\r\nx-evil: 1"), want: reset},
		{name: "CRLF and a request in a value", fields: get("x=a\r\n\r\nGET /keyed/a HTTP/1.1\r\nHost: localhost"), want: reset},
		{name: "LF in a value", fields: get("x=a\nb"), want: reset},
		{name: "CR in a value", fields: get("x=a\rb"), want: reset},
		{name: "a NUL in a value", fields: get("x=a\x00b"), want: reset},
		{name: "a control character in a value", fields: get("x=a\x01b"), want: reset, nginx: passesControl, haproxy: passesControl},
		{name: "CRLF in a name", fields: get("x: y\r\nx-evil=1"), want: reset},
		{name: "a colon in a name", fields: get("x:y=1"), want: reset},
		{name: "a blank in a name", fields: get("x y=1"), want: reset},
		{name: "a capital in a name", fields: get("X-Evil=1"), want: reset},
		{name: "an empty name", fields: append(get(), "=1"), want: reset},
		{name: "blanks around a value", fields: get("x= \ty "), want: fine.with("X: y")},
		{name: ":method twice", fields: get(":method=POST"), want: reset},
		{name: ":path twice", fields: get(":path=/keyed/a"), want: reset},
		{name: ":authority twice", fields: get(":authority=evil.example"), want: reset},
		{name: "an unknown pseudo field", fields: get(":evil=1"), want: reset},
		{name: ":status in a request", fields: get(":status=200"), want: reset},
		{name: ":protocol, which was not offered", fields: list("CONNECT", "/open/a", ":protocol=websocket"), want: reset, haproxy: "serves extended CONNECT for websockets (RFC 8441); twohop does not offer it"},
		{name: "a pseudo field behind a regular one", fields: []string{":method=GET", ":scheme=https", ":authority=localhost", "x=y", ":path=/open/a"}, want: reset, nginx: "takes pseudo fields in any order; RFC 9113, section 8.3, has it refused"},
		{name: "no :method", fields: []string{":scheme=https", ":authority=localhost", ":path=/open/a"}, want: reset},
		{name: "no :path", fields: []string{":method=GET", ":scheme=https", ":authority=localhost"}, want: reset},
		{name: "no :scheme", fields: []string{":method=GET", ":authority=localhost", ":path=/open/a"}, want: reset},
		{name: "another scheme", fields: []string{":method=GET", ":scheme=ftp", ":authority=localhost", ":path=/open/a"}, want: reset, nginx: "looks at no scheme", haproxy: "passes it on as an absolute URI"},
		{name: "the scheme http", fields: []string{":method=GET", ":scheme=http", ":authority=localhost", ":path=/open/a"}, want: fine},
		{name: "connection", fields: get("connection=keep-alive"), want: turnedAway("400"), nginx: dropsQuietly},
		{name: "connection that names a field", fields: get("connection=x-hop", "x-hop=1"), want: turnedAway("400"), nginx: dropsQuietly},
		{name: "upgrade", fields: get("upgrade=websocket"), want: turnedAway("400"), nginx: dropsQuietly},
		{name: "keep-alive", fields: get("keep-alive=1"), want: turnedAway("400"), nginx: dropsQuietly},
		{name: "proxy-connection", fields: get("proxy-connection=keep-alive"), want: turnedAway("400"), nginx: dropsQuietly},
		{name: "transfer-encoding", fields: post("transfer-encoding=chunked"), data: "0\r\n\r\n" + hidden, want: turnedAway("400"), nginx: dropsQuietly},
		{name: "te with trailers", fields: get("te=trailers"), want: fine.without("TE"), haproxy: "passes it on"},
		{name: "te with something else", fields: get("te=gzip"), want: turnedAway("400"), nginx: dropsQuietly},
		{name: "content-length larger than the body", fields: post("content-length=50"), data: "hello", want: maybe(broken, "cut: POST /open/a")},
		{name: "content-length smaller than the body", fields: post("content-length=2"), data: "hello", want: maybe(broken, "cut: POST /open/a")},
		{name: "content-length zero, and a body", fields: post("content-length=0"), data: hidden, race: true, want: maybe(broken, "POST /open/a")},
		{name: "content-length twice", fields: post("content-length=5", "content-length=0"), data: "hello", want: turnedAway("400")},
		{name: "content-length, no number", fields: post("content-length=+5"), data: "hello", want: broken},
		{name: "a path without a slash", fields: list("GET", "open/a"), want: reset},
		{name: "an empty path", fields: list("GET", ""), want: reset},
		{name: "an asterisk", fields: list("OPTIONS", "*"), want: turnedAway("400")},
		{name: "an absolute URI", fields: list("GET", "https://evil.example/open/a"), want: turnedAway("400")},
		{name: "a path with a blank", fields: list("GET", "/open/a b"), want: turnedAway("400")},
		{name: "a path with a blank and a version", fields: list("GET", "/open/a HTTP/1.1\r\nHost: localhost\r\nX:"), want: reset},
		{name: "a path with CRLF", fields: list("GET", "/open/a\r\nx: y"), want: reset},
		{name: "a query with CRLF", fields: list("GET", "/open/a?x\r\nx: y"), want: reset},
		{name: "a query with a blank and a version", fields: list("GET", "/open/a?x HTTP/1.0"), want: turnedAway("400")},
		{name: "a path with a fragment", fields: list("GET", "/open/a#b"), want: turnedAway("400"), nginx: "passes the fragment on"},
		{name: "a path with raw bytes beyond ASCII", fields: list("GET", "/open/\xc3\xbc"), want: passed("GET /open/%C3%BC"), nginx: escapesNothing, haproxy: escapesNothing},
		{name: "two dots", fields: list("GET", "/open/../keyed/a"), want: turnedAway("400"), haproxy: pastTheKey},
		{name: "a method with a blank", fields: list("GET /keyed/a HTTP/1.1\r\nx:", "/open/a"), want: reset},
		{name: "a method with CRLF", fields: list("GET\r\nx: y", "/open/a"), want: reset},
		{name: "an empty method", fields: list("", "/open/a"), want: reset},
		{name: "CONNECT", fields: []string{":method=CONNECT", ":authority=evil.example:443"}, want: turnedAway("400 or 405 or 421")},
		{name: "CONNECT with a path", fields: list("CONNECT", "/open/a"), want: reset},
		{name: "TRACE", fields: list("TRACE", "/open/a"), want: turnedAway("405"), haproxy: passesMethods},
		{name: "no :authority, a host", fields: []string{":method=GET", ":scheme=https", ":path=/open/a", "host=localhost"}, want: fine.with("Host: TARGET")},
		{name: "neither :authority nor host", fields: []string{":method=GET", ":scheme=https", ":path=/open/a"}, want: turnedAway("400 or 404 or 421")},
		{name: "another host beside :authority", fields: get("host=evil.example"), want: turnedAway("400"), haproxy: "takes :authority and drops host; RFC 9113, section 8.3.1, has it refused"},
		{name: "a host twice", fields: get("host=localhost", "host=evil.example"), want: turnedAway("400"), haproxy: "takes :authority and drops host; RFC 9113, section 8.3.1, has it refused"},
		{name: "the same host beside :authority", fields: get("host=localhost"), want: fine.with("Host: TARGET"), nginx: "refuses a host beside :authority, even the same"},
		{name: "a foreign :authority", fields: []string{":method=GET", ":scheme=https", ":authority=evil.example", ":path=/open/a"}, want: turnedAway("404 or 421")},
		{name: "a foreign :authority and our host", fields: []string{":method=GET", ":scheme=https", ":authority=evil.example", ":path=/open/a", "host=localhost"}, want: turnedAway("400")},
		{name: ":authority with a user", fields: []string{":method=GET", ":scheme=https", ":authority=localhost@evil.example", ":path=/open/a"}, want: reset},
		{name: ":authority with a path", fields: []string{":method=GET", ":scheme=https", ":authority=localhost/keyed", ":path=/open/a"}, want: turnedAway("400")},
		{name: ":authority with CRLF", fields: []string{":method=GET", ":scheme=https", ":authority=localhost\r\nx: y", ":path=/open/a"}, want: reset},
		{name: "cookies apart", fields: get("cookie=a=1", "cookie=b=2"), want: fine.with("Cookie: a=1; b=2")},
		{name: "the key in capitals", fields: list("GET", "/keyed/a", "X-API-KEY="+key), want: reset},
		{name: "an underscore for the key", fields: list("GET", "/keyed/a", "x_api_key="+key), want: turnedAway("401")},
	}}
}

// maybe is w, where the request may have gone out before.
func maybe(w want, line string) want {
	w.reached, w.maybe = []reached{{line: line}}, true
	return w
}
