package routes

import (
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// mostSinks bounds what shipping costs; each reads the log by itself.
const mostSinks = 8

func (c *checker) sinks() {
	seen := map[string]string{}
	if len(c.Audit.Sinks) > mostSinks {
		c.fail("audit.sinks", "has more than "+strconv.Itoa(mostSinks)+" sinks", "let one of the receivers pass the log on")
	}
	for i := range c.Audit.Sinks {
		s, path := &c.Audit.Sinks[i], index("audit.sinks", i)
		if s.Name != "" {
			c.name(path+".name", s.Name)
			if first, dup := seen[strings.ToLower(s.Name)]; dup { // it names a file, and not every system tells case apart
				c.fail(path+".name", strconv.Quote(s.Name)+" is "+first+" again", "give each sink a name of its own")
			}
			seen[strings.ToLower(s.Name)] = strconv.Quote(s.Name)
		}
		if (s.Syslog == nil) == (s.OTLP == nil) && c.complete(path) {
			c.fail(path, "is not one receiver", "write either syslog or otlp under it")
		}
		if s.Syslog != nil {
			c.syslog(path+".syslog", s.Syslog)
		}
		if s.OTLP != nil {
			c.otlp(path+".otlp", s.OTLP)
		}
	}
}

func (c *checker) syslog(path string, s *Syslog) {
	if s.EnterpriseNumber < 1 || s.EnterpriseNumber > math.MaxUint32 {
		c.fail(path+".enterprise_number", strconv.Itoa(s.EnterpriseNumber)+" is no enterprise number", "write the one that IANA gave you, or remove the key")
	}
	c.sinkTLS(path, &s.SinkTLS, s.Plain, "plain: true")
	host, _, err := net.SplitHostPort(s.Address)
	switch {
	case s.Address == "":
	case err != nil || !isHostPort(s.Address):
		c.fail(path+".address", strconv.Quote(s.Address)+" is not host:port", `write "siem.example:6514"`)
	case s.Plain && !isLoopback(host):
		c.fail(path+".plain", "the log would leave this machine in clear", "remove it; for a receiver without TLS, run a relay on this machine")
	}
}

// otlpHeaders are written by the broker.
var otlpHeaders = map[string]bool{"Content-Type": true, "Content-Encoding": true, "User-Agent": true}

func (c *checker) otlp(path string, o *OTLP) {
	c.headers(path+".headers", Headers{Set: o.Headers.Set})
	for name := range o.Headers.Set {
		if otlpHeaders[http.CanonicalHeaderKey(name)] {
			c.fail(join(path+".headers.set", name), http.CanonicalHeaderKey(name)+" is the broker's own", "remove it")
		}
	}
	var u *url.URL
	if o.URL != "" {
		u = c.url(path+".url", o.URL)
	}
	if u == nil {
		return
	}
	c.sinkTLS(path, &o.SinkTLS, u.Scheme == "http", "a plain http url")
	switch {
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		c.fail(path+".url", "the log would leave this machine in clear", "write https; for a receiver without TLS, run a collector on this machine")
	case u.RawQuery != "" || u.ForceQuery:
		c.fail(path+".url", "has a query", "remove it; a key belongs into headers: {set: {NAME: \"${file:PATH}\"}}")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/v1/logs"):
		c.fail(path+".url", "ends with /v1/logs, which is added to it", "remove that part")
	}
}

func (c *checker) sinkTLS(path string, t *SinkTLS, plain bool, why string) {
	if plain {
		for key, given := range map[string]bool{"ca": t.CA != "", "server_name": t.ServerName != "", "certificate": t.Certificate != nil} {
			if given {
				c.fail(path+"."+key, "has no meaning beside "+why, "remove it")
			}
		}
		return
	}
	if t.ServerName != "" && !isHost(t.ServerName) {
		c.fail(path+".server_name", strconv.Quote(t.ServerName)+" is not a host name", "write the name that the certificate carries")
	}
}
