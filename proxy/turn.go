package proxy

import (
	"net/url"
	"slices"
	"strings"
)

// turn rewrites a place at the target (Location) to the same place at the front door,
// so that a caller that follows it comes back through the broker. Places elsewhere
// stay as they are.
func (c *call) turn(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	switch {
	case u.Host == "" && !strings.HasPrefix(u.Path, "/"):
		return location // relative to the call's own path
	case u.Host != "" && (u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || !c.atTarget(u)):
		return location
	}
	out := "https://" + c.r.Host + c.turnPath(u.EscapedPath())
	if u.RawQuery != "" {
		out += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		out += "#" + u.EscapedFragment()
	}
	return out
}

// atTarget reports whether u is on the target's host. A target behind TLS often
// writes http, and another port, into its own addresses; the name decides.
func (c *call) atTarget(u *url.URL) bool {
	if c.way.hostPolicy == "caller" && strings.EqualFold(u.Hostname(), hostname(c.r.Host)) {
		return true
	}
	return slices.Contains(c.way.hosts, strings.ToLower(u.Hostname())) || c.way.hostPolicy != "target" && strings.EqualFold(u.Host, c.way.hostPolicy)
}

// turnPath turns a path at the target into the caller's: what stands before the rest
// at the target becomes what stood before it in the call. Other paths are left.
func (c *call) turnPath(path string) string {
	base := strings.TrimSuffix(c.base, "/")
	if rest, ok := strings.CutPrefix(path, base); ok && (rest == "" || rest[0] == '/') {
		if !c.route.pattern.Prefix && rest != "" {
			return path // beyond what an exact route reaches
		}
		return c.head + rest
	}
	return path
}

// turnCookie makes a cookie of the target one of the front door: for its host alone,
// for the path at which the caller reaches the target, over TLS only (RFC 6265,
// section 4.1.2). The value stays byte for byte.
func (c *call) turnCookie(cookie string) string {
	parts := strings.Split(cookie, ";")
	out := parts[0]
	secure := false
	for _, attr := range parts[1:] {
		name, value, _ := strings.Cut(attr, "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "domain":
			continue
		case "secure":
			secure = true
		case "path":
			switch path := strings.TrimSpace(value); {
			case path != "/":
				attr = " Path=" + c.turnPath(path)
			case c.route.pattern.Prefix && c.head != "":
				attr = " Path=" + c.head // not to the targets of other routes
			}
		}
		out += ";" + attr
	}
	if !secure {
		out += "; Secure"
	}
	return out
}
