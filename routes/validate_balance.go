package routes

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxURLs keeps the choice between endpoints cheap.
const maxURLs = 32

// urls checks url or urls and returns those of which something can be said, none when
// one of them is wrong.
func (c *checker) urls(path string, x *Target) []*url.URL {
	single, several := c.has(path+".url"), c.has(path+".urls")
	switch {
	case !c.complete(path+".url", path+".urls"):
		return nil
	case !single && !several:
		c.reject(path+".url", "is missing", "add url: Address of the service, or urls: with those of its endpoints")
		return nil
	case single && several:
		c.reject(path+".urls", "stands beside url", "write either url, or urls")
		return nil
	case single:
		if u := c.url(path+".url", x.URL); u != nil {
			return []*url.URL{u}
		}
		return nil
	}
	at := path + ".urls"
	if n := len(x.URLs); n == 0 || n > maxURLs {
		c.reject(at, "has "+strconv.Itoa(n)+" entries", "list 1 to "+strconv.Itoa(maxURLs)+" addresses")
		return nil
	}
	var urls []*url.URL
	seen := map[string]int{}
	for i, text := range x.URLs {
		u := c.url(index(at, i), text)
		if u == nil {
			continue
		}
		if first, dup := seen[hostPort(u)]; dup {
			c.fail(index(at, i), "is the same host and port as "+index("urls", first), "remove one")
		}
		seen[hostPort(u)] = i
		urls = append(urls, u)
		if what := differs(urls[0], u); what != "" {
			c.fail(index(at, i), "differs from the first in its "+what+", and a call must mean the same at each", "write the same "+what+", or make it a target of its own")
		}
	}
	mixed := slices.ContainsFunc(urls, func(u *url.URL) bool { return u.Scheme != urls[0].Scheme })
	if mixed || len(urls) < len(x.URLs) {
		return nil
	}
	return urls
}

// differs names the part in which two endpoints differ and must not.
func differs(a, b *url.URL) string {
	switch {
	case a.Scheme != b.Scheme:
		return "scheme"
	case strings.TrimSuffix(a.EscapedPath(), "/") != strings.TrimSuffix(b.EscapedPath(), "/"):
		return "path"
	case a.RawQuery != b.RawQuery:
		return "query"
	}
	return ""
}

// given returns the path of the key that holds the target's addresses.
func (c *checker) given(path string, x *Target) string {
	if len(x.URLs) > 0 {
		return path + ".urls"
	}
	return path + ".url"
}

// balancing checks what chooses between endpoints and judges them.
func (c *checker) balancing(path string, x *Target) {
	if !c.has(path+".urls") && c.readable(c.spot(path+".url")) {
		for _, key := range []string{".balance", ".slow_start", ".health.passive", ".health.max_ejected"} {
			if c.has(path + key) {
				c.warn(path+key, "has no meaning for a target with one url", "remove it, or list urls")
			}
		}
	}
	health, passive, circuit := path+".health", path+".health.passive", path+".circuit_breaker"
	c.percent(health+".max_ejected", x.Health.MaxEjected)
	c.percent(passive+".failure_percent", x.Health.Passive.FailurePercent)
	c.percent(circuit+".failure_percent", x.CircuitBreaker.FailurePercent)
	c.statuses(passive+".statuses", x.Health.Passive.Statuses)
	c.positive(passive+".window", x.Health.Passive.Window)
	c.positive(passive+".ejection", x.Health.Passive.Ejection)
	if p := x.Health.Passive; p.MaxEjection < p.Ejection {
		c.fail(passive+".max_ejection", p.MaxEjection.String()+" is below ejection, "+p.Ejection.String(), "raise it, or lower ejection")
	}
	c.positive(circuit+".window", x.CircuitBreaker.Window)
	c.positive(circuit+".open", x.CircuitBreaker.Open)
	c.atLeastOne(circuit+".probes", x.CircuitBreaker.Probes)
	if x.Health.Active != nil {
		c.active(health+".active", x)
	}
}

func (c *checker) active(path string, x *Target) {
	a := x.Health.Active
	c.positive(path+".interval", a.Interval)
	c.positive(path+".timeout", a.Timeout)
	c.atLeastOne(path+".unhealthy_after", a.UnhealthyAfter)
	c.atLeastOne(path+".healthy_after", a.HealthyAfter)
	c.statuses(path+".statuses", a.Statuses)
	asks := a.Kind == "http" || a.Kind == "soap"
	for _, key := range []struct {
		name string
		fits bool
	}{{"path", asks}, {"statuses", a.Kind == "http"}, {"envelope", a.Kind == "soap"}, {"soap_action", a.Kind == "soap" && a.Envelope != ""}} {
		if at := path + "." + key.name; !key.fits && c.has(at) && c.complete(path+".kind", path+".envelope") {
			c.fail(at, "has no meaning for this check of kind "+a.Kind, "remove it, or choose another kind")
		}
	}
	if strings.Contains(a.SOAPAction, `"`) {
		c.fail(path+".soap_action", "holds a quote", "write the action without its quotes")
	}
	if a.Kind == "tls" && strings.HasPrefix(x.Addresses()[0], "http:") {
		c.fail(path+".kind", "is tls, and the target speaks plain http", "write tcp, http or soap")
	}
	if u, err := url.ParseRequestURI(a.Path); a.Path != "" && (err != nil || u.Host != "" || !strings.HasPrefix(a.Path, "/") || strings.Contains(a.Path, "#")) {
		c.fail(path+".path", strconv.Quote(a.Path)+" is not a path", "start with a slash; a query may follow")
	}
}

func (c *checker) percent(path string, n int) {
	if n > 100 {
		c.fail(path, strconv.Itoa(n)+" is more than 100 percent", "write 0 to 100")
	}
}

func (c *checker) atLeastOne(path string, n int) {
	if n == 0 && c.has(path) {
		c.fail(path, "is 0", "write 1 or more")
	}
}

func (c *checker) statuses(path string, list []int) {
	for i, status := range list {
		switch {
		case status < 200 || status > 599:
			c.fail(index(path, i), strconv.Itoa(status)+" is not a status that ends a call", "write 200 to 599")
		case slices.Contains(list[:i], status):
			c.fail(index(path, i), strconv.Itoa(status)+" is listed twice", "remove one")
		}
	}
}
