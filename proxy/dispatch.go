package proxy

import (
	"errors"
	"net"
	"slices"
	"strings"

	"twohop/callers"
	"twohop/internal/fault"
	"twohop/routes"
)

// dispatch finds the route and the caller's way on it.
func (c *call) dispatch() error {
	if f := wellFormed(c); f != nil {
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
	}
	return canonical(c.r.URL)
}

func (c *call) noRoute() *fault.Fault {
	if len(c.match.methods) == 0 {
		return fault.New(fault.NoRoute, "no route matches this host, path and SOAPAction")
	}
	slices.Sort(c.match.methods)
	return fault.New(fault.MethodNotAllowed, "the routes for this path do not take %s", c.r.Method).
		With("Allow", strings.Join(slices.Compact(c.match.methods), ", "))
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
