package proxy

import (
	"net/url"
	"strings"
)

// redirect makes a message that says that it is for the front door say that it is for the
// target: WCF takes no other (WS-Addressing's wsa:To).
func (c *call) redirect() {
	if c.message == nil {
		return
	}
	before := len(c.body.ahead)
	c.body.ahead = c.message.Redirect(c.body.ahead, c.towards)
	c.grown = len(c.body.ahead) - before
}

// towards turns a place of this route at the front door to the same place at the target.
func (c *call) towards(place string) string {
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || hostname(u.Host) != hostname(c.r.Host) {
		return place
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), c.head)
	if !ok || rest != "" && (rest[0] != '/' || !c.route.pattern.Prefix) {
		return place
	}
	host := c.host()
	if host == "" {
		host = c.way.host
	}
	out := c.way.scheme + "://" + host + splice(c.base, rest)
	if u.RawQuery != "" {
		out += "?" + u.RawQuery
	}
	return out
}
