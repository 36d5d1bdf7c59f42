package proxy

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"twohop/callers"
	"twohop/internal/fault"
	"twohop/routes"
)

// dispatch finds the route and the caller's way on it.
func (c *call) dispatch() error {
	if f := wellFormed(c); f != nil {
		if c.r.ProtoMajor == 1 {
			f = f.With("Connection", "close") // what follows a doubtful request is not read as one
		}
		return f
	}
	if f := c.atTheDoor(); f != nil {
		return f
	}
	if c.unclear != nil {
		return c.unclear
	}
	r := c.tree.find(hostname(c.r.Host), c.r.URL.Path, &c.match)
	if r == nil {
		return c.noRoute()
	}
	c.route = r
	c.head, c.rest = c.r.URL.EscapedPath(), ""
	if r.pattern.Prefix {
		c.head, c.rest = split(c.r.URL.EscapedPath(), c.match.depth)
	}
	name := c.who.Name
	switch {
	case r.open:
		name = routes.Anyone
	case c.whoErr != nil:
		return challenged(c.whoErr)
	case name == "":
		return challenged(fault.New(fault.NoCredential, "the route asks for a credential and the call carries none"))
	}
	if r.unavailable != "" {
		return fault.New(fault.RouteUnavailable, "a secret or a file that the route needs is missing").Because(errors.New(r.unavailable))
	}
	w := r.ways[name]
	if w == nil {
		return fault.New(fault.CallerNotAllowed, "caller %s is not on this route's list", name)
	}
	c.way = w
	if !w.ends.IsZero() && !c.start.Before(w.ends) {
		return fault.New(fault.ExceptionExpired, "exception %s ended with %s (UTC)", w.exception, w.ends.AddDate(0, 0, -1).Format("2006-01-02"))
	}
	c.body.max.Store(r.maxBody)
	if c.r.ContentLength > r.maxBody {
		return tooLarge(r.maxBody)
	}
	if r.translation != nil {
		return c.choose()
	}
	return nil
}

func wellFormed(c *call) *fault.Fault {
	switch r := c.r; {
	case r.URL.Host != "" || r.URL.Scheme != "":
		return fault.New(fault.BadRequest, "the request names an absolute URI; this broker is not a forward proxy")
	case r.RequestURI == "*" || r.Method == "CONNECT":
		return fault.New(fault.BadRequest, "the request is not for a path on this host")
	case r.Method == "TRACE":
		return fault.New(fault.MethodNotAllowed, "TRACE is not served")
	case strings.ContainsFunc(r.RequestURI, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '#' }):
		return fault.New(fault.BadRequest, "the request target holds a space, a # or a control character")
	case !oneLength(r):
		return fault.New(fault.BadRequest, "the header field Content-Length is no number, or is there more than once")
	case slices.ContainsFunc(r.Header["Host"], func(host string) bool { return !strings.EqualFold(host, r.Host) }):
		return fault.New(fault.BadRequest, "host and :authority differ") // RFC 9113, section 8.3.1
	case !oneHost(r.Host):
		return fault.New(fault.BadRequest, "the host is no name or address with a port")
	}
	return canonical(c.r.URL)
}

// oneLength reports whether a Content-Length is what net/http took it for. Over HTTP/2 it
// takes the first of several, and for what is no number nothing.
func oneLength(r *http.Request) bool {
	switch lengths := r.Header["Content-Length"]; len(lengths) {
	case 0:
		return true
	case 1:
		n, err := strconv.ParseInt(lengths[0], 10, 64)
		return err == nil && n == r.ContentLength
	}
	return false
}

// oneHost reports whether a Host field is a host with at most one port (RFC 9110, section
// 7.2). That it is there is for the routes to ask.
func oneHost(host string) bool {
	name, port := host, ""
	if at := strings.LastIndexByte(host, ':'); at > strings.IndexByte(host, ']') {
		name, port = host[:at], host[at+1:]
	}
	if strings.Trim(port, "0123456789") != "" || strings.ContainsAny(name, "@/?#,\\ ") {
		return false
	}
	if strings.HasPrefix(name, "[") {
		return net.ParseIP(strings.TrimSuffix(name[1:], "]")) != nil && strings.HasSuffix(name, "]")
	}
	return !strings.ContainsAny(name, "[]:")
}

func (c *call) noRoute() *fault.Fault {
	if len(c.match.methods) == 0 {
		return fault.New(fault.NoRoute, "no route matches this host, path and SOAPAction")
	}
	slices.Sort(c.match.methods)
	f := fault.New(fault.MethodNotAllowed, "the routes for this path do not take %s", c.r.Method).
		With("Allow", strings.Join(slices.Compact(c.match.methods), ", "))
	if near := c.match.near; near.translation != nil {
		f.Fix = near.howToCall("OPERATION")
	}
	return f
}

// challenged adds the challenge that a 401 must carry (RFC 9110, section 15.5.2).
func challenged(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	return f.With("WWW-Authenticate", callers.Challenge)
}

func tooLarge(most int64) *fault.Fault {
	return fault.New(fault.BodyTooLarge, "the request body is longer than the %d bytes that this route takes", most)
}

// hostname returns the host of a Host header in lower case, without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else {
		host = strings.Trim(host, "[]")
	}
	host = strings.TrimSuffix(host, ".")
	for i := range len(host) {
		if 'A' <= host[i] && host[i] <= 'Z' {
			return strings.ToLower(host)
		}
	}
	return host
}
