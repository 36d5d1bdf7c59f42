//go:build linux

package attack

// hops name fields in Connection so that the front takes them off, or leaves them on.
func hops() family {
	with := func(lines ...string) string { return req("GET /open/a", lines...) }
	post := func(lines ...string) string {
		return req("POST /open/a", append(lines, "Content-Length: 5")...) + "hello"
	}
	fine := passed("GET /open/a")
	body := passed("POST /open/a").body("hello").with("Content-Length: 5")
	return family{"Hop by hop", "Connection names the fields of one hop (RFC 9110, section 7.6.1); it must not take off what the target relies on.", []attack{
		{name: "Connection names a field", send: with("Connection: X-Hop", "X-Hop: 1", "X-Keep: 2"), want: fine.without("X-Hop", "Connection").with("X-Keep: 2"), nginx: passesHop, haproxy: passesHop},
		{name: "in another case, in a list", send: with("Connection: keep-alive, x-hop ,,\tX-OTHER", "X-Hop: 1", "X-Other: 2"), want: fine.without("X-Hop", "X-Other", "Connection"), nginx: passesHop, haproxy: passesHop},
		{name: "in a second Connection", send: with("Connection: keep-alive", "Connection: X-Hop", "X-Hop: 1"), want: fine.without("X-Hop", "Connection"), nginx: passesHop, haproxy: passesHop},
		{name: "Connection names Content-Length", send: post("Connection: Content-Length"), want: body},
		{name: "Connection names Transfer-Encoding", send: chunked("Connection: Transfer-Encoding") + "5\r\nhello\r\n0\r\n\r\n", want: passed("POST /open/a").body("hello")},
		{name: "Connection names Host", send: with("Connection: Host"), want: fine.with("Host: TARGET")},
		{name: "Connection names X-Api-Key", send: req("GET /keyed/a", "Connection: X-Api-Key", "X-Api-Key: "+key), want: passed("GET /keyed/a").without("X-Api-Key")},
		{name: "Connection names Authorization", send: with("Connection: Authorization", "Authorization: Basic YTpi"), want: fine.without("Authorization"), nginx: passesKeys, haproxy: passesKeys},
		{name: "Connection names Cookie", send: with("Connection: Cookie", "Cookie: a=1"), want: fine.without("Cookie"), nginx: passesHop, haproxy: passesHop},
		{name: "Connection names SOAPAction", send: post("Connection: SOAPAction", `SOAPAction: "urn:x"`), want: turnedAway("500"), nginx: "passes it on; twohop picks the route by it, and refuses to guess", haproxy: "passes it on; twohop picks the route by it, and refuses to guess"},
		{name: "Connection names Content-Type", send: post("Connection: Content-Type", "Content-Type: text/xml"), want: turnedAway("400"), nginx: "passes it on; twohop picks the route by it, and refuses to guess", haproxy: "passes it on; twohop picks the route by it, and refuses to guess"},
		{name: "Connection names Traceparent", send: with("Connection: Traceparent", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), want: fine},
		{name: "Connection names X-Forwarded-For", send: with("Connection: X-Forwarded-For", "X-Forwarded-For: 10.0.0.1"), want: fine.without("X-Forwarded-For"), nginx: addsToClaims, haproxy: addsToClaims},
		{name: "Connection names itself", send: with("Connection: Connection, close"), want: fine.without("Connection").close(), haproxy: "passes what is left of Connection on"},
		{name: "Connection names no token", send: with("Connection: X Hop, \"X-Hop\"", "X-Hop: 1"), want: fine.without("Connection"), haproxy: "passes what is left of Connection on"},
		{name: "Keep-Alive", send: with("Keep-Alive: timeout=1000000", "Connection: Keep-Alive"), want: fine.without("Keep-Alive", "Connection"), haproxy: "passes Keep-Alive on, without Connection"},
		{name: "Proxy-Connection", send: with("Proxy-Connection: keep-alive"), want: fine.without("Proxy-Connection"), nginx: "passes it on; it belongs to one hop", haproxy: "passes it on; it belongs to one hop"},
		{name: "Proxy-Authorization", send: with("Proxy-Authorization: Basic YTpi"), want: fine.without("Proxy-Authorization"), nginx: passesKeys, haproxy: passesKeys},
		{name: "Proxy, which CGI takes for HTTP_PROXY", send: with("Proxy: http://evil.example"), want: fine.without("Proxy"), nginx: passesProxy, haproxy: passesProxy},
		{name: "Authorization", send: with("Authorization: Basic YTpi"), want: fine.without("Authorization"), nginx: passesKeys, haproxy: passesKeys},
		{name: "Cookie", send: with("Cookie: a=1"), want: fine.with("Cookie: a=1")},
		{name: "TE", send: with("TE: trailers"), want: fine.without("TE"), haproxy: "passes on that trailers are taken, as RFC 9110, section 10.1.4, allows it to for itself"},
		{name: "TE with Connection", send: with("Connection: TE", "TE: trailers, deflate;q=0.5"), want: fine.without("TE", "Connection"), haproxy: "passes on that trailers are taken, as RFC 9110, section 10.1.4, allows it to for itself"},
		{name: "Trailer without trailers", send: with("Trailer: X-Checksum"), want: fine.without("Trailer"), nginx: "passes Trailer on", haproxy: "passes Trailer on"},
		{name: "Via, many", send: with("Via: 1.1 a, 1.1 b, 1.1 c"), want: fine.with("Via: 1.1 a, 1.1 b, 1.1 c")},
		{name: "Max-Forwards", send: with("Max-Forwards: 0"), want: fine.with("Max-Forwards: 0")},
		{name: "Range", send: with("Range: bytes=0-,0-,0-,0-"), want: fine.with("Range: bytes=0-,0-,0-,0-")},
		{name: "X_Api_Key", send: req("GET /keyed/a", "X_Api_Key: "+key), want: turnedAway("401")},
		{name: "X_Forwarded_For", send: with("X_Forwarded_For: 10.0.0.1"), want: fine.without("X_Forwarded_For"), haproxy: passesUnderbar},
		{name: "X-Forwarded_Host", send: with("X-Forwarded_Host: evil.example"), want: fine.without("X-Forwarded_Host"), haproxy: passesUnderbar},
		{name: "X.Forwarded.For", send: with("X.Forwarded.For: 10.0.0.1"), want: fine.without("X.Forwarded.For"), haproxy: "passes on names with a dot, which some take for the one with a hyphen"},
		{name: "another underscore", send: with("Sap_Client: 100"), want: fine.with("Sap_Client: 100"), nginx: "drops every name with an underscore; old services have such names, and twohop drops only the twins of what ends at it"},
		{name: "the key twice", send: req("GET /keyed/a", "X-Api-Key: wrong", "X-Api-Key: "+key), want: turnedAway("401 or 400"), haproxy: "looks whether any of them fits; twohop takes the first"},
	}}
}
