package routes

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
)

// mostKept is the longest body that may be kept.
const mostKept = 1 << 20

// level checks what a policy keeps of its calls; route says that it is a route's.
func (c *checker) level(path string, p *Policy, route bool) {
	if max := path + ".audit.bodies.max"; (p.Audit.Bodies.Max == 0 || p.Audit.Bodies.Max > mostKept) && c.has(max) {
		c.fail(max, "is not between 1B and 1MiB", "write a size in between, for example 64KiB")
	}
	if !route {
		return
	}
	at := path + ".audit.level"
	switch {
	case !c.complete(path + ".audit"):
	case p.Audit.Level == "headers" && len(p.Audit.Headers) == 0:
		c.fail(at, "is headers, and no header is named", "list some under headers, or write metadata")
	case p.Audit.Level == "bodies" && p.Data == "card":
		c.fail(at, "keeps bodies, which a route with data: card must not", "write headers or metadata")
	case p.Audit.Level == "bodies" && len(p.Audit.Bodies.Types) == 0:
		c.fail(at, "keeps bodies, and bodies.types names none", "list media types, or write headers or metadata")
	case p.Audit.Level == "bodies" && len(c.Audit.Reviewers) == 0 && c.complete("audit.reviewers"):
		c.fail(at, "keeps bodies that nobody could read", "list public keys under audit.reviewers; age-keygen makes them")
	}
}

// cardData checks the targets of a route whose calls carry card data: a hop that needs an
// exception stays within the private network, which only an address can say.
func (c *checker) cardData(path string, r *Route) {
	if r.Data != "card" {
		return
	}
	targets := c.targetsOf(r)
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		x := targets[name]
		if x.Exception == "" {
			continue
		}
		for _, address := range x.Addresses() {
			u, err := url.Parse(address)
			if err != nil {
				continue // reported
			}
			if addr, err := netip.ParseAddr(u.Hostname()); err == nil && (addr.IsPrivate() || addr.IsLoopback()) || isLoopback(u.Hostname()) {
				continue
			}
			c.fail(path+".data", "is card, and target "+either(name, "of the route")+" has an exception for "+u.Host+", which is no private address",
				"write the target's private IP address in url (tls.server_name holds its name), or remove the exception")
		}
	}
}
