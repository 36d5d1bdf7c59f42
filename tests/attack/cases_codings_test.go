//go:build linux

package attack

// codings are lies about Transfer-Encoding.
func codings() family {
	coding := func(lines ...string) string { return req("POST /open/a", lines...) + "5\r\nhello\r\n0\r\n\r\n" }
	fine := passed("POST /open/a").body("hello")
	return family{"Transfer-Encoding", "Where one reader sees chunks and the next a length, the next request is the attacker's (RFC 9112, section 6.1).", []attack{
		{name: "honest chunks", send: coding("Transfer-Encoding: chunked"), want: fine},
		{name: "CL.TE: a length, then chunks", send: req("POST /open/a", "Content-Length: 51", "Transfer-Encoding: chunked") + "0\r\n\r\n" + hidden, want: passed("POST /open/a"), nginx: refusesBoth},
		{name: "TE.CL: chunks, then a length", send: req("POST /open/a", "Transfer-Encoding: chunked", "Content-Length: 4") + "2e\r\n" + hidden + "\r\n0\r\n\r\n", want: passed("POST /open/a").body(hidden).without("Content-Length"), nginx: refusesBoth},
		{name: "chunks and a bad length", send: coding("Transfer-Encoding: chunked", "Content-Length: x"), want: refused("400")},
		{name: "mixed case", send: coding("Transfer-Encoding: cHuNkEd"), want: fine},
		{name: "xchunked", send: coding("Transfer-Encoding: xchunked"), want: refused("501")},
		{name: "xchunked, and a length", send: coding("Content-Length: 4", "Transfer-Encoding: xchunked"), want: refused("501")},
		{name: "a tab before it", send: coding("Transfer-Encoding:\tchunked"), want: fine, nginx: "takes no tab there; RFC 9110, section 5.5, does"},
		{name: "a vertical tab before it", send: coding("Transfer-Encoding: \vchunked"), want: refused("400 or 501")},
		{name: "a NUL behind it", send: coding("Transfer-Encoding: chunked\x00"), want: refused("400 or 501")},
		{name: "a no-break space behind it", send: coding("Transfer-Encoding: chunked\u00a0"), want: refused("501")},
		{name: "a comma behind it", send: coding("Transfer-Encoding: chunked,"), want: refused("501"), haproxy: "takes the empty element for nothing and passes it on"},
		{name: "a comma before it", send: coding("Transfer-Encoding: ,chunked"), want: refused("501")},
		{name: "chunked, identity", send: coding("Transfer-Encoding: chunked, identity"), want: refused("501")},
		{name: "identity, chunked", send: coding("Transfer-Encoding: identity, chunked"), want: refused("501")},
		{name: "identity", send: coding("Transfer-Encoding: identity"), want: refused("501")},
		{name: "gzip, chunked", send: coding("Transfer-Encoding: gzip, chunked"), want: refused("501")},
		{name: "chunked twice in a list", send: coding("Transfer-Encoding: chunked, chunked"), want: refused("501")},
		{name: "in quotes", send: coding(`Transfer-Encoding: "chunked"`), want: refused("501")},
		{name: "with a parameter", send: coding("Transfer-Encoding: chunked;q=1"), want: refused("501")},
		{name: "empty", send: coding("Transfer-Encoding:"), want: refused("501")},
		{name: "a field twice", send: coding("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), want: refused("400 or 501")},
		{name: "a field twice, identity first", send: coding("Transfer-Encoding: identity", "Transfer-Encoding: chunked"), want: refused("400 or 501")},
		{name: "a field twice, identity last", send: coding("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), want: refused("400 or 501")},
		{name: "a blank before the colon", send: coding("Transfer-Encoding : chunked"), want: refused("400")},
		{name: "a blank before the name", send: req("POST /open/a", "X: y", " Transfer-Encoding: chunked", "Content-Length: 15") + "5\r\nhello\r\n0\r\n\r\n", want: passed("POST /open/a").body("5\r\nhello\r\n0\r\n\r\n"), nginx: refusesFolds},
		{name: "folded", send: coding("Transfer-Encoding:", " chunked"), want: fine, nginx: refusesFolds},
		{name: "folded behind xchunked", send: coding("Transfer-Encoding: x", " chunked", "Content-Length: 4"), want: refused("501")},
		{name: "behind a bare LF", send: coding("X: y\nTransfer-Encoding: chunked"), want: fine},
		{name: "behind a bare CR", send: coding("X: y\rTransfer-Encoding: chunked"), want: refused("400")},
		{name: "an underscore in the name, with a length", send: req("POST /open/a", "Transfer_Encoding: chunked", "Content-Length: 15") + "5\r\nhello\r\n0\r\n\r\n", want: passed("POST /open/a").body("5\r\nhello\r\n0\r\n\r\n").with("Content-Length: 15")},
		{name: "in HTTP/1.0", send: head("POST /open/a HTTP/1.0", "Host: localhost", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", want: passed("POST /open/a").close(), nginx: refusesOld, haproxy: passesOld},
		{name: "in HTTP/1.0, with a length and keep-alive", send: head("POST /open/a HTTP/1.0", "Host: localhost", "Connection: keep-alive", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n" + hidden, want: passed("POST /open/a").body("0\r\n\r\n"), nginx: refusesOld, haproxy: passesOld},
		{name: "in a GET", send: req("GET /open/a", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", want: passed("GET /open/a").body("hello")},
	}}
}
