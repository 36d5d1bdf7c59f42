package proxy

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"twohop/callers"
)

// hopByHop fields belong to one connection (RFC 9110, section 7.6.1); Upgrade is
// among them, so no caller can switch protocols at the target but on a route that
// allows it.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// ownRequest fields end at the broker: credentials for the first hop, what the broker
// answers itself, and what would let a caller claim another address.
var ownRequest = map[string]bool{
	callers.Header: true, "Authorization": true, "Proxy-Authorization": true, "Expect": true, "Traceparent": true,
	"Forwarded": true, "Proxy": true, "X-Real-Ip": true, "X-Original-Url": true, "X-Rewrite-Url": true,
}

func endsHere(name string) bool { return ownRequest[name] || strings.HasPrefix(name, "X-Forwarded-") }

// stripTwins removes fields with an underscore or a dot that CGI, PHP and WSGI would take
// for one that the caller has no say in: they read X_User and X-User alike.
func (c *call) stripTwins(h http.Header) {
	for name := range h {
		if strings.ContainsAny(name, "_.") && c.reserved(http.CanonicalHeaderKey(dashes.Replace(name))) {
			delete(h, name)
		}
	}
}

var dashes = strings.NewReplacer("_", "-", ".", "-")

// reserved reports whether the caller has no say in a field: it ends here, frames the
// message, or the route or the target set or remove it.
func (c *call) reserved(name string) bool {
	return endsHere(name) || slices.Contains(hopByHop, name) || name == "Host" || name == "Content-Length" ||
		c.way.headers.names(name) || c.route.request.names(name)
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
	if op := c.errand.operation; op != nil {
		op.declare(out)
	}
	c.way.headers.apply(out)
	c.route.request.apply(out)
	if c.upgrades() {
		out["Connection"], out["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	}
	spell(out, c.way.spelled)
	return out
}

// aboutRequest are the fields that say something of the caller's body or answer, which
// are not the target's.
var aboutRequest = []string{"Accept", "Accept-Charset", "Accept-Encoding", "Content-Encoding", "Content-Language", "Content-Disposition", "Content-Md5", "Content-Digest",
	"Repr-Digest", "Digest", "Want-Digest", "Want-Content-Digest", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range", "Soapaction", "Mime-Version"}

// declare makes h the header of the operation's request.
func (o *operation) declare(h http.Header) {
	for _, name := range aboutRequest {
		delete(h, name)
	}
	contentType, action := o.RequestHeader()
	media, _, _ := strings.Cut(contentType, ";")
	h["Content-Type"], h["Accept"], h["Accept-Encoding"] = []string{contentType}, []string{media}, []string{"identity"}
	if action != "" {
		h["Soapaction"] = []string{action}
	}
}

// usual spellings differ from Go's; some old targets know only these.
var usual = []spelling{{"Soapaction", "SOAPAction"}, {"Mime-Version", "MIME-Version"}}

// spell renames fields to how they are to be written.
func spell(h http.Header, how []spelling) {
	for _, s := range how {
		if values, ok := h[s.name]; ok {
			delete(h, s.name)
			h[s.written] = values
		}
	}
}

// spellings puts lists together; the last that names a field counts. Go's own way of
// writing it is left out.
func spellings(lists ...[]spelling) []spelling {
	last := map[string]string{}
	for _, s := range slices.Concat(lists...) {
		last[s.name] = s.written
	}
	var out []spelling
	for _, name := range slices.Sorted(maps.Keys(last)) {
		if last[name] != name {
			out = append(out, spelling{name, last[name]})
		}
	}
	return out
}

// upgrades reports whether the caller asks for a WebSocket (RFC 6455, section 4.1) on a
// route that allows it.
func (c *call) upgrades() bool {
	r := c.r
	return c.route.websocket && r.ProtoMajor == 1 && r.ProtoAtLeast(1, 1) && r.Method == http.MethodGet && r.ContentLength == 0 &&
		httpguts.HeaderValuesContainsToken(r.Header["Connection"], "upgrade") &&
		len(r.Header["Upgrade"]) == 1 && strings.EqualFold(r.Header["Upgrade"][0], "websocket")
}

// trailer returns the fields of t that may be passed on: none that would matter before the
// body (RFC 9110, section 6.5.1), to somebody who merges a trailer into the header.
func trailer(t http.Header, barred func(name string) bool) http.Header {
	out := http.Header{}
	for name, values := range t {
		if httpguts.ValidTrailerHeader(name) && !slices.Contains(early, name) && !strings.ContainsAny(name, "_.") && !barred(name) {
			out[name] = values
		}
	}
	return out
}

// early fields would matter before the body, beside those of httpguts.
var early = []string{"Cookie", "Set-Cookie", "Soapaction"}

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
	spell(to, c.route.response.spelled)
	if _, ok := to["Content-Type"]; !ok {
		to["Content-Type"] = nil // or net/http guesses one
	}
}

// clearHeader takes back the header of an answer that is not the last.
func (c *call) clearHeader() {
	h := c.w.Header()
	clear(h)
	h["X-Correlation-Id"] = []string{c.trace.id}
}
