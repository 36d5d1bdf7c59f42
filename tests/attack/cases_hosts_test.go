//go:build linux

package attack

// hosts are requests that say in two ways for whom they are.
func hosts() family {
	with := func(lines ...string) string { return head("GET /open/a HTTP/1.1", lines...) }
	fine := passed("GET /open/a").with("Host: TARGET")
	return family{"Host", "The target's name is the broker's to say; a foreign one is turned away (RFC 9110, section 7.4).", []attack{
		{name: "this host", send: with("Host: localhost"), want: fine},
		{name: "with a port", send: with("Host: localhost:443"), want: fine},
		{name: "with another port", send: with("Host: localhost:22"), want: fine},
		{name: "in capitals", send: with("Host: LOCALHOST"), want: fine},
		{name: "with a dot at its end", send: with("Host: localhost."), want: fine, haproxy: "compares the name as it came; the dot is the same name"},
		{name: "none", send: with("X: y"), want: refused("400")},
		{name: "empty", send: with("Host:"), want: turnedAway("400 or 404 or 421")},
		{name: "twice the same", send: with("Host: localhost", "Host: localhost"), want: refused("400"), haproxy: "takes equal ones for one; RFC 9112, section 3.2, has them refused"},
		{name: "twice, another last", send: with("Host: localhost", "Host: evil.example"), want: refused("400")},
		{name: "a foreign one", send: with("Host: evil.example"), want: turnedAway("404 or 421")},
		{name: "a foreign one that ends alike", send: with("Host: evil-localhost"), want: turnedAway("404 or 421")},
		{name: "the target's address", send: with("Host: 127.0.0.1:80"), want: fine, nginx: "is set up for localhost; twohop's listener has 127.0.0.1 as well, and the target's port is nothing to it", haproxy: "is set up for localhost; twohop's listener has 127.0.0.1 as well"},
		{name: "IPv6", send: with("Host: [::1]"), want: turnedAway("404 or 421")},
		{name: "IPv6 without its end", send: with("Host: [::1"), want: turnedAway("400 or 404 or 421")},
		{name: "with a user", send: with("Host: evil@localhost"), want: turnedAway("400 or 404 or 421")},
		{name: "as a user", send: with("Host: localhost@evil.example"), want: turnedAway("400 or 404 or 421")},
		{name: "with a path", send: with("Host: localhost/keyed"), want: turnedAway("400 or 404 or 421")},
		{name: "with a query", send: with("Host: localhost?x"), want: turnedAway("400 or 404 or 421")},
		{name: "with a comma", send: with("Host: localhost, evil.example"), want: turnedAway("400 or 404 or 421"), haproxy: "takes the list apart and compares the first"},
		{name: "with a blank", send: with("Host: local host"), want: turnedAway("400 or 404 or 421")},
		{name: "with an encoded CRLF", send: with("Host: localhost%0d%0aX: y"), want: turnedAway("400 or 404 or 421")},
		{name: "with a bad port", send: with("Host: localhost:http"), want: turnedAway("400 or 404 or 421"), nginx: "looks at no port", haproxy: "looks at no port"},
		{name: "with two ports", send: with("Host: localhost:1:2"), want: turnedAway("400 or 404 or 421"), nginx: "looks at no port", haproxy: "looks at no port"},
		{name: "with a NUL", send: with("Host: localhost\x00.evil.example"), want: refused("400")},
		{name: "folded", send: with("Host: localhost", " .evil.example"), want: refused("400")},
		{name: "a blank before the colon", send: with("Host : localhost"), want: refused("400")},
		{name: "X-Forwarded-Host", send: with("Host: localhost", "X-Forwarded-Host: evil.example"), want: fine.without("X-Forwarded-Host"), nginx: passesClaims, haproxy: passesClaims},
		{name: "X-Host", send: with("Host: localhost", "X-Host: evil.example"), want: passed("GET /open/a").with("X-Host: evil.example")},
		{name: "Forwarded", send: with("Host: localhost", "Forwarded: host=evil.example;for=10.0.0.1"), want: fine.without("Forwarded"), nginx: passesClaims, haproxy: passesClaims},
		{name: "X-Forwarded-For", send: with("Host: localhost", "X-Forwarded-For: 10.0.0.1"), want: fine.without("X-Forwarded-For"), nginx: addsToClaims, haproxy: addsToClaims},
		{name: "X-Real-Ip", send: with("Host: localhost", "X-Real-Ip: 10.0.0.1"), want: fine.without("X-Real-Ip"), nginx: passesClaims, haproxy: passesClaims},
		{name: "X-Original-URL", send: with("Host: localhost", "X-Original-URL: /keyed/a"), want: fine.without("X-Original-URL"), nginx: passesClaims, haproxy: passesClaims},
		{name: "X-Rewrite-URL", send: with("Host: localhost", "X-Rewrite-URL: /keyed/a"), want: fine.without("X-Rewrite-URL"), nginx: passesClaims, haproxy: passesClaims},
		{name: "X-HTTP-Method-Override", send: with("Host: localhost", "X-HTTP-Method-Override: DELETE"), want: passed("GET /open/a").with("X-HTTP-Method-Override: DELETE")},
	}}
}
