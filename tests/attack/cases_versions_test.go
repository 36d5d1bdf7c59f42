//go:build linux

package attack

// versions are other protocols on a connection for HTTP/1.1.
func versions() family {
	return family{"Versions", "Only HTTP/1.0 and 1.1 are spoken where ALPN said http/1.1.", []attack{
		{name: "HTTP/0.9", send: "GET /open/a\r\n", want: refused("400")},
		{name: "HTTP/0.9 with a version", send: head("GET /open/a HTTP/0.9", "Host: localhost"), want: refused("400 or 505"), haproxy: "passes the version on"},
		{name: "HTTP/1.0", send: head("GET /open/a HTTP/1.0", "Host: localhost"), want: passed("GET /open/a").close(), haproxy: passesVersion},
		{name: "HTTP/1.0 without a Host", send: head("GET /open/a HTTP/1.0"), want: turnedAway("404 or 421 or 400")},
		{name: "HTTP/1.2", send: head("GET /open/a HTTP/1.2", "Host: localhost"), want: passed("GET /open/a")},
		{name: "HTTP/1.10", send: head("GET /open/a HTTP/1.10", "Host: localhost"), want: refused("400"), nginx: "takes any 1.x for 1.1"},
		{name: "HTTP/01.1", send: head("GET /open/a HTTP/01.1", "Host: localhost"), want: refused("400")},
		{name: "HTTP/2.0", send: head("GET /open/a HTTP/2.0", "Host: localhost"), want: refused("505"), haproxy: "takes any higher version for 1.1"},
		{name: "HTTP/11", send: head("GET /open/a HTTP/11", "Host: localhost"), want: refused("400")},
		{name: "http/1.1", send: head("GET /open/a http/1.1", "Host: localhost"), want: refused("400")},
		{name: "ICAP", send: head("GET /open/a ICAP/1.0", "Host: localhost"), want: refused("400")},
		{name: "the preface of HTTP/2", send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", want: refused("400 or 505")},
		{name: "TLS within TLS", send: "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n", want: refused("400")},
		{name: "the PROXY protocol", send: "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + req("GET /open/a"), want: refused("400")},
		{name: "SMTP", send: "EHLO example\r\nMAIL FROM:<a@b>\r\n\r\n", want: refused("400")},
	}}
}
