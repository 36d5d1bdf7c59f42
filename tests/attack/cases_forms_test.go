//go:build linux

package attack

// forms ask for a proxy that serves anybody.
func forms() family {
	return family{"Open proxy", "A request for another server, or for a tunnel, is not served (RFC 9112, section 3.2).", []attack{
		{name: "an absolute URI of this host", send: req("GET https://localhost/open/a"), want: refused("400"), nginx: "takes the path out of it; RFC 9112, section 3.2.2, asks for that", haproxy: "passes it on as it came, as to a proxy"},
		{name: "an absolute URI of this host, http", send: req("GET http://localhost/open/a"), want: refused("400"), nginx: "takes the path out of it; RFC 9112, section 3.2.2, asks for that", haproxy: "passes it on as it came, as to a proxy"},
		{name: "an absolute URI of another host", send: req("GET http://evil.example/open/a"), want: refused("400 or 421")},
		{name: "an absolute URI of another host, its Host too", send: head("GET https://evil.example/open/a HTTP/1.1", "Host: evil.example"), want: refused("400 or 421")},
		{name: "an absolute URI of this host, another Host", send: head("GET https://localhost/open/a HTTP/1.1", "Host: evil.example"), want: refused("400 or 421"), nginx: "takes the URI's host and path, as RFC 9112, section 3.2.2, says; twohop has no use for the form"},
		{name: "an absolute URI with a user", send: req("GET https://localhost@evil.example/open/a"), want: refused("400 or 421")},
		{name: "an absolute URI of the cloud's metadata", send: req("GET http://169.254.169.254/latest/meta-data/"), want: refused("400 or 421")},
		{name: "another scheme", send: req("GET ftp://localhost/open/a"), want: refused("400"), nginx: "looks at no scheme", haproxy: "passes it on as it came, as to a proxy"},
		{name: "a scheme alone", send: req("GET http:/open/a"), want: refused("400")},
		{name: "a scheme without an authority", send: req("GET http:///open/a"), want: refused("400")},
		{name: "an authority", send: req("GET localhost:443"), want: refused("400")},
		{name: "a path without a slash", send: req("GET open/a"), want: refused("400")},
		{name: "a path that begins with @", send: req("GET @evil.example/open/a"), want: refused("400")},
		{name: "a user behind the slash", send: req("GET /@evil.example/open/a"), want: turnedAway("404")},
		{name: "an authority behind two slashes", send: req("GET //evil.example/open/a"), want: refused("400")},
		{name: "CONNECT", send: head("CONNECT evil.example:443 HTTP/1.1", "Host: evil.example:443"), want: refused("400 or 405 or 421")},
		{name: "CONNECT to this host", send: head("CONNECT localhost:443 HTTP/1.1", "Host: localhost"), want: refused("400 or 405")},
		{name: "CONNECT with a path", send: req("CONNECT /open/a"), want: refused("400 or 405")},
		{name: "CONNECT with bytes behind it", send: head("CONNECT localhost:443 HTTP/1.1", "Host: localhost") + hidden, want: refused("400 or 405"), haproxy: "reads on after refusing a tunnel"},
		{name: "an asterisk", send: req("OPTIONS *"), want: refused("400")},
		{name: "an asterisk in a GET", send: req("GET *"), want: refused("400")},
		{name: "TRACE", send: req("TRACE /open/a"), want: turnedAway("405"), haproxy: passesMethods},
		{name: "TRACE with Max-Forwards", send: req("TRACE /open/a", "Max-Forwards: 0"), want: turnedAway("405"), haproxy: passesMethods},
		{name: "TRACK", send: req("TRACK /open/a"), want: turnedAway("405"), nginx: passesMethods, haproxy: passesMethods},
	}}
}
