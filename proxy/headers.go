package proxy

import (
	"net/http"
	"net/textproto"
	"strings"

	"twohop/callers"
)

// hopByHop fields belong to one connection (RFC 9110, section 7.6.1); Upgrade is
// among them, so no caller can switch protocols at the target.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// ownRequest fields end at the broker: credentials for the first hop, what the broker
// answers itself, and what would let a caller claim another address.
var ownRequest = map[string]bool{
	callers.Header: true, "Authorization": true, "Proxy-Authorization": true, "Expect": true, "Traceparent": true,
	"Forwarded": true, "X-Real-Ip": true, "X-Original-Url": true, "X-Rewrite-Url": true,
}

func endsHere(name string) bool { return ownRequest[name] || strings.HasPrefix(name, "X-Forwarded-") }

// stripTwins removes fields with an underscore that CGI, PHP and WSGI would take for one
// that ends here or that the broker sets: they read X_User and X-User alike.
func (c *call) stripTwins(h http.Header) {
	for name := range h {
		if !strings.Contains(name, "_") {
			continue
		}
		twin := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
		if endsHere(twin) || c.way.headers.names(twin) || c.route.request.names(twin) {
			delete(h, name)
		}
	}
}

// requestHeader returns the header for the target.
func (c *call) requestHeader() http.Header {
	out := make(http.Header, len(c.r.Header)+2)
	for name, values := range c.r.Header {
		if !endsHere(name) {
			out[name] = values
		}
	}
	stripHopByHop(out)
	c.stripTwins(out)
	out["Traceparent"] = []string{c.trace.parent()}
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = []string{""} // or net/http writes its own name
	}
	c.way.headers.apply(out)
	c.route.request.apply(out)
	return out
}

// stripHopByHop removes the fields of one connection and those that Connection names.
func stripHopByHop(h http.Header) {
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			if name = textproto.TrimString(name); name != "" {
				delete(h, http.CanonicalHeaderKey(name))
			}
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
}

// answerHeader copies the target's header to the caller: what belongs to one
// connection left out, places and cookies turned to the front door.
func (c *call) answerHeader(from http.Header) {
	to := c.w.Header()
	stripHopByHop(from)
	for name, values := range from {
		switch name {
		case "X-Correlation-Id":
			continue
		case "Location", "Content-Location":
			for i := range values {
				values[i] = c.turn(values[i])
			}
		case "Set-Cookie":
			for i := range values {
				values[i] = c.turnCookie(values[i])
			}
		}
		to[name] = values
	}
	c.route.response.apply(to)
	if _, ok := to["Content-Type"]; !ok {
		to["Content-Type"] = nil // or net/http guesses one
	}
}
