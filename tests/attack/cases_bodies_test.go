//go:build linux

package attack

// bodies are requests where one would not look for them.
func bodies() family {
	long := req("POST /open/a", "Content-Length: 46") + hidden
	return family{"Bodies and pipelines", "A request in a body is a body; a request behind one is a request; one behind the end is nothing.", []attack{
		{name: "a GET with a body", send: req("GET /open/a", "Content-Length: 46") + hidden, want: passed("GET /open/a").body(hidden)},
		{name: "a HEAD with a body", send: req("HEAD /open/a", "Content-Length: 46") + hidden, want: passed("HEAD /open/a").body(hidden)},
		{name: "an OPTIONS with a body", send: req("OPTIONS /open/a", "Content-Length: 46") + hidden, want: passed("OPTIONS /open/a").body(hidden)},
		{name: "a POST that holds a request", send: long, want: passed("POST /open/a").body(hidden)},
		{name: "the same to a route that does not exist", send: req("POST /none", "Content-Length: 46") + hidden, want: turnedAway("404")},
		{name: "the same without the key", send: req("POST /keyed/a", "Content-Length: 46") + hidden, want: turnedAway("401")},
		{name: "the same with Expect", send: req("POST /none", "Content-Length: 46", "Expect: 100-continue") + hidden, want: refused("404")},
		{name: "Expect, and the route is there", send: req("POST /open/a", "Content-Length: 46", "Expect: 100-continue") + hidden, want: passed("POST /open/a").body(hidden).without("Expect"), haproxy: "passes Expect on, and the target's 100 back; twohop answers it"},
		{name: "Expect of something else", send: req("POST /open/a", "Content-Length: 5", "Expect: a-miracle") + "hello", want: refused("417"), nginx: "passes over an expectation that it does not know; RFC 9110, section 10.1.1, allows both", haproxy: "passes on an expectation that it does not know; RFC 9110, section 10.1.1, allows both"},
		{name: "Expect in a GET without a body", send: req("GET /open/a", "Expect: 100-continue"), want: passed("GET /open/a").without("Expect"), haproxy: "passes Expect on"},
		{name: "two requests at once", send: req("GET /open/a") + hidden, want: passed("GET /open/a").then("GET /open/hidden")},
		{name: "a request behind Connection: close", send: req("GET /open/a", "Connection: close") + hidden, want: passed("GET /open/a").close()},
		{name: "a request behind a refused one", send: req("GET /open/a", "X : y") + hidden, want: refused("400")},
		{name: "a request behind one of HTTP/1.0", send: head("GET /open/a HTTP/1.0", "Host: localhost") + hidden, want: passed("GET /open/a").close(), haproxy: passesVersion},
		{name: "a body announced larger than the route takes", send: req("POST /open/a", "Content-Length: 104857601") + "hello", half: true, want: refused("413")},
		{name: "half a head", send: "GET /open/a HTTP/1.1\r\nHost: local", half: true, want: refused("400 or -")},
	}}
}
